"""Extremes, means and spreads of columns, from rows that are read only once."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray
from sk_jae.tasks.row_streams import blocks_of

__all__ = ["Moments", "extremes_of", "moments_of"]

_VALUES_PER_BLOCK = 2**16


class Moments:
    """What is known of columns after some of their rows have been read.

    Attributes
    ----------
    low, high : ndarray of float64 of shape (n_features,)
        The least and the largest value of each column, NaN if one of its values is.
    n : float
        The number of rows, or the sum of their weights.
    mean, squares : ndarray of float64 of shape (n_features,)
        The mean, and the sum of the squared distances from it, in units of `unit`, so
        that the squares of finite values are finite.
    """

    def __init__(self) -> None:
        self.low: Any = np.inf
        self.high: Any = -np.inf
        self.n: Any = 0.0
        self.mean: Any = 0.0
        self.squares: Any = 0.0

    @property
    def unit(self) -> NDArray[np.float64]:
        """The size of the largest value of each column, 1 if all are 0."""
        largest = np.maximum(self.high, -self.low)
        return np.where(largest > 0, largest, 1.0)

    @property
    def spread(self) -> NDArray[np.float64]:
        """The standard deviation of each column, in units of `unit`."""
        spread: NDArray[np.float64] = np.sqrt(self.squares / self.n)
        return spread

    def add(
        self, block: NDArray[np.float64], weights: NDArray[np.float64] | None
    ) -> None:
        """Take in rows (n, n_features) and their weights (n, 1)."""
        before = self.unit
        self.low = np.minimum(self.low, block.min(0))
        self.high = np.maximum(self.high, block.max(0))
        unit = self.unit
        change = before / unit if self.n else 1.0
        n = float(len(block)) if weights is None else weights.sum()
        if n == 0:
            self.mean, self.squares = self.mean * change, self.squares * change**2
            return
        values = block / unit
        mean = _sum(values, weights) / n
        squares = _sum((values - mean) ** 2, weights)
        moved = mean - self.mean * change
        total = self.n + n
        self.mean = self.mean * change + moved * (n / total)
        # Sums of squares of two parts; Chan, Golub and LeVeque (1979).
        between = moved**2 * (self.n * n / total)
        self.squares = self.squares * change**2 + squares + between
        self.n = total


def moments_of(
    array: SampleArray, weights: NDArray[np.float64] | None = None
) -> Moments:
    """The moments of all columns; those of what is not in memory are kept.

    Parameters
    ----------
    array : ndarray or LazyArray of shape (n_samples, ...)
        Numbers, of which all of a sample are its features.
    weights : ndarray of shape (n_samples,) or None, default=None
        How much each sample counts; None lets all count alike.

    Returns
    -------
    moments : Moments
    """
    if weights is not None or not isinstance(array, LazyArray):
        return _moments(array, weights)
    if array.moments is None:
        array.moments = _moments(array, None)
    found: Moments = array.moments
    return found


def _moments(array: SampleArray, weights: NDArray[np.float64] | None) -> Moments:
    moments = Moments()
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):
        for block, own in _blocks(array, weights):
            moments.add(block, own)
    return moments


def extremes_of(array: SampleArray) -> tuple[float, float]:
    """The least and the largest value, both NaN if there is one."""
    if not isinstance(array, LazyArray):
        with np.errstate(invalid="ignore"):
            return float(array.min()), float(array.max())
    if array.extremes is None:
        array.extremes = _extremes(array)
    return array.extremes


def _extremes(array: LazyArray) -> tuple[float, float]:
    if array.ndim == 2 and array.dtype.kind == "f":
        # Such columns are scaled later, which need not read them again.
        moments = moments_of(array)
        return float(moments.low.min()), float(moments.high.max())
    with np.errstate(invalid="ignore"):
        found = [(block.min(), block.max()) for _, block in blocks_of(array)]
        low, high = zip(*found, strict=True)
        return float(np.min(low)), float(np.max(high))


def _blocks(
    array: SampleArray, weights: NDArray[np.float64] | None
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """The rows in float64 and their weights, a few at a time."""
    n = max(1, _VALUES_PER_BLOCK // prod(array.shape[1:]))
    for rows, block in blocks_of(array, n):
        own = None if weights is None else weights[rows, None]
        for start in range(0, len(block), n):
            some = slice(start, start + n)
            values = block[some].astype(np.float64)
            yield values.reshape(len(values), -1), None if own is None else own[some]


def _sum(
    values: NDArray[np.float64], weights: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    total: NDArray[np.float64] = (values if weights is None else values * weights).sum(
        0
    )
    return total
