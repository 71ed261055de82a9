"""Strata of tasks and labels, and random draws from them, for all splitters."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import ShuffleSplit
from sklearn.utils import check_consistent_length
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _num_samples

from sk_jae.tasks import (
    JointArrays,
    OneSequence,
    has_fractions,
    has_tasks,
    is_table,
    known_values,
    labeled_mask,
    labeled_rows,
    to_targets,
    to_vector,
)


def strata_of(
    X: OneSequence | None, y: ArrayLike | None, test_unlabeled: bool
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
    """Return the task and the stratum of each sample, and which samples are tested."""
    if has_tasks(X):
        raise TypeError(
            f"X is a {type(X).__name__} of tasks, expected JointArrays; call "
            "X, y = pack(X, y) first."
        )
    check_consistent_length(X, y)
    if isinstance(X, JointArrays):
        task = X.task
    else:
        task = np.zeros(_num_samples(X), dtype=np.intp)
    if y is None:
        return task, task, np.ones(len(task), dtype=bool)
    if is_table(y):
        labels = to_targets(y, "y")
        labeled = labeled_rows(labels)
    else:
        labels = to_vector(y, "y")
        labeled = labeled_mask(labels, is_one_task=not isinstance(X, JointArrays))
    tested = np.ones(len(task), dtype=bool) if test_unlabeled else labeled
    if not tested.any():
        raise ValueError(
            "y has no labeled sample to test; pass y=None if all samples are to be "
            "tested without labels."
        )
    codes = np.zeros(len(task), dtype=np.intp)  # those of unlabeled samples stay 0
    if labeled.any():
        codes[labeled] = _strata(labels[labeled]) + 1
    return task, task * (codes.max() + 1) + codes, tested


def first_of_subject(X: OneSequence, tested: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the first sample of each sample's subject, a tested one if there is."""
    n = len(tested)
    if not isinstance(X, JointArrays):
        return np.arange(n)
    order = np.argsort(~tested, kind="stable")
    _, first, subject = np.unique(
        X.groups[order], return_index=True, return_inverse=True
    )
    found = np.empty(n, dtype=np.intp)
    found[order] = order[first][subject]
    return found


def is_first(first: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Tell which samples are the first ones of their subjects."""
    own: NDArray[np.bool_] = first == np.arange(len(first))
    return own


def _strata(labels: NDArray[Any]) -> NDArray[np.intp]:
    """Return the stratum of each label: its class, or one for all numbers."""
    if labels.ndim > 1:
        return np.zeros(len(labels), dtype=np.intp)
    known = known_values(labels)
    if has_fractions(known):
        return np.zeros(len(labels), dtype=np.intp)
    check_classification_targets(known)
    return encoded(known)[1]


def encoded(labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the distinct labels in order, and the position of each label in them."""
    if labels.dtype == object:
        labels = labels.astype(str)
    values, codes = np.unique(labels, return_inverse=True)
    return values, codes


def train_and_test(
    n_samples: int, test: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    in_test = np.zeros(n_samples, dtype=bool)
    in_test[test] = True
    return np.flatnonzero(~in_test), np.flatnonzero(in_test)


def sizes(
    n_samples: int, test_size: float | int | None, train_size: float | int | None
) -> tuple[int, int]:
    """Return the numbers of training and test samples as scikit-learn computes them."""
    splitter = ShuffleSplit(
        1, test_size=test_size, train_size=train_size, random_state=0
    )
    train, test = next(splitter.split(np.zeros(n_samples)))
    return len(train), len(test)


def draw(
    strata: NDArray[np.intp], n_train: int, n_test: int, rng: np.random.RandomState
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Draw training and test samples that do not overlap, evenly over the strata."""
    in_test = systematic_sample(strata, n_test, rng)
    rest = np.flatnonzero(~in_test)
    in_train = np.zeros_like(in_test)
    in_train[rest[systematic_sample(strata[rest], n_train, rng)]] = True
    return in_train, in_test


def systematic_sample(
    strata: NDArray[np.intp], n_chosen: int, rng: np.random.RandomState
) -> NDArray[np.bool_]:
    """Draw samples at equal distances after sorting all samples by stratum.

    Within a stratum their order is random. Of each stratum, its share is drawn, rounded
    up or down.
    """
    n_samples = len(strata)
    order = np.lexsort((rng.permutation(n_samples), strata))
    start = rng.randint(n_samples)
    steps = (np.arange(n_samples + 1) * n_chosen + start) // n_samples
    chosen = np.zeros(n_samples, dtype=bool)
    chosen[order] = np.diff(steps) > 0
    return chosen
