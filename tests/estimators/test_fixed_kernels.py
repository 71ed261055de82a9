"""Labeled signals, which are read by fixed kernels."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae import JointTransferClassifier, JointTransferRegressor, load
from sk_jae.nn import PositiveProportions
from tests.helpers.small import small

SIGNALS = small(encoder="auto", layout="signal", max_epochs=15, lr=0.002)


def chirps(n, time=60, channels=1, seed=0, gain=1.0):
    """Rising and falling tones at random phases, with their classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.arange(time) / 60 % 1
    t = np.where(y[:, None], t, 1 - t)
    phase = rng.uniform(0, 6, (n, 1))
    wave = np.sin(40 * t**2 + phase)[:, None].repeat(channels, axis=1)
    return gain * (wave + 0.1 * rng.normal(size=wave.shape)), y


def kernels_of(est):
    return [m for m in est.module_.modules() if isinstance(m, PositiveProportions)]


def test_one_task():
    X, y = chirps(60)
    clf = JointTransferClassifier(**SIGNALS).fit(X, y)
    assert clf.score(*chirps(80, seed=1)) > 0.9


def test_tasks_of_other_lengths_and_gains_share_the_kernels():
    tasks = [chirps(50), chirps(40, time=90, seed=1, gain=1e3)]
    X, y = map(list, zip(*tasks, strict=True))
    clf = JointTransferClassifier(**SIGNALS, shared_depth="auto").fit(X, y)
    assert len(kernels_of(clf)) == 1
    assert clf.score(X, y) > 0.9


def test_tasks_of_other_channels_have_kernels_of_their_own():
    X = [chirps(30)[0], chirps(30, channels=2)[0], chirps(20, channels=3)[0]]
    y = [chirps(30)[1]] * 2
    clf = JointTransferClassifier(**SIGNALS).fit(X[:2], y)
    before = [layer.thresholds.clone() for layer in kernels_of(clf)]
    clf.add_task(1e3 * X[2], chirps(20)[1])
    assert [m.channels.shape[2] for m in kernels_of(clf)] == [1, 2, 3]
    for layer, earlier in zip(kernels_of(clf), before, strict=False):
        assert layer.thresholds.equal(earlier)
    assert clf.score([*X[:2], 1e3 * X[2]], [*y, chirps(20)[1]]) > 0.5


def test_thresholds_are_found_in_the_samples_and_kept(tmp_path):
    X, y = chirps(40)
    parameters = {**SIGNALS, "max_epochs": 1, "warm_start": True}
    clf = JointTransferClassifier(**parameters).fit(X, y)
    (layer,) = kernels_of(clf)
    placed = layer.thresholds.clone()
    x = torch.from_numpy((X - X.mean()) / X.std()).float()
    own = layer(x)[:, : layer.thresholds.numel()]
    np.testing.assert_allclose(own.mean(0).sort().values[[0, -1]], [0, 1], atol=0.1)
    assert own.std(0).median() > 0.01
    clf.fit(X[::-1] + 1, y[::-1])
    assert kernels_of(clf)[0].thresholds.equal(placed)
    clf.save(tmp_path / "clf.jae")
    again = load(tmp_path / "clf.jae")
    assert kernels_of(again)[0].thresholds.equal(placed)
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_samples_of_weight_zero_have_no_influence():
    X, y = chirps(40)
    weight = np.repeat([1.0, 0.0], 20)
    moved = np.concatenate([X[:20], 100 * X[20:]])
    found = [
        kernels_of(
            JointTransferClassifier(**{**SIGNALS, "max_epochs": 1}).fit(
                values, y, sample_weight=weight
            )
        )[0].thresholds
        for values in (X, moved)
    ]
    assert found[0].equal(found[1])


def test_the_place_and_the_level_are_seen_too():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(120, 1, 40))
    y = np.arange(120) % 4
    X += (y // 2)[:, None, None]
    X[:, :, :20] += 2 * (y % 2)[:, None, None]
    clf = JointTransferClassifier(**SIGNALS).fit(X[:80], y[:80])
    assert clf.score(X[80:], y[80:]) > 0.9


@pytest.mark.parametrize("head", ["auto", "both"])
def test_numbers_are_predicted(head):
    rng = np.random.default_rng(0)
    y = rng.uniform(0.1, 1, 120)
    phase = rng.uniform(0, 6, (120, 1))
    X = np.sin(y[:, None] * np.arange(60) + phase)[:, None]
    parameters = {**SIGNALS, "max_epochs": 60, "head": head}
    reg = JointTransferRegressor(**parameters).fit(X[:80], y[:80])
    assert reg.score(X[80:], y[80:]) > 0.5
    assert len(reg.module_.private_heads) == (head == "both")
