"""Fixed kernels and their thresholds, against numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from sk_jae.architecture import parse
from sk_jae.nn import LogPower, PositiveProportions
from sk_jae.nn.builder import build_stages
from tests.helpers.tensors import draw, random


def slow_proportions(layer, x):
    """The same, place by place and step by step."""
    time = x.shape[2]
    kernels = np.full((84, 9), -1.0)
    for k, peaks in enumerate(itertools.combinations(range(9), 3)):
        kernels[k, list(peaks)] = 2
    found = []
    buffers = layer.channels.numpy(), layer.thresholds.numpy()
    for d, dilation in enumerate(layer.dilations):
        seen, thresholds = (values[d] for values in buffers)
        steps = dilation * (np.arange(9) - 4)
        padded = np.pad(x, ((0, 0), (0, 0), (4 * dilation, 4 * dilation)))
        places = np.arange(0, time, layer.stride)
        windows = padded[:, :, (places + 4 * dilation)[:, None] + steps]
        response = np.einsum("kc,ks,ncps->nkp", seen, kernels, windows)
        within = (places >= 4 * dilation) & (places < time - 4 * dilation)
        for j in range(thresholds.shape[1]):
            above = response > thresholds[:, j, None]
            parts = [above[:, :42].mean(2), above[:, 42:].mean(2)]
            if within.any():
                own = slice(0, 42) if d % 2 == 0 else slice(42, 84)
                parts[d % 2] = above[:, own][:, :, within].mean(2)
            found += parts
    return np.concatenate(found, axis=1)


@pytest.mark.parametrize(
    ("channels", "dilation", "stride", "time"),
    [(1, 1, 1, 30), (3, 4, 1, 50), (2, 4, 4, 64), (12, 2, 1, 7)],
)
def test_proportions(channels, dilation, stride, time):
    layer = PositiveProportions(channels, 2, dilation, stride, draw())
    x = random(4, channels, time)
    layer.place([x])
    expected = slow_proportions(layer, x.double().numpy())
    found = layer(x)
    torch.testing.assert_close(
        found[:, : expected.shape[1]], torch.from_numpy(expected).float()
    )
    torch.testing.assert_close(found[:, expected.shape[1] :], LogPower(8)(x))


def test_every_kernel_sees_some_channels():
    seen = PositiveProportions(20, 1, 8, 1, draw()).channels.sum(2)
    assert seen.min() == 1
    assert seen.max() == 9
    assert PositiveProportions(1, 1, 8, 1, draw()).channels.all()


def test_thresholds_are_quantiles_of_responses():
    layer = PositiveProportions(1, 3, 2, 1, draw())
    noise = random(200, 1, 60)
    at_first = layer(noise)[:, : 2 * 84 * 3]
    layer.place([100 * noise[:90], 100 * noise[90:, :, :40]])
    placed = layer(100 * noise)[:, : 2 * 84 * 3]
    # White noise is what the first thresholds are made for.
    torch.testing.assert_close(placed.mean(0), at_first.mean(0), atol=0.05, rtol=0)
    proportions = placed.mean(0).sort().values
    evenly = torch.linspace(0, 1, len(proportions))
    torch.testing.assert_close(proportions, evenly, atol=0.05, rtol=0)


def test_there_is_no_relu_behind_the_batch_normalization():
    (stage,), shape = build_stages(parse("PPV 1x1, BN, FC 3"), (2, 20), draw())
    names = [type(module).__name__ for module in stage]
    assert names == ["PositiveProportions", "TaskBatchNorm", "FlattenLinear", "ReLU"]
    assert shape == (3,)


def test_the_precision_of_autocast_changes_nothing():
    layer, x = PositiveProportions(1, 4, 4, 1, draw()), random(8, 1, 50)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = layer(x)
    torch.testing.assert_close(found, layer(x), rtol=0, atol=0)
