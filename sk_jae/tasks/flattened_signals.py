"""Signals that come as the columns of a table, told by what all their steps share."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import FEWEST_ROWS, SampleArray, some_rows

__all__ = ["are_flattened_signals"]

_FEWEST_STEPS, _LAGS = 32, 8

# In units of what would differ by chance: the means of the columns, and the
# correlations of the columns that are equally far apart.
_MEANS, _CORRELATIONS = 2.0, 2.0
# How much the standard deviations of the columns differ, as a part of their mean.
_SPREADS = 0.4
# The least correlation at some distance, and its least difference between distances.
_ALIKE, _CHANGE = 0.15, 0.15


def are_flattened_signals(array: SampleArray) -> bool:
    """Tell whether the columns seem to be the steps of signals that start anywhere.

    Then all columns have about the same mean and spread, and how alike two of them are
    depends only on how far apart they are. That holds for no ordinary table, nor for
    series that all start at the same event, whose columns a table can use as they are.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        Finite numbers.

    Returns
    -------
    signals : bool

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.datasets import load_breast_cancer
    >>> from sk_jae.tasks.flattened_signals import are_flattened_signals
    >>> start = np.random.default_rng(0).uniform(0, 2 * np.pi, (100, 1))
    >>> are_flattened_signals(np.sin(start + np.arange(64) / 4))
    True
    >>> are_flattened_signals(load_breast_cancer().data)
    False
    """
    if array.ndim != 2 or len(array) < FEWEST_ROWS or array.shape[1] < _FEWEST_STEPS:
        return False
    values = some_rows(array)
    means, spreads = values.mean(0), values.std(0)
    spread = spreads.mean()
    if not (spreads > 0).all() or spreads.std() > _SPREADS * spread:
        return False
    chance = len(values) ** -0.5
    if means.std() > _MEANS * chance * spread:
        return False
    values -= means
    values /= spreads
    return _depend_on_distance(values, chance)


def _depend_on_distance(values: NDArray[np.float64], chance: float) -> bool:
    """Tell whether correlations are those of a distance, and differ between these."""
    found = [
        np.einsum("nc,nc->c", values[:, :-lag], values[:, lag:]) / len(values)
        for lag in range(1, _LAGS + 1)
    ]
    means = np.array([correlations.mean() for correlations in found])
    clearest = int(np.abs(means).argmax())
    return bool(
        abs(means[clearest]) >= _ALIKE
        and np.ptp(means) >= _CHANGE
        and found[clearest].std() <= _CORRELATIONS * chance
    )
