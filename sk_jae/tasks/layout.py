"""How the samples of a task lie in memory, and what a module sees of them."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Layout", "LayoutChoice", "infer_layout"]

LayoutChoice: TypeAlias = Literal["auto", "first", "last"]
LayoutKind: TypeAlias = Literal["vector", "image", "channels_first", "channels_last"]

_N_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class Layout:
    """The layout of one task's samples.

    Attributes
    ----------
    shape : tuple of int
        Shape of one sample as the user gives it.
    kind : {"vector", "image", "channels_first", "channels_last"}
        A vector; an image without channels, with channels first, or last.
    scale : float
        Factor from the user's units to the module's: 1 / 255 for images of `uint8`.
    columns : tuple of str or None
        The names of the features, if the samples came as a dataframe.
    """

    shape: tuple[int, ...]
    kind: LayoutKind
    scale: float = 1.0
    columns: tuple[str, ...] | None = None

    @property
    def module_shape(self) -> tuple[int, ...]:
        """(features,), or (channels, height, width) for images."""
        if self.kind == "vector":
            return (prod(self.shape),)
        if self.kind == "image":
            return (1, *self.shape)
        if self.kind == "channels_last":
            return (self.shape[2], *self.shape[:2])
        return self.shape

    @property
    def is_image(self) -> bool:
        return self.kind != "vector"

    def from_module(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring module outputs back to the user's shape and units."""
        if self.kind == "channels_last":
            values = np.moveaxis(values, 1, -1)
        if self.scale != 1.0:
            values = values / np.float32(self.scale)
        return np.ascontiguousarray(values.reshape(len(values), *self.shape))


def infer_layout(
    array: NDArray[Any],
    layout: LayoutChoice,
    words: str,
    columns: tuple[str, ...] | None = None,
) -> Layout:
    """The layout of an array of samples.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        The samples.
    layout : {"auto", "first", "last"}
        Where the channels of images with 4 dimensions are; "auto" looks for 1, 3 or 4.
    words : str
        The words for the task in messages.
    columns : tuple of str or None, default=None
        The names of the features.

    Returns
    -------
    layout : Layout

    Raises
    ------
    ValueError
        If the channels cannot be told from the shape.
    """
    shape = array.shape[1:]
    kind: LayoutKind
    if array.ndim == 3:
        kind = "image"
    elif array.ndim == 4:
        kind = _channel_kind(array.shape, layout, words)
    else:
        return Layout(shape, "vector", columns=columns)
    return Layout(shape, kind, 1 / 255 if array.dtype == np.uint8 else 1.0)


def _channel_kind(
    shape: tuple[int, ...], layout: LayoutChoice, words: str
) -> LayoutKind:
    if layout != "auto":
        return "channels_first" if layout == "first" else "channels_last"
    first, last = shape[1] in _N_CHANNELS, shape[3] in _N_CHANNELS
    if first != last:
        return "channels_first" if first else "channels_last"
    why = (
        "both its second and its last axis could be the channels"
        if first
        else "neither its second nor its last axis has 1, 3 or 4 channels"
    )
    raise ValueError(
        f"{words} has shape {shape}, and {why}; set the parameter "
        "layout='first' or layout='last'."
    )
