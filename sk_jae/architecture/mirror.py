"""Decoders that reverse an encoder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from sk_jae.architecture.checked import Kernel, Shape
from sk_jae.architecture.layer_shapes import ceil_div, shapes
from sk_jae.architecture.layers import BN, FC, Conv, Deconv, Layer, Reshape
from sk_jae.architecture.signal_layers import Summary


def mirror(layers: Iterable[Layer], input_shape: Shape) -> tuple[Layer, ...]:
    """Return a decoder that reverses an encoder, from the code to the input's shape.

    Parameters
    ----------
    layers : iterable of Layer
        The hidden layers of the encoder: Conv, MaxPool, AvgPool, FC and BN. They do not
        include the linear layer that gives the code.
    input_shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample before the first layer.

    Returns
    -------
    decoder : tuple of Layer
        ``decoder[:-1]`` are the hidden layers and ``decoder[-1]`` is the output layer,
        a Deconv or FC.

    Raises
    ------
    ValueError
        If the encoder does not fit the input, or if it has a Deconv, a Reshape, or
        Bands, a Power, a Profile or a PPV, which forget what a decoder needs.

    Notes
    -----
    - A Conv becomes a Deconv whose output has the size before the Conv. This reverses
      the stride of the Conv and the pooling after it (for the first Conv, also the
      pooling before it) exactly and in one step. The `stride` of the Deconv is that
      factor, rounded up, where 1 means no upsampling and None means 2.
    - Where the encoder changes an image or a signal to a vector, at an FC or at the
      code, the decoder has an FC as wide as that, followed by a Reshape.
    - If the samples are no vectors and the encoder has no Conv, the output layer is an
      FC of width ``prod(input_shape)``, whose output must be reshaped to `input_shape`.
    - A BN is repeated after the layer that restores what it normalized, but not after
      the output layer. If that layer is an FC with a Reshape, the BN is between them.

    Examples
    --------
    >>> from sk_jae.architecture import mirror, parse, shapes, to_string
    >>> encoder = parse("Conv 32x(5x5), MP 2x2, Conv 64x(5x5), MP 2x2, FC 500")
    >>> decoder = mirror(encoder, (1, 28, 28))
    >>> to_string(decoder)
    'FC 500, FC 3136, Reshape 64x7x7, Deconv 32x5x5, Deconv 1x5x5'
    >>> hidden, output = decoder[:-1], decoder[-1]
    >>> shapes(decoder, (32,))[-1]
    (1, 28, 28)
    """
    blocks = _blocks(tuple(layers), input_shape)
    if not blocks:
        return (FC(prod(input_shape)),)
    decoder = _dense(blocks[-1])
    for previous, block in reversed(list(pairwise(blocks))):
        if isinstance(block.layer, Conv):
            decoder += [_deconv(block.layer, block), *previous.batch_norm]
        else:
            decoder += _dense(previous)
    first = blocks[0]
    if isinstance(first.layer, Conv):
        return (*decoder, _deconv(first.layer, first))
    return (*decoder, FC(prod(input_shape)))


@dataclass
class _Block:
    """A layer with weights, and the BN and the pooling that belong to it."""

    layer: Conv | FC
    before: Shape
    after: Shape
    batch_norm: tuple[BN, ...] = ()


def _blocks(layers: tuple[Layer, ...], input_shape: Shape) -> list[_Block]:
    blocks: list[_Block] = []
    outputs = zip(layers, shapes(layers, input_shape), strict=True)
    for number, (layer, after) in enumerate(outputs, start=1):
        if isinstance(layer, Deconv | Reshape | Summary):
            raise ValueError(
                f"Layer {number}, {layer} cannot be mirrored, because only Conv, MP, "
                "AP, FC and BN can be; give the layers of the decoder."
            )
        if isinstance(layer, Conv | FC):
            before = blocks[-1].after if blocks else input_shape
            blocks.append(_Block(layer, before, after))
        elif blocks:
            blocks[-1].after = after
            if isinstance(layer, BN):
                blocks[-1].batch_norm = (layer,)
    return blocks


def _dense(block: _Block) -> list[Layer]:
    """Return dense layers that restore the output of a block."""
    layers: list[Layer] = [FC(prod(block.after)), *block.batch_norm]
    if len(block.after) == 2:
        layers.append(Reshape((block.after[0], block.after[1])))
    elif len(block.after) == 3:
        layers.append(Reshape((block.after[0], block.after[1], block.after[2])))
    return layers


def _deconv(conv: Conv, block: _Block) -> Deconv:
    """Return the layer that restores the input of a block."""
    channels, *size = block.before
    factor = max(map(ceil_div, size, block.after[1:]))
    stride = None if factor == 2 else factor
    exact: Kernel = (size[0], size[1]) if len(size) == 2 else (size[0],)
    return Deconv(channels, conv.kernel, stride, exact)
