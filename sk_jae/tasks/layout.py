"""How the samples of a task lie in memory, and what a module sees of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from math import prod
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import SampleArray
from sk_jae.tasks.moments import extremes_of
from sk_jae.tasks.scaling import Scaling
from sk_jae.tasks.task_axis import TaskAxis

__all__ = ["Layout", "LayoutKind"]

LayoutKind: TypeAlias = Literal[
    "vector", "image", "channels_first", "channels_last", "signal"
]

# Images whose largest value is between this and 255 have the units of uint8.
_LIKE_BYTES = 64.0
_LARGEST_FRACTION, _LARGEST_STANDARDIZED, _SMALLEST = 2.0, 100.0, 0.01


@dataclass(frozen=True)
class Layout:
    """The layout of one task's samples.

    Attributes
    ----------
    shape : tuple of int
        Shape of one sample as the user gives it.
    kind : {"vector", "image", "channels_first", "channels_last", "signal"}
        A vector; an image without channels, with channels first, or last; a signal.
    scale : float
        Factor from the user's units to the module's, for images: see `with_units`.
    columns : tuple of str or None
        The names of the features, if the samples came as a dataframe.
    largest : float or None
        The size of the largest value in `fit`, for images; 255 for those of `uint8`
        that have its units.
    dtype : {"float32", "uint8"}
        The dtype of what comes back to the user.
    unflattened : tuple of int or None
        Shape of one sample before it was flattened, if it was: (height, width),
        (channels, height, width) or (height, width, channels), (channels, time).
    column_dtypes : tuple of str or None
        The dtypes that `columns` had in `fit`. Others are read all the same.
    scaling : Scaling or None
        How vectors and signals are brought to one mean and spread, if they are.
    given : str or None
        The dtype of the samples in `fit`, which an exported program takes.
    axis : TaskAxis or None
        Where the features lie, if `shared_input` says so.
    """

    shape: tuple[int, ...]
    kind: LayoutKind
    scale: float = 1.0
    columns: tuple[str, ...] | None = None
    largest: float | None = None
    dtype: Literal["float32", "uint8"] = "float32"
    scaling: Scaling | None = field(default=None, compare=False)
    unflattened: tuple[int, ...] | None = None
    column_dtypes: tuple[str, ...] | None = field(default=None, compare=False)
    given: str | None = field(default=None, compare=False)
    axis: TaskAxis | None = field(default=None, compare=False)

    @property
    def sample_shape(self) -> tuple[int, ...]:
        """Shape of one sample with its axes, also if the user gives it flattened."""
        return self.unflattened or self.shape

    @property
    def module_shape(self) -> tuple[int, ...]:
        """(features,), (channels, height, width), or (channels, time) for signals."""
        shape = self.sample_shape
        if self.kind == "vector":
            return (prod(shape) if self.scaling is None else self.scaling.n_values,)
        if self.kind == "image":
            return (1, *shape)
        if self.kind == "channels_last":
            return (shape[2], *shape[:2])
        return shape

    @property
    def is_image(self) -> bool:
        return self.kind not in ("vector", "signal")

    def scale_of_columns(
        self, places: Sequence[int] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The mean and the spread of some columns of a standardized table, or of all.

        Those of an axis are interpolated at its common points.
        """
        assert self.scaling is not None
        mean, spread = self.scaling.mean, self.scaling.spread
        if self.axis is not None:
            return self.axis.interpolated(mean), self.axis.interpolated(spread)
        if places is None:
            return mean, spread
        chosen = np.asarray(places)
        return mean[chosen], spread[chosen]

    def from_module(self, values: NDArray[np.float32]) -> NDArray[Any]:
        """Bring outputs of the module back to the user's shape, units and `uint8`."""
        if self.kind == "channels_last":
            values = np.moveaxis(values, 1, -1)
        found: NDArray[Any] = values
        if self.scaling is not None:
            largest = np.finfo(np.float32).max
            values = values.reshape(len(values), prod(values.shape[1:]))
            found = self.scaling.undo(values).clip(-largest, largest)
            found = found.astype(np.float32)
        found = found.reshape(len(values), *self.shape)
        if self.scale != 1.0:
            found = found / np.float32(self.scale)
        if self.dtype == "uint8":
            found = np.rint(found.clip(0, 255)).astype(np.uint8)
        return np.ascontiguousarray(found)

    def with_units(self, array: SampleArray) -> Layout:
        """Add to the layout what the values of the samples tell about their units.

        Images are brought to about 1 in size, since modules learn badly from values of
        another size. Those whose values look like the units of `uint8` (from 0 up to
        255) are divided by 255. Whatever has much larger or much smaller values, such
        as masks or a few gray levels in `uint8`, is divided by the largest.

        Parameters
        ----------
        array : ndarray of shape (n_samples, ...)
            The samples of `fit`: finite numbers.

        Returns
        -------
        layout : Layout
        """
        dtype: Literal["float32", "uint8"] = "float32"
        if array.dtype == np.uint8:
            dtype = "uint8"
        given = array.dtype.name
        if not self.is_image or not array.size:
            return replace(self, dtype=dtype, given=given)
        low, high = extremes_of(array)
        scale, largest = _image_scale(low, high), max(-low, high)
        if dtype == "uint8" and not 0 < largest <= _LIKE_BYTES:
            scale, largest = 1 / 255, 255.0
        return replace(self, scale=scale, largest=largest, dtype=dtype, given=given)


def _image_scale(low: float, high: float) -> float:
    largest = max(-low, high)
    if low >= 0 and _LIKE_BYTES < high <= 255:
        return 1 / 255
    # Fractions may be a little above 1, and standardized values far above.
    most = _LARGEST_FRACTION if low >= 0 else _LARGEST_STANDARDIZED
    return 1.0 if _SMALLEST < largest <= most or not largest else 1 / largest
