"""Signals of one rate and of flat spectra, against numpy and scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.signal import resample

from sk_jae.architecture import CommonSteps, common_steps
from sk_jae.nn import CommonSignals, RandomSignal, random_signal
from sk_jae.tasks.layout_choice import infer_layout
from sk_jae.training import root_mean_power, whitening_gains
from tests.helpers.tensors import draw, random


@pytest.mark.parametrize(("time", "n_steps"), [(64, 32), (100, 61), (63, 40), (30, 30)])
def test_resampling_is_that_of_scipy(time, n_steps):
    x = random(3, 2, time)
    expected = resample(x.double().numpy(), n_steps, axis=2)
    found = CommonSignals(n_steps)(x).numpy()
    if n_steps % 2:  # scipy treats the last frequency of an even number otherwise
        np.testing.assert_allclose(found, expected, atol=1e-5)
    else:
        spectra = [
            np.fft.rfft(values)[..., : n_steps // 2] for values in (found, expected)
        ]
        np.testing.assert_allclose(*spectra, atol=1e-4)


@pytest.mark.parametrize("n_steps", [128, 64])
def test_whitened_signals_have_flat_spectra_and_the_variance_1(n_steps):
    rng = np.random.default_rng(0)
    tall = np.fft.rfft(rng.normal(size=(300, 2, 128))) * np.linspace(1, 30, 65)
    X = np.fft.irfft(tall).astype(np.float32)
    amplitude = root_mean_power(X, infer_layout(X, "signal", "X"))
    np.testing.assert_allclose(
        amplitude, np.sqrt((abs(np.fft.rfft(X)) ** 2).mean(0)), rtol=1e-4
    )
    view = CommonSignals(n_steps, whitening_gains(amplitude, n_steps))
    white = view(torch.from_numpy(X)).numpy()
    assert white.shape == (300, 2, n_steps)
    power = (abs(np.fft.rfft(white)) ** 2).mean(0)[:, 6:-6] / n_steps
    assert power.min() > 0.8
    assert power.max() < 1.2
    assert white.var() == pytest.approx(1, abs=0.1)


def test_weak_frequencies_are_not_made_strong():
    amplitude = np.ones((1, 33))
    amplitude[:, 16:] = 1e-9
    (gains,) = whitening_gains(amplitude, 64)
    assert max(gains) / min(gains) == pytest.approx(1e3, rel=0.01)
    assert np.isfinite(whitening_gains(np.zeros((1, 33)), 64)).all()


def test_steps_at_the_lowest_rate():
    assert common_steps([256, 100], [None, None]) == [256, 100]
    assert common_steps([256, 128], [128.0, 64.0]) == [128, 128]
    assert common_steps([256, 9], [64.0, None]) == [256, 9]
    assert CommonSteps(3).gains is None


class TestAugmentation:
    def test_depends_on_its_generator_alone(self):
        x = random(5, 2, 40)
        one, other = (
            random_signal(x, 0.5, mask=0.1, generator=draw(3)) for _ in range(2)
        )
        assert torch.equal(one, other)
        augment = RandomSignal(0.5, mask=0.1)
        augment.generator = draw(3)
        assert torch.equal(augment(x), one)

    def test_moves_all_channels_alike_and_not_too_far(self):
        x = torch.zeros(200, 2, 50)
        x[:, :, 25] = 100
        moved = random_signal(x, 0.2, generator=draw())
        places = moved.argmax(2)
        assert torch.equal(places[:, 0], places[:, 1])
        assert places.min() >= 15
        assert places.max() <= 35
        assert len(places[:, 0].unique()) > 15

    def test_continues_signals_by_their_reflection(self):
        x = torch.arange(8.0).reshape(1, 1, 8).repeat(50, 1, 1)
        steps = random_signal(x, 1.0, generator=draw()).diff(dim=2).abs()
        assert float(steps.max()) < 2  # no jump from one end to the other

    def test_changes_the_rate_and_nothing_else(self):
        time = torch.arange(200.0)
        x = torch.sin(0.9 * time).repeat(50, 2, 1)
        plain = {"shift": 0.0, "gain": 0.0, "noise": 0.0}
        changed = random_signal(x, **plain, rate=0.05, generator=draw())[:, :, 20:-20]
        assert torch.equal(changed[:, 0], changed[:, 1])
        # The same wave, at a frequency that is up to 5 % higher or lower.
        spectrum = torch.fft.rfft(changed[:, 0], n=20_000).abs()
        found = spectrum.argmax(1) / 20_000 * 2 * torch.pi / 0.9
        assert found.min() > 0.945
        assert found.max() < 1.055
        assert float(found.std()) == pytest.approx(0.05 / 3**0.5, rel=0.2)
        assert float(changed.square().mean()) == pytest.approx(0.5, rel=0.05)
        still = random_signal(x, **plain, rate=1e-7, generator=draw())
        assert torch.allclose(still, x, atol=1e-3)

    def test_changes_the_tone_of_each_channel_smoothly(self):
        x = random(400, 2, 255)
        changed = random_signal(
            x, 0.0, gain=0.0, tone=0.25, noise=0.0, generator=draw()
        )
        curves = (torch.fft.rfft(changed).abs() / torch.fft.rfft(x).abs()).log()
        assert float(curves.std()) == pytest.approx(0.25, rel=0.1)
        assert float(curves.diff(dim=2).std()) < 0.05  # from a frequency to the next
        one, other = curves.flatten(2).unbind(1)
        assert abs(float((one * other).mean())) < 0.01
        assert abs(float(curves.mean())) < 0.03

    def test_masks_a_stretch_of_all_channels(self):
        x = 1 + random(100, 2, 50).abs()
        masked = random_signal(x, 0.0, gain=0.0, noise=0.0, mask=0.2, generator=draw())
        gone = masked == 0
        assert torch.equal(gone[:, 0], gone[:, 1])
        assert gone[:, 0].sum(1).max() == 10
        assert gone[:, 0].diff(dim=1).sum(1).max() <= 2  # one stretch
        assert gone[:, 0].any(0).sum() > 40
        assert torch.equal(masked[~gone], x[~gone])

    def test_leaves_other_samples_alone(self):
        x = random(4, 6)
        assert random_signal(x) is x
