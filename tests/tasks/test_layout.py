"""Layouts and units of tasks, found by shape and dtype."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae.tasks import Layout
from sk_jae.tasks.layout_choice import infer_layout
from sk_jae.training.reading import to_module
from tests.helpers.refusals import assert_has, refusal


@pytest.mark.parametrize(
    ("shape", "choice", "kind", "module_shape"),
    [
        ((5, 7), "auto", "vector", (7,)),
        ((5, 6, 7), "auto", "image", (1, 6, 7)),
        ((5, 9, 6), "auto", "image", (1, 9, 6)),
        ((5, 3, 128), "auto", "signal", (3, 128)),
        ((5, 1, 5), "auto", "signal", (1, 5)),
        ((5, 1, 6, 7), "auto", "channels_first", (1, 6, 7)),
        ((5, 3, 6, 7), "auto", "channels_first", (3, 6, 7)),
        ((5, 6, 7, 4), "auto", "channels_last", (4, 6, 7)),
        ((5, 6, 7, 4), "image", "channels_last", (4, 6, 7)),
        ((5, 3, 6, 3), "channels_first", "channels_first", (3, 6, 3)),
        ((5, 3, 6, 3), "channels_last", "channels_last", (3, 3, 6)),
        ((5, 2, 6, 7), "channels_first", "channels_first", (2, 6, 7)),
        ((5, 9, 36), "image", "image", (1, 9, 36)),
        ((5, 9, 36), "signal", "signal", (9, 36)),
        ((5, 9, 9), "signal", "signal", (9, 9)),
        ((5, 36, 9), "signal", "signal", (36, 9)),
        ((5, 9, 9), "vector", "vector", (81,)),
        ((5, 3, 4, 4), "vector", "vector", (48,)),
        ((5, 64), "image", "image", (1, 8, 8)),
        ((5, 80), (8, 10), "image", (1, 8, 10)),
        ((5, 60), (3, 4, 5), "channels_first", (3, 4, 5)),
        ((5, 105), (5, 7, 3), "channels_last", (3, 5, 7)),
        ((5, 60), "signal", "signal", (1, 60)),
        ((5, 60), (3, 20), "signal", (3, 20)),
        ((5, 8, 10), (8, 10), "image", (1, 8, 10)),
    ],
)
def test_kind_and_module_shape(shape, choice, kind, module_shape):
    layout = infer_layout(np.zeros(shape), choice, "X")
    assert layout.kind == kind
    assert layout.shape == shape[1:]
    assert layout.module_shape == module_shape
    assert layout.is_image == (kind not in ("vector", "signal"))


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.int64])
@pytest.mark.parametrize("shape", [(4, 5), (9, 36), (5, 5), (36, 9), (12, 20)])
def test_only_bytes_tell_pictures_that_are_small_or_long(shape, dtype):
    array = np.zeros((7, *shape), dtype)
    if dtype == np.uint8:
        assert infer_layout(array, "auto", "X").kind == "image"
        return
    text = refusal(infer_layout, array, "auto", "X")
    assert_has(text, str(array.shape), "layout='image'", "layout='signal'")


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_more_channels_than_time_steps_are_asked_back(dtype):
    array = np.zeros((7, 128, 3), dtype)
    text = refusal(infer_layout, array, "auto", "X")
    assert_has(text, "(7, 128, 3)", "np.swapaxes(X, 1, 2)", "layout='signal'")
    transposed = np.swapaxes(array, 1, 2)
    assert infer_layout(transposed, "auto", "X").module_shape == (3, 128)


@pytest.mark.parametrize(
    ("shape", "choice", "fragments"),
    [
        ((5, 65), "image", ["65 columns", "no square", "(height, width)"]),
        ((5, 75), "image", ["layout=(3, 5, 5)", "layout=(5, 5, 3)"]),
        ((5, 65), (8, 8), ["(5, 65)", "64 columns"]),
        ((5, 8, 9), (8, 8), ["(5, 8, 9)", "64 columns"]),
        ((5, 7), "channels_first", ["(5, 7)", "(n_samples, channels, height, width)"]),
        ((5, 8, 8), "channels_last", ["(n_samples, height, width, channels)"]),
        ((5, 3, 8, 8), "signal", ["(n_samples, channels, time)"]),
        ((5, 3, 8, 3), "image", ["both", "layout='channels_first'"]),
        ((5, 2, 8, 8), "auto", ["neither", "layout='channels_first'"]),
        ((5, 2, 3, 4, 5), "auto", ["5 dimensions", "X.reshape(len(X), -1)"]),
        ((5, 2, 3, 4, 5), "vector", ["5 dimensions"]),
        ((5, 300), (10, 30), ["reshaped", "layout='image'", "layout='signal'"]),
    ],
)
def test_a_layout_that_does_not_fit_is_refused(shape, choice, fragments):
    text = refusal(infer_layout, np.zeros(shape), choice, "X of task 'usps'")
    assert_has(text, "X of task 'usps'", *fragments)


def values_between(low, high, shape, dtype=float):
    return np.linspace(low, high, np.prod(shape)).reshape(shape).astype(dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64, np.uint16])
@pytest.mark.parametrize("shape", [(5, 6, 7), (5, 6, 7, 3), (5, 1, 6, 7)])
def test_images_like_bytes_are_scaled_as_bytes(shape, dtype):
    of_bytes = infer_layout(np.zeros(shape, np.uint8), "auto", "X")
    images = values_between(0, 250, shape, dtype)
    layout = infer_layout(images, "auto", "X").with_units(images)
    assert layout.scale == of_bytes.with_units(np.zeros(shape, np.uint8)).scale
    assert layout.scale == 1 / 255
    assert layout.dtype == "float32"


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        (0, 1, 1),
        (0, 1.5, 1),  # brightened
        (-0.1, 1.1, 1),  # resized by splines
        (-1, 1, 1),
        (-3, 20, 1),  # standardized
        (0, 16, 1 / 16),
        (0, 4095, 1 / 4095),
        (0, 1e30, 1e-30),
        (-1000, 3000, 1 / 3000),
        (0, 1e-4, 1e4),
        (0, 0, 1),
    ],
)
def test_images_of_other_units_are_brought_to_about_1(low, high, scale):
    images = values_between(low, high, (5, 6, 7))
    layout = Layout((6, 7), "image").with_units(images)
    assert layout.scale == pytest.approx(scale)
    assert layout.largest == high


@pytest.mark.parametrize("high", [1e-4, 1, 16, 255])
def test_vectors_keep_their_units(high):
    vectors = values_between(0, high, (5, 7))
    assert infer_layout(vectors, "auto", "X").with_units(vectors).scale == 1


@pytest.mark.parametrize(
    "layout", [Layout((6, 7), "image"), Layout((7,), "vector")], ids=["image", "vector"]
)
def test_bytes_come_back_as_bytes(layout):
    values = np.zeros((2, *layout.shape), np.uint8)
    layout = layout.with_units(values)
    largest = np.float32(1 if layout.is_image else 255)
    given = np.linspace(-0.5, 1.5, values.size, dtype=np.float32) * largest
    back = layout.from_module(given.reshape(2, *layout.module_shape))
    assert back.dtype == np.uint8
    expected = np.rint(np.clip(given * 255 / largest, 0, 255))
    np.testing.assert_array_equal(back.ravel(), expected)


@pytest.mark.parametrize(
    ("kind", "shape"),
    [
        ("vector", (2, 3, 5)),
        ("image", (5, 6)),
        ("channels_first", (3, 5, 6)),
        ("channels_last", (5, 6, 3)),
        ("signal", (3, 20)),
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


@pytest.mark.parametrize("shape", [(5, 6), (3, 5, 6), (5, 6, 3)])
def test_flat_pictures_come_back_as_they_were_given(shape):
    rng = np.random.default_rng(0)
    pictures = rng.integers(256, size=(4, *shape), dtype=np.uint8)
    flat = pictures.reshape(4, -1)
    layout = infer_layout(flat, shape, "X")
    assert layout.shape == flat.shape[1:]
    x = to_module(flat, layout, torch.device("cpu"))
    expected = to_module(pictures, infer_layout(pictures, "image", "X"), x.device)
    np.testing.assert_array_equal(x, expected)
    np.testing.assert_array_equal(layout.from_module(x.numpy()), flat)
