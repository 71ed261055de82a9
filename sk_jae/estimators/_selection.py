"""Tells whether two tables differ in nothing but which samples they have."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.covariance import LedoitWolf

__all__ = ["differ_by_selection"]

# One column alone shows at least this part of the squared difference that all columns
# together show. It was .8 or more for patients and wines that were split by a column,
# and .17 or less where columns were measured anew or had other units.
_OF_ONE_COLUMN = 2 / 3

# A selection moves the mean of a column by no more standard deviations than _MOST, by
# at least _LEAST to matter, and changes its spread by no more than one factor, and the
# spread of most columns by no more than the other.
_LEAST, _MOST, _MOST_FACTOR, _USUAL_FACTOR = 0.5, 4.0, 2.5, 1.25

# With fewer columns or samples, there is too little to tell it from.
_FEWEST_COLUMNS, _FEWEST_ROWS = 6, 30


def differ_by_selection(
    labeled: NDArray[np.float64],
    unlabeled: NDArray[np.float64],
    difference: NDArray[np.float64],
    spreads: NDArray[np.float64],
) -> bool:
    """Whether samples of one population, chosen differently, explain a difference.

    If samples are chosen by something that one column tells, such as the age of
    patients, all other means follow that column as the samples do within each table.
    The Mahalanobis distance of the means is then that of this column alone. Another
    instrument moves the columns against what goes together in the samples, which is
    much farther.

    Parameters
    ----------
    labeled, unlabeled : ndarray of shape (n, n_columns)
        Samples, each table standardized by itself.
    difference : ndarray of shape (n_columns,)
        Between the means, in standard deviations.
    spreads : ndarray of shape (n_columns,)
        The standard deviations of the unlabeled table in parts of the labeled ones, 0
        for a column that is constant in either of them.

    Returns
    -------
    selected : bool
        False if the means hardly differ, or if there are too few samples or columns.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._selection import differ_by_selection
    >>> x = np.random.default_rng(0).normal(size=(300, 6))
    >>> x[:, 1] += x[:, 0]
    >>> old = x[:, 0] > 0
    >>> moved = x + np.array([1, -1, 0, 1, -1, 0])
    >>> def tables_differ_by_selection(one, other):
    ...     spread = (one.std(0) + other.std(0)) / 2
    ...     return differ_by_selection(
    ...         (one - one.mean(0)) / one.std(0),
    ...         (other - other.mean(0)) / other.std(0),
    ...         (other.mean(0) - one.mean(0)) / spread,
    ...         other.std(0) / one.std(0),
    ...     )
    >>> tables_differ_by_selection(x[old], x[~old])
    True
    >>> tables_differ_by_selection(x[old], moved[old])
    False
    """
    varies = spreads > 0
    fewest = min(len(labeled), len(unlabeled))
    if varies.sum() < _FEWEST_COLUMNS or fewest < _FEWEST_ROWS:
        return False
    d = difference[varies]
    largest = np.abs(d).max()
    if not _LEAST <= largest <= _MOST:
        return False
    factors = np.exp(np.abs(np.log(spreads[varies])))
    if factors.max() > _MOST_FACTOR or np.median(factors) > _USUAL_FACTOR:
        return False
    samples = np.concatenate([labeled[:, varies], unlabeled[:, varies]])
    covariance = LedoitWolf(assume_centered=True).fit(samples).covariance_
    distance = d @ np.linalg.solve(covariance, d)
    by_chance = len(d) * (1 / len(labeled) + 1 / len(unlabeled))
    return bool(largest**2 > _OF_ONE_COLUMN * (distance - by_chance))
