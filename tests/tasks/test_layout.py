"""Layouts and units of tasks, found by shape and dtype."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae.tasks import Layout
from sk_jae.tasks.layout import infer_layout


@pytest.mark.parametrize(
    ("shape", "channels", "kind", "module_shape"),
    [
        ((5, 7), "auto", "vector", (7,)),
        ((5, 6, 7), "auto", "image", (1, 6, 7)),
        ((5, 1, 6, 7), "auto", "channels_first", (1, 6, 7)),
        ((5, 3, 6, 7), "auto", "channels_first", (3, 6, 7)),
        ((5, 6, 7, 4), "auto", "channels_last", (4, 6, 7)),
        ((5, 3, 6, 3), "first", "channels_first", (3, 6, 3)),
        ((5, 3, 6, 3), "last", "channels_last", (3, 3, 6)),
        ((5, 2, 6, 7), "first", "channels_first", (2, 6, 7)),
        ((5, 2, 3, 4, 5), "auto", "vector", (120,)),
    ],
)
def test_kind_and_module_shape(shape, channels, kind, module_shape):
    layout = infer_layout(np.zeros(shape), channels, "X")
    assert layout.kind == kind
    assert layout.shape == shape[1:]
    assert layout.module_shape == module_shape
    assert layout.is_image == (kind != "vector")


@pytest.mark.parametrize(
    ("shape", "dtype", "scale"),
    [
        ((5, 6, 7), np.uint8, 1 / 255),
        ((5, 6, 7, 3), np.uint8, 1 / 255),
        ((5, 7), np.uint8, 1.0),
        ((5, 6, 7), np.int16, 1.0),
        ((5, 6, 7), np.float32, 1.0),
    ],
)
def test_only_images_of_bytes_are_scaled(shape, dtype, scale):
    assert infer_layout(np.zeros(shape, dtype), "auto", "X").scale == scale


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("vector", (2, 3, 5)),
        ("image", (5, 6)),
        ("channels_first", (3, 5, 6)),
        ("channels_last", (5, 6, 3)),
    ],
)
def test_from_module_gives_shape_and_units_back(kind, shape):
    rng = np.random.default_rng(0)
    layout = Layout(shape, kind, 1 / 255)
    values = rng.uniform(size=(2, *layout.module_shape)).astype(np.float32)
    back = layout.from_module(values)
    expected = values.transpose(0, 2, 3, 1) if kind == "channels_last" else values
    np.testing.assert_allclose(back, 255 * expected.reshape(2, *shape), rtol=1e-6)
    assert back.dtype == np.float32
    assert back.flags.c_contiguous
