"""Signals (n, channels, time)."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import JointAutoencoder
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
