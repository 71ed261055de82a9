"""The axis of the features of one task, and the one that all tasks have in common."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["TaskAxis"]

Neighbors: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]


@dataclass(frozen=True, eq=False)
class TaskAxis:
    """Where the features of a task lie, and where those that the shared branch sees.

    Attributes
    ----------
    points : ndarray of float64 of shape (n_points,)
        Where each feature, or each time step of signals, lies. They rise or fall.
    common : ndarray of float64 of shape (n_common,)
        What the shared branch sees, within the range of the points.
    """

    points: NDArray[np.float64]
    common: NDArray[np.float64]

    @property
    def is_common(self) -> bool:
        """Whether the points are those that the shared branch sees."""
        return np.array_equal(self.points, self.common)

    @property
    def neighbors(self) -> Neighbors:
        """The places on both sides of each common point, and how far it is between."""
        n = len(self.points)
        order = np.arange(n)
        if self.points[0] > self.points[-1]:
            order = order[::-1]
        rising = self.points[order]
        upper = np.searchsorted(rising, self.common).clip(1, n - 1)
        lower = upper - 1
        part = (self.common - rising[lower]) / (rising[upper] - rising[lower])
        return order[lower], order[upper], part

    def interpolated(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """Values (..., n_points) at the common points, (..., n_common)."""
        lower, upper, part = self.neighbors
        found: NDArray[np.float64] = values[..., lower] * (1 - part)
        return found + values[..., upper] * part

    def spread_out(self, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
        """A matrix for interpolated values (n_common, m) as one for values."""
        lower, upper, part = self.neighbors
        found = np.zeros((len(self.points), matrix.shape[1]))
        np.add.at(found, lower, matrix * (1 - part)[:, None])
        np.add.at(found, upper, matrix * part[:, None])
        return found
