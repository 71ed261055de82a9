"""One scale for the columns of tables that are standardized by their own means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import ColumnScale

__all__ = [
    "MeanAndSpread",
    "common_scales",
    "difference_of_means",
    "differences_of_means",
    "kept_difference",
    "mean_and_variance",
]

MeanAndSpread: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

# How much of a difference between means is kept, in standard deviations. Where half of
# the columns differ by more than _LARGE, something else than the samples is different,
# such as the instrument, and less is kept.
_KEPT, _KEPT_IF_LARGE, _LARGE = 0.7, 0.25, 0.5


def common_scales(
    labeled: Sequence[MeanAndSpread],
    unlabeled: Sequence[MeanAndSpread],
    alike: Sequence[bool],
) -> tuple[ColumnScale, list[ColumnScale]]:
    """Return the scales of the labeled tables and of each unlabeled one.

    Every table is standardized by its own means. That removes what an instrument adds
    to a column, but also a difference that is real, such as one between tasks in which
    the classes are not equally frequent. So small differences are given back, and
    columns that differ much count less. A table that is alike gets all back.

    Parameters
    ----------
    labeled, unlabeled : sequence of (ndarray, ndarray) of shape (n_columns,)
        The mean of each column of these tables, and its standard deviation, which is 0
        for a column that is constant.
    alike : sequence of bool
        The unlabeled tables that differ from labeled ones by their samples alone, and
        not by an instrument.

    Returns
    -------
    scale : ColumnScale
        That of all labeled tables.
    scales : list of ColumnScale
        Those of the unlabeled tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.nn import common_scales
    >>> one = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    >>> other = np.array([0.2, 6.0]), np.array([1.0, 1.0])
    >>> scale, (scale_of_other,) = common_scales([one], [other], [False])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 0.25]
    >>> [round(value, 2) for value in scale.factor]
    [1.0, 0.32]
    >>> scale, (scale_of_other,) = common_scales([one], [other], [True])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 6.0]
    """
    (mean, spread), differences = differences_of_means(labeled, unlabeled)
    variance = spread**2
    # The standard deviation of two tables together is larger by this factor.
    inflation = np.sqrt(1 + np.mean([d**2 for d in differences], axis=0) / 4)
    own = [s for (_, s), is_alike in zip(unlabeled, alike, strict=True) if is_alike]
    together = np.sqrt(np.mean([variance, *(s**2 for s in own)], axis=0))
    factor = _ratio(spread, together) / inflation
    scales = []
    for difference, (m, s), is_alike in zip(differences, unlabeled, alike, strict=True):
        if is_alike:
            # A constant column has no unit of its own, and is moved alone.
            unit = np.where(s > 0, s, np.where(together > 0, together, 1.0))
            own_factor = _ratio(unit, together) / inflation
            scales.append(_scale((m - mean) / unit, own_factor, is_common=True))
        else:
            scales.append(_scale(kept_difference(difference), factor))
    return _scale(np.zeros_like(mean), factor), scales


def _ratio(
    spread: NDArray[np.float64], together: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.divide(spread, together, out=np.ones_like(spread), where=together > 0)


def _scale(
    offset: NDArray[np.float64], factor: NDArray[np.float64], *, is_common: bool = False
) -> ColumnScale:
    return ColumnScale(tuple(offset.tolist()), tuple(factor.tolist()), is_common)


def mean_and_variance(tables: Sequence[MeanAndSpread]) -> MeanAndSpread:
    """The mean of tables that count alike, and the variance within them."""
    mean: NDArray[np.float64] = np.mean([m for m, _ in tables], axis=0)
    return mean, np.mean([s**2 for _, s in tables], axis=0)


def differences_of_means(
    labeled: Sequence[MeanAndSpread], unlabeled: Sequence[MeanAndSpread]
) -> tuple[MeanAndSpread, list[NDArray[np.float64]]]:
    """The mean and the spread of labeled tables, and how far others are from them."""
    mean, variance = mean_and_variance(labeled)
    differences = [difference_of_means(mean, variance, table) for table in unlabeled]
    return (mean, np.sqrt(variance)), differences


def difference_of_means(
    mean: NDArray[np.float64], variance: NDArray[np.float64], table: MeanAndSpread
) -> NDArray[np.float64]:
    """How far a table is from others, in standard deviations."""
    m, s = table
    both = np.sqrt((variance + s**2) / 2)
    # A column that is constant in all tables tells nothing.
    return np.divide(m - mean, both, out=np.zeros_like(both), where=both > 0)


def kept_difference(difference: NDArray[np.float64]) -> NDArray[np.float64]:
    """The part of the differences of the columns that may be one of the samples."""
    is_large = np.median(np.abs(difference)) > _LARGE
    most = _KEPT_IF_LARGE if is_large else _KEPT
    return difference.clip(-most, most)
