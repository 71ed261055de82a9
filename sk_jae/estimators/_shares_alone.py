"""Tells whether two tables differ in nothing but how frequent the classes are."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

__all__ = ["differ_by_shares_alone"]

# The part of the samples of other classes from which on shares differ, beyond that
# which chance explains.
_DIFFERENT = 0.1

# Below this area under the curve, the tables are not told apart.
_TOLD_APART = 0.7

_MOST_ROWS, _LEAST_ROWS, _N_ESTIMATES = 1000, 30, 30


def differ_by_shares_alone(
    labeled: NDArray[np.float32],
    classes: NDArray[np.intp],
    weights: NDArray[np.float64],
    unlabeled: NDArray[np.float32],
) -> bool:
    """Whether class shares explain how an unlabeled table differs from a labeled one.

    A logistic regression on the labels tells how frequent the classes are in the
    unlabeled table, if its samples are like those of the labeled one (Saerens et al.
    2002). Samples of the labeled table, weighed so that their classes are as frequent,
    must then look like unlabeled ones: another logistic regression hardly tells them
    apart.

    Parameters
    ----------
    labeled : ndarray of shape (n_labeled, n_columns)
        On the scale of both tables together.
    classes : ndarray of int of shape (n_labeled,)
    weights : ndarray of shape (n_labeled,)
        How much each labeled sample counts.
    unlabeled : ndarray of shape (n_unlabeled, n_columns)

    Returns
    -------
    alone : bool
        False if the shares hardly differ, or if there are too few samples to tell.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._shares_alone import differ_by_shares_alone
    >>> rng = np.random.default_rng(0)
    >>> classes = np.arange(200) % 2
    >>> labeled = rng.normal(size=(200, 3)) + 3 * classes[:, None]
    >>> data = labeled, classes, np.ones(200)
    >>> differ_by_shares_alone(*data, labeled[:120:2] + 0.01)
    True
    >>> differ_by_shares_alone(*data, labeled + np.array([0, 2, -2]))
    False
    """
    rng = np.random.default_rng(0)
    rows = rng.permutation(len(labeled))[:_MOST_ROWS]
    labeled, classes = labeled[rows], classes[rows]
    weights = weights[rows]
    unlabeled = unlabeled[rng.permutation(len(unlabeled))[:_MOST_ROWS]]
    found, classes = np.unique(classes, return_inverse=True)
    if min(len(labeled), len(unlabeled)) < _LEAST_ROWS or len(found) < 2:
        return False
    shares = np.bincount(classes, weights) / weights.sum()
    model = _regression(0.1).fit(labeled, classes, sample_weight=weights)
    estimated = _estimated_shares(model.predict_proba(unlabeled), shares)
    by_chance = _difference_by_chance(shares, len(labeled), len(unlabeled))
    if np.abs(estimated - shares).sum() / 2 < _DIFFERENT + by_chance:
        return False
    weights = weights * (estimated / shares)[classes]
    return _told_apart(labeled, weights, unlabeled) < _TOLD_APART


def _regression(C: float) -> LogisticRegression:
    # Rough coefficients do, and are reached before a warning would be given.
    return LogisticRegression(C=C, tol=0.01, max_iter=1000)


def _estimated_shares(
    probabilities: NDArray[np.float64], shares: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The shares that explain predictions that were made for others."""
    estimated = shares
    for _ in range(_N_ESTIMATES):
        posterior = probabilities * (estimated / shares)
        estimated = (posterior / posterior.sum(axis=1, keepdims=True)).mean(axis=0)
    return estimated


def _difference_by_chance(shares: NDArray[np.float64], *n_samples: int) -> float:
    """The part of samples of other classes in two draws from the same shares."""
    variance = shares * (1 - shares) * sum(1 / n for n in n_samples)
    return float(np.sqrt(2 * variance / np.pi).sum() / 2)


def _told_apart(
    one: NDArray[np.float32], weights: NDArray[np.float64], other: NDArray[np.float32]
) -> float:
    """The area under the curve of a classifier of the table that a sample is of."""
    both = np.concatenate([one, other])
    is_other = np.repeat([0, 1], [len(one), len(other)])
    counted = np.concatenate([weights / weights.sum(), np.full(len(other), 1.0)])
    counted[len(one) :] /= len(other)
    counted *= len(other)
    score = np.zeros(len(both))
    folds = StratifiedKFold(2, shuffle=True, random_state=0)
    for train, test in folds.split(both, is_other):
        model = _regression(0.01)
        model.fit(both[train], is_other[train], sample_weight=counted[train])
        score[test] = model.decision_function(both[test])
    return float(roc_auc_score(is_other, score, sample_weight=counted))
