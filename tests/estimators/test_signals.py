"""Signals (n, channels, time)."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.exceptions import TransferWarning
from tests.helpers.documented import documented
from tests.helpers.refusals import assert_has, refusal
from tests.helpers.small import SMALL

CONV = "Conv 4x5 stride 2, MP 2, FC 8"


def waves(n=24, channels=2, time=40, seed=0):
    """Sinus waves of one frequency per sample, with noise."""
    rng = np.random.default_rng(seed)
    frequency = rng.uniform(0.02, 0.2, (n, 1, 1))
    phase = rng.uniform(0, 6, (n, channels, 1))
    wave = np.sin(2 * np.pi * frequency * np.arange(time) + phase)
    return wave + 0.1 * rng.normal(size=wave.shape)


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        ("auto", "mirror"),
        (CONV, "mirror"),
        ("Conv 4x5 stride 2, BN, Power, BN, FC 8", "mirror"),
        ("Conv 4x5 stride 2, AP 4, Profile 2, FC 8", "FC 8, Reshape 2x4, Deconv 3x3"),
    ],
)
def test_signals_come_back_as_signals(encoder, decoder):
    X = {"a": waves(), "b": waves(15, 3, 51)}
    parameters = {**SMALL, "encoder": encoder, "decoder": decoder}
    jae = JointAutoencoder(**parameters).fit(X)
    for name, x in jae.reconstruct(X).items():
        assert x.shape == X[name].shape
        assert np.isfinite(x).all()
    assert jae.translate(X["a"], "a", "b").shape == (24, 3, 51)


def test_flat_signals_come_back_flat():
    X = waves(20, 1, 48)[:, 0]
    jae = JointAutoencoder(**{**SMALL, "encoder": CONV}, layout="signal").fit(X)
    assert jae.reconstruct(X).shape == X.shape


def test_every_channel_of_every_task_has_units_of_its_own():
    X, other = waves(30), waves(20, seed=1)
    unit, offset = np.array([[1e3], [1e-6]]), np.array([[5.0], [3.0]])
    parameters = {**SMALL, "encoder": CONV, "optimizer": "sgd"}
    plain = JointAutoencoder(**parameters).fit([X, other])
    there = [X, unit * other + offset]
    moved = JointAutoencoder(**parameters).fit(there)
    for one, two in zip(
        plain.transform([X, other]), moved.transform(there), strict=True
    ):
        np.testing.assert_allclose(two, one, atol=1e-4)
    expected = plain.reconstruct([X, other])[1]
    found = (moved.reconstruct(there)[1] - offset) / unit
    np.testing.assert_allclose(found, expected, atol=0.2)
    assert moved.score(there) == pytest.approx(plain.score([X, other]), abs=0.2)


def test_signals_are_scaled_in_validation_too():
    parameters = {**SMALL, "encoder": CONV, "early_stopping": True, "max_epochs": 30}
    jae = JointAutoencoder(**parameters).fit({"a": 1e4 * waves(200) + 3e4})
    assert jae.history_[-1]["valid_r2_a"] > jae.history_[0]["valid_r2_a"]
    assert 0 < jae.history_[-1]["valid_r2_a"] < 1


FREQUENCIES = np.array([2, 5, 9, 14])


def tones(n, n_steps, rate=64, seed=0, gain=1.0):
    """Four waveforms in noise, with their classes."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    t = np.arange(n_steps) / rate
    phase = rng.uniform(0, 6, (n, 2, 1))
    wave = np.sin(2 * np.pi * FREQUENCIES[y][:, None, None] * t + phase)
    return gain * (wave + 0.2 * rng.normal(size=wave.shape)), y


def accuracy_elsewhere(source, target, **parameters):
    (X, y), (X_other, y_other) = source, target
    clf = JointTransferClassifier(max_epochs=20, random_state=0, device="cpu")
    clf.set_params(**parameters).fit([X, X_other], [y, None])
    return float((clf.predict([None, X_other])[1] == y_other).mean())


def test_longer_windows_at_one_rate_are_read_alike():
    one, other = tones(160, 128), tones(120, 256, seed=1, gain=1e3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert accuracy_elsewhere(one, other, sampling_rate=64) > 0.95


@pytest.mark.parametrize("rates", [(64, 128), (128, 64)])
def test_the_same_windows_at_another_rate_are_read_alike(rates):
    one, other = (
        tones(140, 2 * rate, rate, seed=seed) for seed, rate in enumerate(rates)
    )
    assert accuracy_elsewhere(one, other, sampling_rate=list(rates)) > 0.95


def test_other_lengths_without_rates_are_warned_of():
    with pytest.warns(TransferWarning, match="128, 256 time steps.* sampling_rate"):
        accuracy_elsewhere(tones(40, 128), tones(40, 256), max_epochs=1)


def test_other_channels_are_warned_of_and_never_dropped():
    one, (X, y) = tones(40, 64), tones(40, 64, seed=1)
    three = np.concatenate([X, X[:, :1]], axis=1)
    with pytest.warns(TransferWarning, match=r"\(2, 64\), \(3, 64\).* Select channels"):
        accuracy_elsewhere(one, (three, y), max_epochs=1)


@pytest.mark.parametrize(
    ("augmentation", "text"),
    [("auto", "after {} % for augmented signals"), (None, "after {} % without")],
)
def test_information_maximization_starts_when_it_is_documented(augmentation, text):
    (X, y), (X_other, _) = tones(40, 64), tones(40, 64, seed=1)
    parameters = {"encoder": CONV, "augmentation": augmentation, "max_epochs": 20}
    clf = JointTransferClassifier(**SMALL | parameters)
    clf.fit([X, X_other], [y, None])
    start = 20 * documented(JointTransferClassifier, text) / 100
    assert ["train_infomax" in row for row in clf.history_] == [
        epoch >= start for epoch in range(20)
    ]
    found = ["train_consistency" in row for row in clf.history_]
    start = 20 * documented(JointTransferClassifier, "and starts after {} %") / 100
    has_it = augmentation is not None
    assert found == [has_it and epoch >= start for epoch in range(20)]


@pytest.mark.parametrize("seed", [0, 1])
def test_another_sensor_may_hear_other_frequencies_better(seed):
    (X, y), (X_other, y_other) = tones(160, 128, seed=2), tones(160, 128, seed=3)
    tilt = np.linspace(1, 30, 65) ** (-1) ** seed
    X_other = np.fft.irfft(np.fft.rfft(X_other) * tilt)
    assert accuracy_elsewhere((X, y), (X_other, y_other), random_state=seed) > 0.95


def test_labeled_signals_are_learned_by_when_something_happens():
    rng = np.random.default_rng(0)
    y = np.arange(120) % 2
    X = 0.1 * rng.normal(size=(120, 1, 80))
    places = np.where(y, 50, 15)[:, None] + np.arange(10)
    np.put_along_axis(X[:, 0], places, 1.0, axis=1)
    clf = JointTransferClassifier(max_epochs=30, random_state=0, device="cpu")
    clf.fit(X[:60], y[:60])
    assert clf.score(X[60:], y[60:]) > 0.95


@pytest.mark.parametrize("rate", [10.0, [10, 5], {"a": 10, "b": 20.5}])
def test_an_autoencoder_resamples_and_gives_back_each_tasks_own_steps(rate):
    X = {"a": waves(time=40), "b": waves(15, 2, 21)}
    jae = JointAutoencoder(**SMALL, sampling_rate=rate).fit(X)
    assert [x.shape for x in jae.reconstruct(X).values()] == [(24, 2, 40), (15, 2, 21)]
    assert jae.translate(X["b"], "b", "a").shape == (15, 2, 40)


@pytest.mark.parametrize(
    ("rate", "parameters", "fragments"),
    [
        (0, {}, ["sampling_rate", "task0", "positive"]),
        ([10, -5], {}, ["task1", "-5", "positive number"]),
        ([10, None], {}, ["task1", "None", "every task that holds signals"]),
        ([10], {}, ["1 value", "expected 2"]),
        ("10", {}, ["sampling_rate"]),
        (10, {"layout": "vector"}, ["no task holds signals", "layout='signal'"]),
        ([10, 5], {"layout": ["signal", "vector"]}, ["task1", "holds no signals"]),
        (10, {"shared_input": None}, ["shared_input='auto'", "sampling_rate=None"]),
    ],
)
def test_rates_that_mean_nothing_are_refused(rate, parameters, fragments):
    jae = JointAutoencoder(**SMALL, sampling_rate=rate, **parameters)
    assert_has(refusal(jae.fit, [waves(), waves()]), *fragments)
    assert not hasattr(jae, "_state")


def test_rates_of_tasks_without_signals_are_none():
    X = [waves(), np.random.default_rng(0).normal(size=(20, 5))]
    JointAutoencoder(**SMALL, sampling_rate=[10, None]).fit(X)
    JointAutoencoder(**SMALL, sampling_rate=10).fit(X)
