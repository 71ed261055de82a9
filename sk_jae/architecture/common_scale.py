"""One scale for the columns of the tables of all tasks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["ColumnScale", "MeanAndSpread", "common_scales"]

MeanAndSpread: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

# How much of a difference between means is kept, in standard deviations. Where half of
# the columns differ by more than _LARGE, something else than the samples is different,
# such as the instrument, and less is kept.
_KEPT, _KEPT_IF_LARGE, _LARGE = 0.7, 0.25, 0.5


@dataclass(frozen=True)
class ColumnScale:
    """How the shared branch moves and weighs the standardized columns of a task.

    Attributes
    ----------
    offset, factor : tuple of float, one per column
        A value z becomes ``(z + offset) * factor``.

    Examples
    --------
    >>> from sk_jae.architecture import ColumnScale
    >>> ColumnScale(offset=(0.5, 0.0), factor=(1.0, 0.8)).factor
    (1.0, 0.8)
    """

    offset: tuple[float, ...]
    factor: tuple[float, ...]


def common_scales(
    labeled: Sequence[MeanAndSpread], unlabeled: Sequence[MeanAndSpread]
) -> tuple[ColumnScale, list[ColumnScale]]:
    """Return the scales of the labeled tables and of each unlabeled one.

    Every table is standardized by its own means. That removes what an instrument adds
    to a column, but also a difference that is real, such as one between tasks in which
    the classes are not equally frequent. So small differences are given back, and
    columns that differ much count less.

    Parameters
    ----------
    labeled, unlabeled : sequence of (ndarray, ndarray) of shape (n_columns,)
        The mean of each column of these tables, and its standard deviation, which is 0
        for a column that is constant.

    Returns
    -------
    scale : ColumnScale
        That of all labeled tables.
    scales : list of ColumnScale
        Those of the unlabeled tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.architecture import common_scales
    >>> one = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    >>> other = np.array([0.2, 6.0]), np.array([1.0, 1.0])
    >>> scale, (scale_of_other,) = common_scales([one], [other])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 0.25]
    >>> [round(value, 2) for value in scale.factor]
    [1.0, 0.32]
    """
    mean = np.mean([m for m, _ in labeled], axis=0)
    variance = np.mean([s**2 for _, s in labeled], axis=0)
    differences = []
    for m, s in unlabeled:
        both = np.sqrt((variance + s**2) / 2)
        # A column that is constant in all tables tells nothing.
        difference = np.divide(m - mean, both, out=np.zeros_like(both), where=both > 0)
        differences.append(difference)
    # The standard deviation of two tables together is larger by this factor.
    inflation = np.sqrt(1 + np.mean([d**2 for d in differences], axis=0) / 4)
    factor = tuple((1 / inflation).tolist())
    scales = []
    for difference in differences:
        is_large = np.median(np.abs(difference)) > _LARGE
        most = _KEPT_IF_LARGE if is_large else _KEPT
        scales.append(ColumnScale(tuple(difference.clip(-most, most).tolist()), factor))
    return ColumnScale((0.0,) * len(mean), factor), scales
