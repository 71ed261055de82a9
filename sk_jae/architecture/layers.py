"""Descriptions of layers, and the shapes of their inputs and outputs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from math import prod
from numbers import Integral
from typing import TypeAlias

Shape: TypeAlias = tuple[int, ...]

_FIELD_LENGTHS = {"kernel": 2, "size": 2, "shape": 3}


class _Checked:
    """Base class that checks the fields: positive integers, or tuples of these."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            length = _FIELD_LENGTHS.get(field.name)
            if length is None:
                expected, valid = "a positive integer", _is_positive_int(value)
            else:
                expected = f"a tuple of {length} positive integers"
                valid = isinstance(value, tuple) and len(value) == length
                valid = valid and all(map(_is_positive_int, value))
            if not valid:
                raise ValueError(
                    f"{field.name} of {type(self).__name__} must be {expected}, "
                    f"got {value!r}."
                )


@dataclass(frozen=True)
class Conv(_Checked):
    """A convolution padded so that a side of n positions becomes ceil(n / stride).

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : tuple of int, (height, width)
        Kernel size.
    stride : int, default=1
        Distance between output positions, along both axes.

    Examples
    --------
    >>> from sk_jae.architecture import Conv
    >>> print(Conv(32, (5, 5), stride=2))
    Conv 32x(5x5) stride 2
    """

    channels: int
    kernel: tuple[int, int]
    stride: int = 1

    def __str__(self) -> str:
        stride = "" if self.stride == 1 else f" stride {self.stride}"
        return f"Conv {self.channels}x({_times(self.kernel)}){stride}"


@dataclass(frozen=True)
class Deconv(_Checked):
    """Nearest-neighbor upsampling, followed by a convolution that keeps the size.

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : tuple of int, (height, width)
        Kernel size of the convolution.
    stride : int or None, default=None
        Upsampling factor along both axes. With 1 it is a plain convolution; None means
        2, as in the paper's "2x2 upsampling".
    size : tuple of int, (height, width), or None, default=None
        Exact size after upsampling, used instead of `stride`. It is set by `mirror`, so
        that sizes that are no multiples of the stride are restored. It cannot be
        written in the notation.

    Examples
    --------
    >>> from sk_jae.architecture import Deconv
    >>> print(Deconv(32, (5, 5)))
    Deconv 32x5x5
    """

    channels: int
    kernel: tuple[int, int]
    stride: int | None = None
    size: tuple[int, int] | None = None

    def __str__(self) -> str:
        stride = "" if self.stride is None else f" stride {self.stride}"
        return f"Deconv {self.channels}x{_times(self.kernel)}{stride}"


@dataclass(frozen=True)
class MaxPool(_Checked):
    """Max-pooling whose last window may extend over the edge, so that nothing is lost.

    Parameters
    ----------
    kernel : tuple of int, (height, width)
        Size of the pooling window.
    stride : int or None, default=None
        Distance between windows, along both axes. None means adjacent windows.

    Examples
    --------
    >>> from sk_jae.architecture import MaxPool
    >>> print(MaxPool((3, 3), stride=2))
    MP 3x3 stride 2
    """

    kernel: tuple[int, int]
    stride: int | None = None

    def __str__(self) -> str:
        stride = "" if self.stride is None else f" stride {self.stride}"
        return f"MP {_times(self.kernel)}{stride}"


@dataclass(frozen=True)
class FC(_Checked):
    """A fully connected layer, which flattens images.

    Parameters
    ----------
    width : int
        Number of output features.

    Examples
    --------
    >>> from sk_jae.architecture import FC, output_shape
    >>> output_shape(FC(500), (64, 7, 7))
    (500,)
    """

    width: int

    def __str__(self) -> str:
        return f"FC {self.width}"


@dataclass(frozen=True)
class BN(_Checked):
    """Batch normalization, between the layer before it and the ReLU of that layer.

    Examples
    --------
    >>> from sk_jae.architecture import BN, Conv, to_string
    >>> to_string([Conv(32, (5, 5)), BN()])
    'Conv 32x(5x5), BN'
    """

    def __str__(self) -> str:
        return "BN"


@dataclass(frozen=True)
class Reshape(_Checked):
    """Conversion of a vector to an image, between dense and convolutional layers.

    Parameters
    ----------
    shape : tuple of int, (channels, height, width)
        Shape of the image.

    Examples
    --------
    >>> from sk_jae.architecture import Reshape, output_shape
    >>> output_shape(Reshape((64, 7, 7)), (3136,))
    (64, 7, 7)
    """

    shape: tuple[int, int, int]

    def __str__(self) -> str:
        return f"Reshape {_times(self.shape)}"


Layer: TypeAlias = Conv | Deconv | MaxPool | FC | BN | Reshape


def has_weights(layer: Layer) -> bool:
    """Return whether a layer has weights and so is counted in `shared_depth`.

    Parameters
    ----------
    layer : Layer
        Any layer.

    Returns
    -------
    has_weights : bool
        True for Conv, Deconv and FC. False for all others, also for BN, which belongs
        to the layer before it.

    Examples
    --------
    >>> from sk_jae.architecture import has_weights, parse
    >>> [has_weights(layer) for layer in parse("Conv 8x(3x3), BN, MP 2x2, FC 10")]
    [True, False, False, True]
    """
    return isinstance(layer, Conv | Deconv | FC)


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the shape of one sample after a layer.

    Parameters
    ----------
    layer : Layer
        Any layer.
    shape : tuple of int, (features,) or (channels, height, width)
        Shape of one sample before the layer.

    Returns
    -------
    shape : tuple of int, (features,) or (channels, height, width)
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
    if len(shape) < 3:
        raise ValueError(
            f"{misfit}: it needs an image (channels, height, width), so put it before "
            "the first FC or after a Reshape."
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
    input_shape : tuple of int, (features,) or (channels, height, width)
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
    if len(shape) not in (1, 2, 3) or not all(map(_is_positive_int, shape)):
        raise ValueError(
            "The shape of a sample must be (features,), (channels, time) or (channels, "
            f"height, width), each at least 1, got {shape}."
        )


def _is_positive_int(value: object) -> bool:
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    return integer and int(value) >= 1  # type: ignore[call-overload]


def _times(numbers: Iterable[int]) -> str:
    return "x".join(map(str, numbers))
