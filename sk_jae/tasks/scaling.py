"""The scaling of vectors: each column of a task by its own mean and spread."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LINEAR_RANGE", "Scaling", "scaling_of"]

# Standardized values up to this size are left as they are. Beyond, they grow like a
# logarithm, so that a few extreme values do not outweigh all others.
LINEAR_RANGE = 4.0

_VALUES_PER_BLOCK = 2**16


@dataclass(frozen=True, eq=False)
class Scaling:
    """How the columns of one task are brought to mean 0 and spread 1, and back.

    Attributes
    ----------
    mean, spread : ndarray of float64 of shape (n_features,)
        In the units of the user. The spread is the standard deviation, and 0 for a
        column that is constant, which becomes 0 whatever it holds later.
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]

    @property
    def factor(self) -> NDArray[np.float64]:
        """What a value is multiplied by after the mean is subtracted."""
        varies = self.spread > 0
        factor = np.zeros_like(self.spread)
        factor[varies] = 1 / self.spread[varies]
        return factor

    def undo(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring scaled values (n, n_features) back to the units of the user."""
        with np.errstate(under="ignore"):
            size = np.abs(values.astype(np.float64))
            beyond = np.expm1(np.maximum(size - LINEAR_RANGE, 0)) + LINEAR_RANGE
            size = np.where(size > LINEAR_RANGE, beyond, size)
            signed: NDArray[np.float64] = np.where(values < 0, -size, size)
            return signed * self.spread + self.mean


def scaling_of(array: NDArray[Any]) -> Scaling:
    """Find the scaling of the samples of one task.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    scaling : Scaling
    """
    n = len(array)
    with np.errstate(under="ignore"):
        largest = np.abs(np.stack([_most(block) for block in _blocks(array)])).max(0)
        # Squares of values in units of the largest one are finite.
        unit = np.where(largest > 0, largest, 1.0)
        mean = sum((b / unit).sum(0) for b in _blocks(array)) / n
        squares = sum(((b / unit - mean) ** 2).sum(0) for b in _blocks(array))
        spread = np.sqrt(squares / n)
        rounding = _rounding(array.dtype)
        spread = np.where(spread > rounding, spread * unit, 0.0)
        return Scaling(mean * unit, spread)


def _blocks(array: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    """The rows in float64, a few at a time."""
    n = max(1, _VALUES_PER_BLOCK // array.shape[1])
    for start in range(0, len(array), n):
        yield array[start : start + n].astype(np.float64)


def _most(block: NDArray[np.float64]) -> NDArray[np.float64]:
    most: NDArray[np.float64] = np.maximum(block.max(0), -block.min(0))
    return most


def _rounding(dtype: np.dtype[Any]) -> float:
    """The spread that rounding alone can give, for values of up to 1 in size."""
    kind = dtype if dtype.kind == "f" else np.dtype(np.float64)
    return 4 * float(np.finfo(kind).eps)
