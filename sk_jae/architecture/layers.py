"""Descriptions of layers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from sk_jae.architecture.checked import Checked, Kernel
from sk_jae.architecture.signal_layers import Summary


@dataclass(frozen=True)
class Conv(Checked):
    """A convolution padded so that a side of n positions becomes ceil(n / stride).

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : tuple of int, (height, width) or (time,)
        Kernel size, for images or for signals.
    stride : int, default=1
        Distance between output positions, along all axes.

    Examples
    --------
    >>> from sk_jae.architecture import Conv
    >>> print(Conv(32, (5, 5), stride=2))
    Conv 32x(5x5) stride 2
    >>> print(Conv(32, (9,)))
    Conv 32x9
    """

    channels: int
    kernel: Kernel
    stride: int = 1

    def __str__(self) -> str:
        stride = "" if self.stride == 1 else f" stride {self.stride}"
        kernel = _times(self.kernel)
        kernel = f"({kernel})" if len(self.kernel) > 1 else kernel
        return f"Conv {self.channels}x{kernel}{stride}"


@dataclass(frozen=True)
class Deconv(Checked):
    """Nearest-neighbor upsampling, followed by a convolution that keeps the size.

    Parameters
    ----------
    channels : int
        Number of output channels.
    kernel : tuple of int, (height, width) or (time,)
        Kernel size of the convolution, for images or for signals.
    stride : int or None, default=None
        Upsampling factor along all axes. With 1 it is a plain convolution; None means
        2, as in the paper's "2x2 upsampling".
    size : tuple of int, (height, width) or (time,), or None, default=None
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
    kernel: Kernel
    stride: int | None = None
    size: Kernel | None = None

    def __str__(self) -> str:
        stride = "" if self.stride is None else f" stride {self.stride}"
        return f"Deconv {self.channels}x{_times(self.kernel)}{stride}"


@dataclass(frozen=True)
class MaxPool(Checked):
    """Max-pooling whose last window may extend over the edge, so that nothing is lost.

    Parameters
    ----------
    kernel : tuple of int, (height, width) or (time,)
        Size of the pooling window, for images or for signals.
    stride : int or None, default=None
        Distance between windows, along all axes. None means adjacent windows.

    Examples
    --------
    >>> from sk_jae.architecture import MaxPool
    >>> print(MaxPool((3, 3), stride=2))
    MP 3x3 stride 2
    """

    kernel: Kernel
    stride: int | None = None

    def __str__(self) -> str:
        return _pooling("MP", self.kernel, self.stride)


@dataclass(frozen=True)
class AvgPool(Checked):
    """Average-pooling with the windows of `MaxPool`.

    Parameters
    ----------
    kernel : tuple of int, (height, width) or (time,)
        Size of the pooling window, for images or for signals.
    stride : int or None, default=None
        Distance between windows, along all axes. None means adjacent windows.

    Examples
    --------
    >>> from sk_jae.architecture import AvgPool, output_shape
    >>> output_shape(AvgPool((4,)), (32, 10))
    (32, 3)
    """

    kernel: Kernel
    stride: int | None = None

    def __str__(self) -> str:
        return _pooling("AP", self.kernel, self.stride)


@dataclass(frozen=True)
class FC(Checked):
    """A fully connected layer, which flattens images and signals.

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
class BN(Checked):
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
class Reshape(Checked):
    """Conversion of a vector to an image or a signal, before convolutional layers.

    Parameters
    ----------
    shape : tuple of int, (channels, height, width) or (channels, time)
        Shape of the image or the signal.

    Examples
    --------
    >>> from sk_jae.architecture import Reshape, output_shape
    >>> output_shape(Reshape((64, 7, 7)), (3136,))
    (64, 7, 7)
    """

    shape: tuple[int, int, int] | tuple[int, int]

    def __str__(self) -> str:
        return f"Reshape {_times(self.shape)}"


Layer: TypeAlias = Conv | Deconv | MaxPool | AvgPool | Summary | FC | BN | Reshape


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


def _pooling(name: str, kernel: Kernel, stride: int | None) -> str:
    return f"{name} {_times(kernel)}{'' if stride is None else f' stride {stride}'}"


def _times(numbers: Iterable[int]) -> str:
    return "x".join(map(str, numbers))
