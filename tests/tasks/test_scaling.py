"""The scaling of vectors against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal

from sk_jae.tasks.scaling import LINEAR_RANGE, scaling_of, scaling_of_signals
from sk_jae.training.reading import to_module
from tests.helpers.scaling import scaled, vector_layout

CPU = torch.device("cpu")


def samples(n=60, seed=0):
    return np.random.default_rng(seed).normal(size=(n, 5)) * [1, 2, 3, 4, 5] + 7


@pytest.mark.parametrize("n", [1, 2, 60, 9000])
def test_mean_and_spread_are_those_of_numpy(n):
    x = samples(n)
    scaling = scaling_of(x)
    assert_allclose(scaling.mean, x.mean(0), rtol=1e-12)
    assert_allclose(scaling.spread, x.std(0), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_the_scaling_of_signals_is_one_for_a_channel(unit):
    x = np.random.default_rng(0).normal(size=(30, 3, 20)) * [[1], [20], [0]] + 7
    with np.errstate(all="raise", under="ignore"):
        scaling = scaling_of_signals(unit * x)
    mean, spread = x.mean((0, 2)), x.std((0, 2))
    assert_allclose(scaling.mean.reshape(3, 20) / unit, np.outer(mean, np.ones(20)))
    assert_allclose(
        scaling.spread.reshape(3, 20) / unit,
        np.outer(spread, np.ones(20)),
        rtol=1e-9,
        atol=1e-12,
    )
    assert (scaling.spread[40:] == 0).all()


@pytest.mark.parametrize("unit", [1e-300, 1e-12, 1.0, 1e18, 1e300])
@pytest.mark.parametrize("offset", [0.0, 3.0, -1e6])
def test_units_and_offsets_do_not_change_what_the_module_sees(unit, offset):
    x = samples()
    there = unit * (x + offset)
    with np.errstate(all="raise", under="ignore"):
        layout = vector_layout(there)
    found = to_module(there, layout, CPU, layout_tensors(layout)).numpy()
    assert_allclose(found, scaled(x), rtol=1e-5, atol=1e-6)


def layout_tensors(layout):
    scaling = layout.scaling
    return torch.from_numpy(scaling.mean), torch.from_numpy(scaling.factor)


@pytest.mark.parametrize(
    "dtype", ["bool", "uint8", "int64", "uint16", "float16", "float32", ">f8"]
)
def test_samples_of_every_dtype_are_scaled_alike(dtype):
    x = np.random.default_rng(0).integers(0, 2, size=(20, 4)).astype(dtype)
    layout = vector_layout(x)
    found = to_module(x, layout, CPU, layout_tensors(layout))
    assert found.dtype == torch.float32
    assert_allclose(found.numpy(), scaled(x.astype(np.float64)), atol=1e-6)


@pytest.mark.parametrize("value", [0.0, 0.1, -5.0, 1e18, 1e-300])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_constant_column_becomes_zero_and_comes_back(value, dtype):
    x = samples().astype(dtype)
    x[:, 2] = value
    layout = vector_layout(x)
    assert layout.scaling.spread[2] == 0
    later = x.copy()
    later[:, 2] = 3
    found = to_module(later, layout, CPU, layout_tensors(layout)).numpy()
    assert_array_equal(found[:, 2], 0)
    back = layout.from_module(np.ones((2, 5), np.float32))
    assert_allclose(back[:, 2], np.float32(value), rtol=1e-6)


def test_columns_that_vary_little_beside_their_mean_are_not_constant():
    x = samples() * 1e-9 + 1
    assert (scaling_of(x).spread > 0).all()
    # In float32 nothing of it is left.
    assert_array_equal(scaling_of(x.astype(np.float32)).spread, 0)


def test_heavy_tails_grow_like_a_logarithm():
    x = samples(200)
    x[0, 0], x[1, 0] = 1e6, -1e9
    layout = vector_layout(x)
    found = to_module(x, layout, CPU, layout_tensors(layout)).numpy()
    assert_allclose(found, scaled(x), rtol=1e-5, atol=1e-6)
    assert LINEAR_RANGE < -found[1, 0] < LINEAR_RANGE + 3
    assert_allclose(layout.scaling.seen(x), found, rtol=1e-5, atol=1e-6)
    far = x[:1] + 1e12
    there = to_module(far, layout, CPU, layout_tensors(layout)).numpy()
    assert (there < LINEAR_RANGE + 30).all()


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e18])
def test_undoing_gives_the_samples_back(unit):
    x = samples(200) * unit
    x[0, 0] = 50 * unit
    layout = vector_layout(x)
    back = layout.from_module(scaled(x).astype(np.float32))
    assert back.dtype == np.float32
    assert_allclose(back, x.astype(np.float32), rtol=1e-4, atol=1e-5 * unit)


def test_undone_bytes_are_bytes():
    x = np.random.default_rng(0).integers(0, 256, size=(30, 4), dtype=np.uint8)
    layout = vector_layout(x)
    back = layout.from_module(scaled(x.astype(float)).astype(np.float32))
    assert back.dtype == np.uint8
    assert_array_equal(back, x)
    extreme = layout.from_module(np.full((1, 4), 9, np.float32))
    assert_array_equal(extreme, 255)
