"""Layers for signals, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae.nn import LogPower
from tests.helpers.tensors import random


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
