"""Layers, and the shapes that come out of them."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from sk_jae.architecture import (
    BN,
    FC,
    PPV,
    AvgPool,
    Bands,
    Conv,
    Deconv,
    MaxPool,
    Power,
    Profile,
    Reshape,
    has_weights,
    output_shape,
    parse,
    shapes,
)
from tests.helpers.layers import images, pools, reproducible, small


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(0, (3, 3)), "channels of Conv must be a positive integer, got 0"),
        (lambda: Conv(8, 3), "kernel of Conv must be a tuple of 1 or 2 positive"),
        (lambda: Conv(8, (3, 3), None), "stride of Conv must be a positive integer"),
        (
            lambda: Deconv(8, (3, 3), size=(0, 1)),
            "size of Deconv must be a tuple of 1 or",
        ),
        (lambda: MaxPool((2, 2), 1.5), "stride of MaxPool must be a positive integer"),
        (lambda: FC(True), "width of FC must be a positive integer, got True"),
        (lambda: Reshape((7,)), "shape of Reshape must be a tuple of 2 or 3"),
    ],
)
def test_layers_refuse_bad_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_has_weights():
    layers = parse("Conv 4x3x3, BN, MP 2x2, FC 12, Reshape 3x2x2, Deconv 4x3x3")
    assert list(map(has_weights, layers)) == [True, False, False, True, False, True]


@reproducible
@given(pools, images)
def test_pooling_has_the_shape_of_torch(pool, shape):
    torch_pool = torch.nn.MaxPool2d(pool.kernel, pool.stride, ceil_mode=True)
    try:
        expected = tuple(torch_pool(torch.zeros(shape)).shape)
    except RuntimeError:
        with pytest.raises(ValueError, match="window is larger than the input"):
            output_shape(pool, shape)
    else:
        assert output_shape(pool, shape) == expected


@reproducible
@given(small, st.sampled_from([1, 3, 5]), st.integers(1, 3), images)
def test_convolution_has_the_shape_of_torch(channels, side, stride, shape):
    torch_conv = torch.nn.Conv2d(shape[0], channels, side, stride, side // 2)
    expected = tuple(torch_conv(torch.zeros(1, *shape)).shape[1:])
    assert output_shape(Conv(channels, (side, side), stride), shape) == expected


@pytest.mark.parametrize(
    ("layer", "shape", "expected"),
    [
        (Conv(8, (4, 2), 2), (3, 5, 6), (8, 3, 3)),
        (Deconv(8, (3, 3)), (2, 5, 6), (8, 10, 12)),
        (Deconv(8, (3, 3), 1), (2, 5, 6), (8, 5, 6)),
        (Deconv(8, (3, 3), 3), (2, 5, 6), (8, 15, 18)),
        (Deconv(8, (3, 3), 3, (9, 11)), (2, 5, 6), (8, 9, 11)),
        (MaxPool((2, 3)), (2, 5, 6), (2, 3, 2)),
        (FC(7), (2, 5, 6), (7,)),
        (FC(7), (4,), (7,)),
        (BN(), (4,), (4,)),
        (BN(), (2, 5, 6), (2, 5, 6)),
        (Reshape((4, 3, 5)), (60,), (4, 3, 5)),
        (Conv(8, (9,), 4), (3, 101), (8, 26)),
        (Deconv(8, (9,), 4, (101,)), (3, 26), (8, 101)),
        (Deconv(8, (9,)), (3, 26), (8, 52)),
        (MaxPool((4,)), (2, 10), (2, 3)),
        (AvgPool((4,), 2), (2, 10), (2, 4)),
        (AvgPool((2, 3)), (2, 5, 6), (2, 3, 2)),
        (Power(), (3, 101), (6,)),
        (Bands(64), (3, 101), (3 * (64 + 15 + 1),)),
        (Bands(3), (2, 101), (2 * (3 + 1),)),
        (Profile(8), (3, 101), (54,)),
        (PPV(2, 5), (3, 101), (2 * 3 * 84 + 54,)),
        (Reshape((4, 15)), (60,), (4, 15)),
    ],
)
def test_output_shape(layer, shape, expected):
    assert output_shape(layer, shape) == expected


@pytest.mark.parametrize(
    ("text", "shape", "message"),
    [
        (
            "FC 500, Conv 8x(3x3)",
            (1, 9, 9),
            r"Layer 2, Conv 8x\(3x3\) .*\(500,\): it ne",
        ),
        ("MP 2x2", (10,), r"Layer 1, MP 2x2 does not fit an input of shape \(10,\)"),
        ("Deconv 4x3x3", (10,), "Layer 1, Deconv 4x3x3 does not fit"),
        ("FC 9, Reshape 1x2x5", (3,), "Layer 2, Reshape 1x2x5 .* it needs 10 features"),
        ("MP 2x2, MP 5x5 stride 1", (1, 4, 4), "Layer 2, MP 5x5 stride 1 does not fit"),
        ("Conv 4x9", (1, 9, 9), r"Conv 4x9 .* it needs a signal \(channels, time\)"),
        ("Conv 4x3x3", (1, 9), "needs an image .* before the first FC or after a Resh"),
        ("Power", (5,), "Layer 1, Power does not fit .* it needs a signal"),
        ("Bands 8", (1, 9, 9), "Layer 1, Bands 8 does not fit .* needs a signal"),
        ("Profile 8", (1, 9, 9), "Layer 1, Profile 8 does not fit .* needs a signal"),
        ("PPV 1x1", (9,), "Layer 1, PPV 1x1 does not fit .* needs a signal"),
        ("FC 9", (0,), r"shape of a sample must be .* got \(0,\)"),
    ],
)
def test_shapes_names_the_layer_that_does_not_fit(text, shape, message):
    with pytest.raises(ValueError, match=message):
        shapes(parse(text), shape)
