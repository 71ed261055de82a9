"""The shapes of the inputs and outputs of layers."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod

from sk_jae.architecture.checked import Shape, is_positive_int
from sk_jae.architecture.layers import BN, FC, Conv, Deconv, Layer, Reshape
from sk_jae.architecture.signal_layers import PPV, Summary

__all__ = ["ceil_div", "output_shape", "shapes"]

_AXES = {1: "(channels, time)", 2: "(channels, height, width)"}
_WHERE = "so put it before the first FC or after a Reshape"


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the shape of one sample after a layer.

    Parameters
    ----------
    layer : Layer
        Any layer.
    shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample before the layer.

    Returns
    -------
    shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample after the layer.

    Raises
    ------
    ValueError
        If the layer does not fit an input of that shape.

    Examples
    --------
    >>> from sk_jae.architecture import MaxPool, output_shape
    >>> output_shape(MaxPool((2, 2)), (32, 17, 23))
    (32, 9, 12)
    """
    _check_shape(shape)
    if isinstance(layer, BN):
        return shape
    if isinstance(layer, FC):
        return (layer.width,)
    misfit = f"{layer} does not fit an input of shape {shape}"
    if isinstance(layer, Reshape):
        if prod(shape) != prod(layer.shape):
            raise ValueError(f"{misfit}: it needs {prod(layer.shape)} features.")
        return layer.shape
    if isinstance(layer, Summary):
        if len(shape) != 2:
            raise ValueError(f"{misfit}: it needs a signal {_AXES[1]}, {_WHERE}.")
        n = layer.n_of_kernels if isinstance(layer, PPV) else 0
        return (n + shape[0] * layer.n_features,)
    if len(shape) != len(layer.kernel) + 1:
        needed = "a signal" if len(layer.kernel) == 1 else "an image"
        raise ValueError(
            f"{misfit}: it needs {needed} {_AXES[len(layer.kernel)]}, {_WHERE}."
        )
    channels, *sides = shape
    if isinstance(layer, Conv):
        return (layer.channels, *(ceil_div(side, layer.stride) for side in sides))
    if isinstance(layer, Deconv):
        factor = layer.stride or 2
        return (layer.channels, *(layer.size or (side * factor for side in sides)))
    pooled = [
        _pooled(side, kernel, layer.stride or kernel)
        for side, kernel in zip(sides, layer.kernel, strict=True)
    ]
    if min(pooled) < 1:
        raise ValueError(
            f"{misfit}: its window is larger than the input, so that nothing is left."
        )
    return (channels, *pooled)


def shapes(layers: Iterable[Layer], input_shape: Shape) -> list[Shape]:
    """Return the shape of one sample after each layer.

    Parameters
    ----------
    layers : iterable of Layer
        The layers in order.
    input_shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample before the first layer.

    Returns
    -------
    shapes : list of tuple of int
        One shape per layer.

    Raises
    ------
    ValueError
        If a layer does not fit its input. The message has the number of the layer,
        counted from 1.

    Examples
    --------
    >>> from sk_jae.architecture import parse, shapes
    >>> shapes(parse("Conv 32x(5x5), MP 2x2, FC 500"), (1, 28, 28))
    [(32, 28, 28), (32, 14, 14), (500,)]
    """
    _check_shape(input_shape)
    shape, found = input_shape, []
    for number, layer in enumerate(layers, start=1):
        try:
            shape = output_shape(layer, shape)
        except ValueError as error:
            raise ValueError(f"Layer {number}, {error}") from None
        found.append(shape)
    return found


def ceil_div(a: int, b: int) -> int:
    return -(-a // b)


def _pooled(side: int, kernel: int, stride: int) -> int:
    # A window that starts beyond the edge is left out, as torch does in ceil_mode.
    return min(ceil_div(side - kernel, stride) + 1, ceil_div(side, stride))


def _check_shape(shape: Shape) -> None:
    if len(shape) not in (1, 2, 3) or not all(map(is_positive_int, shape)):
        raise ValueError(
            "The shape of a sample must be (features,), (channels, time) or (channels, "
            f"height, width), each at least 1, got {shape}."
        )
