from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sk_jae.architecture import (
    BN,
    FC,
    Conv,
    Deconv,
    MaxPool,
    Reshape,
    has_weights,
    mirror,
    output_shape,
    parse,
    shapes,
    to_string,
)

reproducible = settings(derandomize=True, deadline=None)

small = st.integers(1, 6)
kernels = st.tuples(small, small)
convs = st.builds(Conv, small, kernels, st.integers(1, 3))
pools = st.builds(MaxPool, kernels, st.none() | st.integers(1, 3))
images = st.tuples(st.integers(1, 3), st.integers(1, 30), st.integers(1, 30))
vectors = st.tuples(small)


def with_norm(weighted):
    """Lists of one layer with weights, with or without BN behind it."""
    return st.builds(lambda w, norm: [w] + [BN()] * norm, weighted, st.booleans())


@st.composite
def encoders(draw):
    """An encoder with an input shape that it fits."""
    blocks = draw(st.lists(with_norm(st.builds(FC, small)), max_size=3))
    input_shape = draw(images | vectors)
    if len(input_shape) == 3:
        convolutional = with_norm(convs) | st.builds(lambda p: [p], pools)
        blocks = draw(st.lists(convolutional, max_size=5)) + blocks
    layers = tuple(layer for block in blocks for layer in block)
    try:
        shapes(layers, input_shape)
    except ValueError:
        assume(False)
    return layers, input_shape


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Conv(0, (3, 3)), "channels of Conv must be a positive integer, got 0"),
        (lambda: Conv(8, 3), "kernel of Conv must be a tuple of 2 positive integers"),
        (lambda: Conv(8, (3, 3), None), "stride of Conv must be a positive integer"),
        (lambda: Deconv(8, (3, 3), size=(0, 1)), "size of Deconv must be a tuple of 2"),
        (lambda: MaxPool((2, 2), 1.5), "stride of MaxPool must be a positive integer"),
        (lambda: FC(True), "width of FC must be a positive integer, got True"),
        (lambda: Reshape((7, 7)), "shape of Reshape must be a tuple of 3 positive"),
    ],
)
def test_layers_refuse_bad_numbers(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_layers_can_be_pickled_and_hashed():
    layers = mirror(parse("Conv 4x3x3, BN, MP 2x2, FC 5"), (1, 9, 9))
    copy = pickle.loads(pickle.dumps(layers))
    assert copy == layers
    assert hash(copy) == hash(layers)


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
        with pytest.raises(ValueError, match="too large for anything to be left"):
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
        ("FC 9", (4, 4), r"shape of a sample must be .* got \(4, 4\)"),
        ("FC 9", (0,), r"shape of a sample must be .* got \(0,\)"),
    ],
)
def test_shapes_names_the_layer_that_does_not_fit(text, shape, message):
    with pytest.raises(ValueError, match=message):
        shapes(parse(text), shape)


@pytest.mark.parametrize(
    ("encoder", "input_shape", "decoder"),
    [
        (
            "Conv 32x(5x5), MP 2x2, Conv 64x(5x5), MP 2x2, FC 500",
            (1, 28, 28),
            (
                FC(500),
                FC(3136),
                Reshape((64, 7, 7)),
                Deconv(32, (5, 5), size=(14, 14)),
                Deconv(1, (5, 5), size=(28, 28)),
            ),
        ),
        ("FC 20, FC 10", (30,), (FC(10), FC(20), FC(30))),
        ("", (30,), (FC(30),)),
        ("", (3, 4, 5), (FC(60),)),
        ("FC 20", (3, 4, 5), (FC(20), FC(60))),
        ("MP 2x2, FC 20", (3, 4, 5), (FC(20), FC(60))),
        (
            "Conv 8x(3x3), Conv 9x(3x5) stride 3, MP 2x2 stride 2",
            (3, 17, 23),
            (
                FC(9 * 3 * 4),
                Reshape((9, 3, 4)),
                Deconv(8, (3, 5), 6, size=(17, 23)),
                Deconv(3, (3, 3), 1, size=(17, 23)),
            ),
        ),
        (
            "MP 2x2, Conv 8x(3x3), FC 5",
            (3, 9, 9),
            (
                FC(5),
                FC(8 * 5 * 5),
                Reshape((8, 5, 5)),
                Deconv(3, (3, 3), size=(9, 9)),
            ),
        ),
        (
            "Conv 8x3x3, BN, Conv 9x3x3, BN, MP 2x2, FC 5, FC 6, BN",
            (1, 4, 4),
            (
                FC(6),
                BN(),
                FC(5),
                FC(36),
                BN(),
                Reshape((9, 2, 2)),
                Deconv(8, (3, 3), size=(4, 4)),
                BN(),
                Deconv(1, (3, 3), 1, size=(4, 4)),
            ),
        ),
    ],
)
def test_mirror(encoder, input_shape, decoder):
    assert mirror(parse(encoder), input_shape) == decoder


@reproducible
@given(encoders(), small)
def test_mirror_comes_back_to_the_input(encoder, code_size):
    layers, input_shape = encoder
    decoder = mirror(layers, input_shape)
    restored = shapes(decoder, (code_size,))
    if isinstance(decoder[-1], Deconv):
        assert restored[-1] == input_shape
    else:
        assert restored[-1] == (np.prod(input_shape),)
    assert sum(map(has_weights, decoder)) > sum(map(has_weights, layers))
    assert decoder.count(BN()) == layers.count(BN())


@reproducible
@given(encoders())
def test_mirror_passes_through_the_shapes_of_the_encoder(encoder):
    layers, input_shape = encoder
    inputs = [input_shape, *shapes(layers, input_shape)]
    between = [
        shape
        for shape, layer in zip(inputs, layers, strict=False)
        if has_weights(layer)
    ][1:]
    restored = iter(shapes(mirror(layers, input_shape), (3,)))
    assert all(shape in restored for shape in reversed(between))


def test_mirror_of_evenly_divided_sizes_survives_printing():
    encoder = parse("Conv 8,5,2, Conv 16x(3x3), MP 2x2, Conv 16x(3x3), MP 4x4, FC 9")
    decoder = parse(to_string(mirror(encoder, (3, 64, 32))))
    assert shapes(decoder, (2,))[-1] == (3, 64, 32)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("FC 4, Reshape 1x2x2", "Layer 2, Reshape 1x2x2 cannot be mirrored"),
        ("Deconv 4x3x3", "Layer 1, Deconv 4x3x3 cannot be mirrored"),
        ("FC 4, MP 2x2", "Layer 2, MP 2x2 does not fit"),
    ],
)
def test_mirror_refuses(layers, message):
    with pytest.raises(ValueError, match=message):
        mirror(parse(layers), (1, 4, 4))
