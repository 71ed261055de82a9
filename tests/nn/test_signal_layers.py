"""Layers for signals, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae.architecture import parse
from sk_jae.nn import BandPower, LogPower
from sk_jae.nn.builder import build_stages
from tests.helpers.tensors import draw, random


@pytest.mark.parametrize("stretches", [0, 1, 4])
def test_log_power(stretches):
    x = random(3, 2, 20)
    a = x.double().numpy()
    power, size = (a**2).mean(2) + 1e-4, abs(a).mean(2) + 1e-4
    parts = [np.log(power), np.log(size / np.sqrt(power))]
    if stretches:
        cut = a.reshape(3, 2, stretches, -1)
        parts += [cut.max(3).reshape(3, -1), cut.mean(3).reshape(3, -1)]
    expected = torch.from_numpy(np.concatenate(parts, axis=1)).float()
    torch.testing.assert_close(LogPower(stretches)(x), expected, atol=1e-5, rtol=1e-4)


def test_a_silent_channel_has_finite_values_and_gradients():
    x = torch.zeros(2, 1, 8, requires_grad=True)
    LogPower(2)(x).sum().backward()
    assert x.grad.isfinite().all()


def test_a_gain_adds_a_constant():
    x = random(4, 3, 50)
    one, other = LogPower()(x), LogPower()(10 * x)
    difference = other - one
    torch.testing.assert_close(
        difference[:, :3], torch.full((4, 3), 2 * np.log(10)).float(), atol=1e-2, rtol=0
    )
    torch.testing.assert_close(difference[:, 3:], torch.zeros(4, 3), atol=1e-2, rtol=0)


def test_band_power_is_that_of_the_spectrum():
    x = random(3, 2, 256)
    found = BandPower(16)(x)
    spectrum = np.fft.rfft(x.double().numpy() * (0.5 - 0.5 * np.cos(ROUND)))
    power = abs(spectrum) ** 2 / (256 * 3 / 8)
    # The frequencies on the edge of two bands belong to both.
    weights = np.zeros((129, 16))
    for band in range(16):
        weights[8 * band : 8 * band + 9, band] = [0.5, *[1] * 7, 0.5]
    expected = np.log(power @ weights / 8 + 1e-4).reshape(3, -1)
    np.testing.assert_allclose(found[:, :32], expected, atol=1e-4)
    np.testing.assert_allclose(found[:, -2:], x.mean(2), atol=1e-6)


ROUND = 2 * np.pi * np.arange(256) / 256


def test_bursts_are_less_even_than_noise_at_any_gain():
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(40, 1, 1024))
    bursts = noise * (np.arange(1024) % 128 < 8)
    x = torch.from_numpy(np.concatenate([noise, bursts])).float()
    for gain in (1.0, 100.0):
        evenness = BandPower(64)(gain * x)[:, 64:79]
        assert evenness[:40].mean() > evenness[40:].mean() + 0.4
        # The amplitude of noise has the distribution of Rayleigh.
        assert abs(float(evenness[:40].mean()) - np.log(np.sqrt(np.pi / 4))) < 0.03


@pytest.mark.parametrize("bands", [1, 3, 16, 64])
@pytest.mark.parametrize("time", [1, 2, 7, 300])
def test_signals_of_any_length_have_the_same_features(bands, time):
    text = f"Bands {bands}, BN"
    (stage,), shape = build_stages(parse(text), (2, time), draw())
    x = random(3, 2, time).requires_grad_()
    found = stage[0](x)
    assert found.shape[1:] == shape
    assert found.isfinite().all()
    found.sum().backward()
    assert x.grad.isfinite().all()


def test_a_longer_window_at_the_same_rate_has_the_same_bands():
    layer = BandPower(16)
    means = [layer(random(400, 1, time)).mean(0) for time in (128, 256)]
    # Bands of more frequencies have less noise, which is in the logarithm.
    torch.testing.assert_close(means[0], means[1], atol=0.25, rtol=0)
