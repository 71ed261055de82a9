"""scikit-learn's splitters, untouched, on packed tasks of different shapes."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.model_selection import (
    GroupKFold,
    KFold,
    LeaveOneGroupOut,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_score,
    train_test_split,
)

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.model_selection import LeaveOneTaskOut
from tests.helpers.packed import (
    ARRAYS,
    DENSE,
    LABELS,
    N_SAMPLES,
    ROW,
    TASK,
    X,
    Y,
    by_hand,
    r2_by_hand,
    rows_of,
)
from tests.helpers.small import small

CLASSIFIER = JointTransferClassifier(**small(DENSE, max_epochs=2))
AUTOENCODER = JointAutoencoder(**small(DENSE, max_epochs=2))


def assert_holds(part, y, chosen):
    """`part` holds the chosen samples of every task, and `y` their labels."""
    assert_array_equal(part.task, TASK[chosen])
    for array, original, rows in zip(part.arrays, ARRAYS, rows_of(chosen), strict=True):
        assert_array_equal(array, original[rows])
    vectors, images = part.split(y)
    assert_array_equal(vectors, LABELS[0][rows_of(chosen)[0]])
    assert_array_equal(images, np.full(np.sum(TASK[chosen] == 1), -1))


@pytest.mark.parametrize(
    "kwargs",
    [
        {"random_state": 0},
        {"random_state": 1, "test_size": 0.4},
        {"random_state": 0, "stratify": "label"},
        {"random_state": 0, "stratify": "task"},
        {"shuffle": False},
    ],
    ids=["plain", "size", "by label", "by task", "in order"],
)
def test_train_test_split(kwargs):
    strata = {"label": Y, "task": X.task}.get(kwargs.get("stratify"))
    kwargs = {**kwargs, "stratify": strata}
    X_train, X_test, y_train, y_test, train, test = train_test_split(
        X, Y, np.arange(N_SAMPLES), **kwargs
    )
    assert_array_equal(np.sort(np.r_[train, test]), np.arange(N_SAMPLES))
    assert_holds(X_train, y_train, train)
    assert_holds(X_test, y_test, test)
    if strata is not None:
        for value in np.unique(strata):
            share = np.mean(strata[test] == value)
            assert share == pytest.approx(np.mean(strata == value), abs=0.03)
    if kwargs.get("shuffle") is False:
        # The tasks are mixed, so that the last quarter holds a quarter of each.
        assert_allclose([(TASK[test] == t).sum() for t in (0, 1)], [18, 11], atol=1)


def test_train_test_split_and_fit():
    X_train, X_test, y_train, y_test, train, test = train_test_split(
        X, Y, np.arange(N_SAMPLES), stratify=Y, random_state=0
    )
    actual = CLASSIFIER.fit(X_train, y_train).score(X_test, y_test)
    assert actual == pytest.approx(by_hand(CLASSIFIER, [(train, test)])[0], abs=1e-6)


@pytest.mark.parametrize(
    "cv",
    [
        KFold(4),
        KFold(4, shuffle=True, random_state=0),
        StratifiedKFold(4),
        StratifiedKFold(4, shuffle=True, random_state=0),
        ShuffleSplit(4, test_size=0.25, random_state=0),
    ],
    ids=str,
)
def test_splitters(cv):
    folds = list(cv.split(X, Y))
    expected = list(cv.split(np.zeros(N_SAMPLES), Y))
    assert len(folds) == 4
    for (train, test), (train_expected, test_expected) in zip(
        folds, expected, strict=True
    ):
        assert_array_equal(train, train_expected)
        assert_array_equal(test, test_expected)
        assert_holds(X[train], Y[train], train)
        assert_holds(X[test], Y[test], test)
    actual = cross_val_score(CLASSIFIER, X, Y, cv=cv)
    assert_allclose(actual, by_hand(CLASSIFIER, folds), atol=1e-6)


@pytest.mark.parametrize("y", [None, Y], ids=["without y", "with y"])
@pytest.mark.parametrize("n_splits", [2, 3, 5])
def test_the_default_folds_hold_the_tasks_in_proportion(n_splits, y):
    cv = KFold(n_splits) if y is None else StratifiedKFold(n_splits)
    for _, test in cv.split(X, y):
        counts = np.bincount(X.task[test], minlength=2)
        assert_allclose(counts, np.array([72, 44]) / n_splits, atol=2)


@pytest.mark.parametrize("cv", [GroupKFold(2), LeaveOneGroupOut()], ids=str)
def test_groups_of_tasks_are_folds_of_one_task(cv):
    folds = list(cv.split(X, Y, groups=X.task))
    tested = []
    for train, test in folds:
        (t,) = np.unique(TASK[test])
        tested.append(t)
        assert_array_equal(np.unique(TASK[train]), [1 - t])
        assert_array_equal(X[test].arrays[t], ARRAYS[t])
        assert len(X[test].arrays[1 - t]) == 0
        assert X[test].arrays[1 - t].shape[1:] == ARRAYS[1 - t].shape[1:]
    assert sorted(tested) == [0, 1]


@pytest.mark.parametrize("cv", [GroupKFold(2), LeaveOneGroupOut()], ids=str)
def test_a_joint_estimator_refuses_to_learn_without_a_task(cv):
    # The message names splitters whose training folds hold every task.
    with pytest.raises(ValueError, match=r"no sample.*JointStratifiedKFold"):
        cross_val_score(AUTOENCODER, X, groups=X.task, cv=cv, error_score="raise")
    with pytest.raises(ValueError, match=r"fits failed[\s\S]*JointStratifiedKFold"):
        cross_val_score(CLASSIFIER, X, Y, groups=X.task, cv=cv)

    # With some samples unlabeled, one task's labels can be left out.
    folds = list(LeaveOneTaskOut().split(X, Y))
    assert len(folds) == 1
    train, test = folds[0]
    assert_array_equal(np.sort(np.r_[train, test]), np.arange(N_SAMPLES))
    assert_array_equal(Y[test] >= 0, TASK[test] == 0)


@pytest.mark.parametrize(
    "cv", [GroupKFold(3), LeaveOneGroupOut()], ids=["GroupKFold", "LeaveOneGroupOut"]
)
def test_groups_within_tasks(cv):
    writers = [np.arange(72) // 6 % 4, np.arange(44) % 4]
    groups = X.join(writers)
    folds = list(cv.split(X, groups=groups))
    for train, test in folds:
        assert not set(groups[train]) & set(groups[test])
        for t in (0, 1):
            chosen = TASK[test] == t
            assert_array_equal(writers[t][ROW[test[chosen]]], groups[test][chosen])
    actual = cross_val_score(AUTOENCODER, X, groups=groups, cv=cv)
    assert_allclose(actual, by_hand(AUTOENCODER, folds, r2_by_hand), atol=1e-5)
