"""The scaling of vectors along the directions in which all their rows vary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray
from sk_jae.tasks.row_streams import blocks_of
from sk_jae.tasks.scaling import Scaling, scaling_of, standardized_values
from sk_jae.tasks.task_axis import TaskAxis

__all__ = [
    "AxisWhitening",
    "Whitening",
    "are_spectra",
    "joined_whitening",
    "whitenings_of",
]

# Directions with a smaller part of the largest variance are rounding.
_SMALLEST_VARIANCE = 1e-12

# Standardized columns vary along fewer directions than this, and neighbors are almost
# equal, in spectra and in little else.
_MOST_DIRECTIONS, _ALIKE = 1.5, 0.99
_MOST_ROWS = 500

# The products of the columns are added up over blocks of so many values.
_VALUES_PER_BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class Whitening(Scaling):
    """How the rows of one task are projected on common directions, and back.

    Attributes
    ----------
    directions : ndarray of float64 of shape (n_features, n_values)
        Orthonormal columns, in which the rows of all tasks vary.
    sizes : ndarray of float64 of shape (n_values,)
        What the projection on each direction is divided by.
    group : int
        Tasks with the same number have the same directions.
    """

    directions: NDArray[np.float64]
    sizes: NDArray[np.float64]
    group: int = 0

    @property
    def n_values(self) -> int:
        return len(self.sizes)

    @property
    def factor(self) -> NDArray[np.float64]:
        return self.directions / self.sizes

    @property
    def relative_sizes(self) -> NDArray[np.float64]:
        # Distances are the same along orthonormal directions.
        return self.sizes / self.unit

    def undo(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        with np.errstate(under="ignore", over="ignore"):
            projected = standardized_values(values) * self.sizes
            return projected @ self.directions.T + self.mean

    def undo_relative(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        with np.errstate(under="ignore"):
            projected = standardized_values(values) * self.relative_sizes
            return projected @ self.directions.T


@dataclass(frozen=True, eq=False, kw_only=True)
class AxisWhitening(Whitening):
    """A whitening of vectors whose features are not those of the common axis.

    The first values are the projections of the interpolated features on the directions
    that all tasks have in common, which is what the shared branch sees. The others are
    those of the task's own features on its own directions, and alone lead back.

    Attributes
    ----------
    directions : ndarray of float64 of shape (n_features, n_values)
        The columns of the first values are 0.
    sizes : ndarray of float64 of shape (n_values,)
    common_directions : ndarray of float64 of shape (n_common, n_common_values)
    axis : TaskAxis
    """

    common_directions: NDArray[np.float64]
    axis: TaskAxis

    @property
    def n_common_values(self) -> int:
        return int(self.common_directions.shape[1])

    @property
    def factor(self) -> NDArray[np.float64]:
        n = self.n_common_values
        interpolated = self.axis.spread_out(self.common_directions)
        together = np.concatenate([interpolated, self.directions[:, n:]], axis=1)
        return together / self.sizes

    @property
    def relative_sizes(self) -> NDArray[np.float64]:
        sizes = self.sizes / self.unit
        sizes[: self.n_common_values] = 0.0
        return sizes


def whitenings_of(
    arrays: Sequence[SampleArray],
    kinds: Sequence[object],
    axes: Sequence[TaskAxis | None] | None = None,
) -> list[Whitening]:
    """Find the whitening of the rows of each task.

    Each task is centered by its own mean. The directions V and the variances v are
    those of the centered rows of all tasks of one kind together, and

        x' = V^T (x - mean) / sqrt(v + e)

    with the e for which sum_i v_i / (v_i + e) is the square root of the number of rows.
    Directions of small variance, in which there is more noise, are thus not made equal
    to the others.

    Parameters
    ----------
    arrays : sequence of ndarray or LazyArray of shape (n_samples_t, n_features_t)
        Finite numbers.
    kinds : sequence of hashable
        Tasks of equal kind have the same features, or the same common axis.
    axes : sequence of (TaskAxis or None) or None, default=None
        The axes of the features.

    Returns
    -------
    whitenings : list of Whitening

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks.whitening import whitenings_of
    >>> x = np.array([[1.0, 1.0], [-1.0, -1.0], [0.01, -0.01], [-0.01, 0.01]])
    >>> (found,) = whitenings_of([x], ["table"])
    >>> np.abs(x @ found.factor).max(axis=0).round(2)
    array([1.41, 1.41])
    """
    scalings = [scaling_of(array) for array in arrays]
    names = list(dict.fromkeys(kinds))
    found: dict[int, Whitening] = {}
    for group, name in enumerate(names):
        own = [t for t, kind in enumerate(kinds) if kind == name]
        unit = max(scalings[t].unit for t in own)
        own_axes = [axes[t] if axes else None for t in own]
        rows = _CenteredRows(
            [arrays[t] for t in own], [scalings[t] for t in own], unit, own_axes
        )
        directions, sizes = _directions(rows)
        for t, axis in zip(own, own_axes, strict=True):
            mean, spread = scalings[t].mean, scalings[t].spread
            common = Whitening(mean, spread, directions, sizes * unit, group)
            found[t] = common
            if axis is not None and not axis.is_common:
                alone = _CenteredRows([arrays[t]], [scalings[t]], unit)
                own_directions, own_sizes = _directions(alone)
                apart = Whitening(mean, spread, own_directions, own_sizes * unit)
                found[t] = joined_whitening(apart, common, axis)
    return [found[t] for t in range(len(arrays))]


def joined_whitening(
    own: Whitening, other: Whitening, axis: TaskAxis | None = None
) -> Whitening:
    """The whitening of a task around its own mean, in the directions of another.

    With an axis these are directions of interpolated features, if others than its own.
    """
    directions, sizes = other.directions, other.sizes
    if isinstance(other, AxisWhitening):
        directions = other.common_directions
        sizes = sizes[: other.n_common_values]
    if axis is None or axis.is_common:
        return Whitening(own.mean, own.spread, directions, sizes, other.group)
    nothing = np.zeros((len(own.mean), directions.shape[1]))
    return AxisWhitening(
        own.mean,
        own.spread,
        np.concatenate([nothing, own.directions], axis=1),
        np.concatenate([sizes, own.sizes]),
        other.group,
        common_directions=directions,
        axis=axis,
    )


def are_spectra(array: SampleArray) -> bool:
    """Tell whether vectors are smooth curves that differ mostly in one direction.

    Standardization leaves that direction as large as it is. What one wants to know of
    spectra lies in others, and is then not found.

    Parameters
    ----------
    array : ndarray of shape (n_samples, n_features)
        Finite numbers.

    Returns
    -------
    are_spectra : bool
        Whether (sum_i v_i)^2 / sum_i v_i^2 is less than 1.5 for the variances v of the
        standardized columns along their directions, and neighboring columns are almost
        equal. There must be more columns than the square root of the number of rows.
    """
    n = len(array)
    if array.shape[1] <= max(np.sqrt(n), 2.0) or n < 3:
        return False
    chosen = np.linspace(0, n - 1, min(n, _MOST_ROWS)).astype(int)
    rows = array[array.spread(_MOST_ROWS) if isinstance(array, LazyArray) else chosen]
    scaling = scaling_of(rows)
    z = (rows.astype(np.float64) - scaling.mean) * scaling.factor
    if (_correlations(z[:, 1:], z[:, :-1]) < _ALIKE).mean() > 1 - _ALIKE:
        return False
    products = z @ z.T if len(z) < z.shape[1] else z.T @ z
    return bool(np.trace(products) ** 2 < _MOST_DIRECTIONS * (products**2).sum())


def _correlations(
    one: NDArray[np.float64], other: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The correlation of each standardized column with that of the other table."""
    found: NDArray[np.float64] = (one * other).mean(axis=0)
    return found


class _CenteredRows:
    """The rows of several tables without their means, in blocks.

    Parameters
    ----------
    arrays : sequence of ndarray or LazyArray of shape (n_samples_t, ...)
    scalings : sequence of Scaling
    unit : float
        What all values are divided by.
    axes : sequence of (TaskAxis or None) or None, default=None
        At whose common points the rows are interpolated.
    """

    def __init__(
        self,
        arrays: Sequence[SampleArray],
        scalings: Sequence[Scaling],
        unit: float,
        axes: Sequence[TaskAxis | None] | None = None,
    ) -> None:
        self._arrays, self._scalings, self._unit = arrays, scalings, unit
        self._axes = axes or [None] * len(arrays)
        first = self._axes[0]
        n_columns = len(scalings[0].mean if first is None else first.common)
        self.shape = (sum(map(len, arrays)), n_columns)

    def blocks(self) -> Iterator[NDArray[np.float64]]:
        """Rows in float64; all of them if there are not many values."""
        if self.shape[0] * self.shape[1] <= _VALUES_PER_BLOCK:
            yield self.whole()
            return
        n = max(1, _VALUES_PER_BLOCK // self.shape[1])
        for t, array in enumerate(self._arrays):
            for _, block in blocks_of(array, n):
                for start in range(0, len(block), n):
                    yield self._centered(t, block[start : start + n])

    def whole(self) -> NDArray[np.float64]:
        """All rows."""
        return np.concatenate(
            [self._centered(t, np.asarray(own)) for t, own in enumerate(self._arrays)]
        )

    def _centered(self, t: int, array: NDArray[Any]) -> NDArray[np.float64]:
        rows, axis = _centered(array, self._scalings[t], self._unit), self._axes[t]
        return rows if axis is None else axis.interpolated(rows)


def _centered(
    array: NDArray[Any], scaling: Scaling, unit: float
) -> NDArray[np.float64]:
    array = array.reshape(len(array), -1)
    with np.errstate(under="ignore"):
        centered: NDArray[np.float64] = (array.astype(np.float64) - scaling.mean) / unit
        centered[:, scaling.spread == 0] = 0.0
    return centered


@np.errstate(under="ignore")
def _directions(
    rows: _CenteredRows,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The orthonormal directions of centered rows, and their sizes."""
    n, n_features = rows.shape
    if n_features <= n:
        products = sum(block.T @ block for block in rows.blocks())
        variances, directions = np.linalg.eigh(products / n)
    else:  # the same from products of the rows, which are fewer
        all_rows = rows.whole()
        variances, weights = np.linalg.eigh(all_rows @ all_rows.T / n)
        directions = all_rows.T @ weights
    kept = variances > _SMALLEST_VARIANCE * max(variances[-1], np.finfo(float).tiny)
    if not kept.any():  # nothing varies
        return np.zeros((n_features, 1)), np.ones(1)
    variances, directions = variances[kept][::-1], directions[:, kept][:, ::-1]
    directions = directions / np.linalg.norm(directions, axis=0)
    # The sign of a direction is arbitrary.
    largest = np.abs(directions).argmax(axis=0)
    signs = np.sign(directions[largest, np.arange(len(variances))])
    return directions * signs, np.sqrt(variances + _ridge(variances, np.sqrt(n)))


@np.errstate(under="ignore")
def _ridge(variances: NDArray[np.float64], n_effective: float) -> float:
    """The e for which sum_i v_i / (v_i + e) is `n_effective`."""
    if len(variances) <= n_effective:
        return 0.0

    def excess(e: float) -> float:
        return float((variances / (variances + e)).sum()) - n_effective

    return float(brentq(excess, 0.0, variances.sum(), xtol=1e-300, rtol=1e-12))
