"""The layers of ``encoder="auto"``."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log2, prod
from typing import Any

from sk_jae.architecture.checked import Shape
from sk_jae.architecture.layers import BN, FC, Conv, Layer, MaxPool
from sk_jae.architecture.signal_layers import PPV, Bands

__all__ = ["auto_encoder", "signal_encoder"]

_SMALLEST_SIDE = 8
_MOST_DENSE = 2**14
_LARGEST_MAP = 8

# Signals of fewer steps have bands of two frequencies each, and longer ones not more
# bands.
_STEPS_PER_BAND, _MOST_BANDS = 4, 128

# Fixed kernels of nine steps reach over the whole signal, at about 128 places of it.
# Each has so many thresholds in all dilations, which makes about 2000 features.
_REACH, _N_PLACES, _N_THRESHOLDS = 8, 128, 24


def auto_encoder(shape: Shape, *, classified: bool = False) -> tuple[Any, ...]:
    """Return the hidden layers of ``encoder="auto"``.

    Parameters
    ----------
    shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample.
    classified : bool, default=False
        Whether the classes are learned from this branch.

    Returns
    -------
    layers : tuple of Layer
        A dense layer. Convolutions come before it if the samples are images of at least
        8 x 8 pixels and if they are too large for a dense layer or the branch is
        classified. In a classified branch, these layers have batch normalization. The
        last layer has the same width for all shapes, so that the bottleneck can be tied
        across tasks of different shapes.

    Examples
    --------
    >>> from sk_jae.architecture import auto_encoder
    >>> from sk_jae.architecture import to_string
    >>> to_string(auto_encoder((1, 28, 28)))
    'FC 128'
    >>> to_string(auto_encoder((1, 28, 28), classified=True))
    'Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 128, BN'
    """
    if len(shape) < 3 or min(shape[1:]) < _SMALLEST_SIDE:
        return (FC(128),)
    if not classified and prod(shape) <= _MOST_DENSE:
        # Dense layers reconstruct small images better and much faster.
        return (FC(128),)
    norm = (BN(),) if classified else ()
    layers: list[Layer] = []
    for k in range(max(2, ceil(log2(max(shape[1:]) / _LARGEST_MAP)))):
        layers += [Conv(min(16 * 2**k, 128), (3, 3)), *norm, MaxPool((2, 2))]
    return (*layers, FC(128), *norm)


def signal_encoder(shapes: Sequence[Shape], *, transfers: bool) -> tuple[Layer, ...]:
    """Return the layers from which the classes of signals are learned.

    Parameters
    ----------
    shapes : sequence of tuple of int, (channels, time)
        Shape of one signal of every task, as the shared branch sees it.
    transfers : bool
        Whether a task without labels may be unlike the others, so that what differs
        between tasks must not count.

    Returns
    -------
    layers : tuple of Layer
        If `transfers`, the power in fixed bands, which are the same for tasks of
        different lengths, and no filters that are learned from the labels of another
        task alone. Otherwise how often fixed kernels respond.

    Examples
    --------
    >>> from sk_jae.architecture import signal_encoder, to_string
    >>> to_string(signal_encoder([(1, 1024), (1, 512)], transfers=True))
    'Bands 128, BN, FC 128, BN'
    >>> to_string(signal_encoder([(1, 1024)], transfers=False))
    'PPV 3x64 stride 8, BN, FC 128, BN'
    """
    end = (FC(128), BN())
    shortest = min(time for _, time in shapes)
    if transfers:
        bands = min(max(1, shortest // _STEPS_PER_BAND), _MOST_BANDS)
        return (Bands(bands), BN(), *end)
    n_dilations = max(1, (shortest - 1) // _REACH).bit_length()
    stride = max(1, max(time for _, time in shapes) // _N_PLACES)
    thresholds = max(1, round(_N_THRESHOLDS / n_dilations))
    return (PPV(thresholds, 2 ** (n_dilations - 1), stride), BN(), *end)
