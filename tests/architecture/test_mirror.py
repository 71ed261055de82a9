"""The decoder that mirrors an encoder."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sk_jae.architecture import (
    BN,
    FC,
    Conv,
    Deconv,
    Reshape,
    has_weights,
    mirror,
    parse,
    shapes,
    to_string,
)
from tests.helpers.layers import (
    images,
    kernels,
    pools,
    reproducible,
    signal_pools,
    signals,
    small,
)

convs = st.builds(Conv, small, kernels, st.integers(1, 3))
signal_convs = st.builds(Conv, small, st.tuples(small), st.integers(1, 3))

vectors = st.tuples(small)


def with_norm(weighted):
    """Lists of one layer with weights, with or without BN behind it."""
    return st.builds(lambda w, norm: [w] + [BN()] * norm, weighted, st.booleans())


@st.composite
def encoders(draw):
    """An encoder with an input shape that it fits."""
    blocks = draw(st.lists(with_norm(st.builds(FC, small)), max_size=3))
    input_shape = draw(images | signals | vectors)
    if len(input_shape) > 1:
        of_images = len(input_shape) == 3
        convolutional = with_norm(convs if of_images else signal_convs)
        pooling = pools if of_images else signal_pools
        convolutional |= st.builds(lambda p: [p], pooling)
        blocks = draw(st.lists(convolutional, max_size=5)) + blocks
    layers = tuple(layer for block in blocks for layer in block)
    try:
        shapes(layers, input_shape)
    except ValueError:
        assume(False)
    return layers, input_shape


def test_layers_can_be_pickled_and_hashed():
    layers = mirror(parse("Conv 4x3x3, BN, MP 2x2, FC 5"), (1, 9, 9))
    copy = pickle.loads(pickle.dumps(layers))
    assert copy == layers
    assert hash(copy) == hash(layers)


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
            "Conv 8x(3x3), MP 1x3",  # the larger factor is the stride
            (2, 6, 9),
            (FC(8 * 6 * 3), Reshape((8, 6, 3)), Deconv(2, (3, 3), 3, size=(6, 9))),
        ),
        (
            "Conv 8x9 stride 2, MP 4, FC 5",
            (3, 100),
            (
                FC(5),
                FC(8 * 13),
                Reshape((8, 13)),
                Deconv(3, (9,), 8, size=(100,)),
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


@pytest.mark.parametrize("layers", ["Power", "Profile 4", "Bands 4"])
def test_what_forgets_the_time_is_not_mirrored(layers):
    with pytest.raises(ValueError, match=r"Layer 2, .* give the layers of the decoder"):
        mirror(parse(f"Conv 4x3, {layers}"), (1, 40))
