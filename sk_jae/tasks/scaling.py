"""The scaling of vectors and signals: each column or channel by its own spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import SampleArray
from sk_jae.tasks.moments import moments_of

__all__ = [
    "LARGEST_EXPONENT",
    "LINEAR_RANGE",
    "Scaling",
    "scaling_of",
    "scaling_of_signals",
    "standardized_values",
]

# Standardized values up to this size are left as they are. Beyond, they grow like a
# logarithm, so that a few extreme values do not outweigh all others.
LINEAR_RANGE = 4.0

# What a module makes of strange samples may be of any size. Its exponential, times any
# usual spread, is still a number of float32.
LARGEST_EXPONENT = 80.0


@dataclass(frozen=True, eq=False)
class Scaling:
    """How the columns of one task are brought to mean 0 and spread 1, and back.

    Attributes
    ----------
    mean, spread : ndarray of float64 of shape (n_features,)
        In the units of the user. The spread is the standard deviation, and 0 for a
        column that is constant, which becomes 0 whatever it holds later. Of signals,
        which are flattened for it, all time steps of a channel have those of the
        channel.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def n_values(self) -> int:
        """The number of values that the module sees of a sample."""
        return len(self.mean)

    @property
    def relative_sizes(self) -> NDArray[np.float64]:
        """The sizes of the scaled values in units of the user, divided by `unit`."""
        return self.spread / self.unit

    @property
    def factor(self) -> NDArray[np.float64]:
        """What a value is multiplied by after the mean is subtracted."""
        varies = self.spread > 0
        factor = np.zeros_like(self.spread)
        factor[varies] = 1 / self.spread[varies]
        return factor

    @property
    def unit(self) -> float:
        """The largest spread of a column."""
        return float(self.spread.max()) or 1.0

    def seen(self, array: NDArray[Any]) -> NDArray[np.float32]:
        """A few samples of the user (n, n_features) as the module sees them."""
        with np.errstate(under="ignore"):
            moved, factor = array.astype(np.float64) - self.mean, self.factor
            values = moved @ factor if factor.ndim == 2 else moved * factor
            size = np.abs(values)
            beyond = np.log1p((size - LINEAR_RANGE).clip(0)) + LINEAR_RANGE
            seen = np.where(size > LINEAR_RANGE, np.copysign(beyond, values), values)
            return np.asarray(seen, dtype=np.float32)

    def undo(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring scaled values (n, n_features) back to the units of the user."""
        with np.errstate(under="ignore", over="ignore"):
            return standardized_values(values) * self.spread + self.mean

    def undo_relative(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """The same without the mean, divided by `unit`."""
        with np.errstate(under="ignore"):
            return standardized_values(values) * self.relative_sizes

    def relative(self, array: NDArray[Any]) -> NDArray[np.float64]:
        """Samples of the user (n, n_features) without the mean, divided by `unit`."""
        with np.errstate(under="ignore"):
            moved: NDArray[np.float64] = array.astype(np.float64) - self.mean
            return moved / self.unit


def scaling_of(
    array: SampleArray, weights: NDArray[np.float64] | None = None
) -> Scaling:
    """Find the scaling of the samples of one task.

    Parameters
    ----------
    array : ndarray or LazyArray of shape (n_samples, ...)
        Finite numbers, of which all of a sample are its features.
    weights : ndarray of shape (n_samples,) or None, default=None
        How much each sample counts; None lets all count alike.

    Returns
    -------
    scaling : Scaling
    """
    moments = moments_of(array, weights)
    unit, spread = moments.unit, moments.spread
    with np.errstate(under="ignore"):
        spread = np.where(spread > _rounding(array.dtype), spread * unit, 0.0)
        return Scaling(moments.mean * unit, spread)


def scaling_of_signals(
    array: SampleArray,
    weights: NDArray[np.float64] | None = None,
    shape: tuple[int, ...] = (),
) -> Scaling:
    """Find the scaling of signals, which is one for all time steps of a channel.

    Parameters
    ----------
    array : ndarray or LazyArray of shape (n_samples, n_channels, n_steps)
        Finite numbers.
    weights : ndarray of shape (n_samples,) or None, default=None
        How much each sample counts; None lets all count alike.
    shape : tuple of int, default=()
        (n_channels, n_steps) if the samples have come in another shape.

    Returns
    -------
    scaling : Scaling
    """
    n_channels, n_steps = shape or array.shape[1:]
    steps = scaling_of(array, weights)
    means = steps.mean.reshape(n_channels, n_steps)
    spreads = steps.spread.reshape(n_channels, n_steps)
    unit = np.maximum(np.abs(means).max(1), spreads.max(1))[:, None]
    unit = np.where(unit > 0, unit, 1.0)  # so that squares are finite
    mean = (means / unit).mean(1, keepdims=True)
    between = ((means / unit - mean) ** 2).mean(1, keepdims=True)
    spread = np.sqrt(((spreads / unit) ** 2).mean(1, keepdims=True) + between)
    spread = np.where(spread > _rounding(array.dtype), spread, 0.0)
    each = np.ones((1, n_steps))
    return Scaling((mean * unit * each).reshape(-1), (spread * unit * each).reshape(-1))


def standardized_values(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scaled values as multiples of the spread of their columns."""
    size = np.abs(values.astype(np.float64))
    exponent = (size - LINEAR_RANGE).clip(0, LARGEST_EXPONENT)
    size = np.where(size > LINEAR_RANGE, np.expm1(exponent) + LINEAR_RANGE, size)
    signed: NDArray[np.float64] = np.where(values < 0, -size, size)
    return signed


def _rounding(dtype: np.dtype[Any]) -> float:
    """The spread that rounding alone can give, for values of up to 1 in size."""
    kind = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return 4 * float(np.finfo(kind).eps)
