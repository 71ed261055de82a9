"""Tells whether two tables differ in nothing but which samples they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

from sk_jae.nn import MeanAndSpread

__all__ = ["differ_by_selection", "differ_by_units"]

# The squared differences of the columns add up to so many times the squared Mahalanobis
# distance if the columns moved as they go together in the samples. Over 43 tables that
# were split by a column or a component of theirs it was 1.1 or more in most, and with
# columns measured anew in nearly none.
_TOGETHER = 1.1

# A selection moves a column by at least _LEAST standard deviations to matter, and all
# together by no more than _MOST.
_LEAST, _MOST = 0.5, 5.0

# Where tables differ by their units, their means in parts of their own spreads are the
# same, but for less than this part of the squared difference.
_LEFT = 0.2

# With fewer samples there is too little to tell it from, and more columns tell no more.
_FEWEST_ROWS, _MOST_COLUMNS = 30, 500


def differ_by_selection(
    labeled: NDArray[np.float64],
    unlabeled: NDArray[np.float64],
    difference: NDArray[np.float64],
) -> bool:
    """Whether samples of one population, chosen differently, explain a difference.

    If samples are chosen, such as the older patients, the means of all columns follow
    as the samples do within each table. Many columns then move together, by a small
    Mahalanobis distance. Another instrument moves the columns against what goes
    together in the samples, which is much farther.

    Parameters
    ----------
    labeled, unlabeled : ndarray of shape (n, n_columns)
        Samples, each table standardized by itself.
    difference : ndarray of shape (n_columns,)
        Between the means, in standard deviations.

    Returns
    -------
    selected : bool
        False if the means hardly differ, or if there are too few samples.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._selection import differ_by_selection
    >>> x = np.random.default_rng(0).normal(size=(300, 6))
    >>> x[:, 1:3] += x[:, :1]
    >>> old = x[:, 0] > 0
    >>> moved = x + np.array([1, -1, 0, 1, -1, 0])
    >>> def tables_differ_by_selection(one, other):
    ...     spread = (one.std(0) + other.std(0)) / 2
    ...     return differ_by_selection(
    ...         (one - one.mean(0)) / one.std(0),
    ...         (other - other.mean(0)) / other.std(0),
    ...         (other.mean(0) - one.mean(0)) / spread,
    ...     )
    >>> tables_differ_by_selection(x[old], x[~old])
    True
    >>> tables_differ_by_selection(x[old], moved[old])
    False
    """
    if min(len(labeled), len(unlabeled)) < _FEWEST_ROWS:
        return False
    varies = (labeled.std(axis=0) > 0) & (unlabeled.std(axis=0) > 0)
    columns = np.flatnonzero(varies)
    if not len(columns):
        return False
    if len(columns) > _MOST_COLUMNS:
        columns = np.random.default_rng(0).permutation(columns)[:_MOST_COLUMNS]
    d = difference[columns]
    by_chance = len(d) * (1 / len(labeled) + 1 / len(unlabeled))
    together = d @ d - by_chance
    if np.abs(d).max() < _LEAST or together < by_chance:
        return False
    samples = np.concatenate([labeled[:, columns], unlabeled[:, columns]])
    covariance = LedoitWolf(assume_centered=True).fit(samples).covariance_
    distance = d @ np.linalg.solve(covariance, d) - by_chance
    return bool(distance < _MOST**2 and together > _TOGETHER * distance)


def differ_by_units(
    labeled: MeanAndSpread, unlabeled: MeanAndSpread, difference: NDArray[np.float64]
) -> bool:
    """Whether other units, larger by a factor each, explain a difference of means.

    Parameters
    ----------
    labeled, unlabeled : (ndarray, ndarray) of shape (n_columns,)
        The means and the standard deviations of two tables.
    difference : ndarray of shape (n_columns,)
        Between the means, in standard deviations.

    Returns
    -------
    in_other_units : bool

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._selection import differ_by_units
    >>> one = np.array([1.0, -2.0]), np.array([1.0, 1.0])
    >>> differ_by_units(one, (3 * one[0], 3 * one[1]), np.array([0.9, -1.8]))
    True
    >>> differ_by_units(one, (one[0] + 2, one[1]), np.array([2.0, 2.0]))
    False
    """
    (mean, spread), (other, own) = labeled, unlabeled
    varies = (spread > 0) & (own > 0)
    left = other[varies] / own[varies] - mean[varies] / spread[varies]
    return bool(left @ left < _LEFT * (difference[varies] @ difference[varies]))
