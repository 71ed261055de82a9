"""Subjects of several tasks in scikit-learn's tools."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    GroupShuffleSplit,
    LeaveOneGroupOut,
    StratifiedGroupKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.model_selection import JointStratifiedKFold, JointStratifiedShuffleSplit
from sk_jae.preprocessing import PerTask
from tests.helpers.small import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::sk_jae.exceptions.TransferWarning")

_rng = np.random.default_rng(0)
A, B = _rng.normal(size=(40, 5)), _rng.normal(size=(40, 4))
LABELS = np.arange(40) % 2
IDS = [[*range(30), *[None] * 10], np.arange(10, 50)]  # 20 subjects of both
X, Y = pack([A, B], [LABELS, LABELS], IDS)
PARTLY = pack([A, B], [LABELS, np.where(np.arange(40) % 4, LABELS, -1)], IDS)[1]
ONE_LABELED = pack([A, B], [LABELS, None], IDS)[1]

OURS = {
    "folds": JointStratifiedKFold(4),
    "shuffled": JointStratifiedKFold(4, shuffle=True, random_state=0),
    "all tested": JointStratifiedKFold(4, test_unlabeled=True),
    "random": JointStratifiedShuffleSplit(5, test_size=0.3, random_state=0),
    "random, all tested": JointStratifiedShuffleSplit(
        5, test_size=0.3, random_state=0, test_unlabeled=True
    ),
}
TARGETS = {"labeled": Y, "partly": PARTLY, "one labeled": ONE_LABELED, "none": None}
THEIRS = [
    GroupKFold(4),
    GroupShuffleSplit(3, test_size=0.3, random_state=0),
    StratifiedGroupKFold(4),
]


@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("name", OURS)
def test_our_splitters_never_divide_a_subject(name, targets):
    y = TARGETS[targets]
    tested = np.zeros(80, dtype=int)
    for train, test in OURS[name].split(X, y):
        assert not np.intersect1d(X.groups[train], X.groups[test]).size
        assert set(X.task[train]) == {0, 1}
        if y is not None and "all" not in name:
            assert (y[test] != -1).all()
        tested[test] += 1
        if "random" not in name:
            # What is in neither set is an unlabeled sample of a subject that is tested.
            rest = np.setdiff1d(np.arange(80), [*train, *test])
            assert np.isin(X.groups[rest], X.groups[test]).all()
            assert y is not None or not rest.size
    if "random" not in name:
        can_be = 1 if y is None or "all" in name else (y != -1)
        np.testing.assert_array_equal(tested, np.ones(80) * can_be)


@pytest.mark.parametrize("name", OURS)
def test_without_ids_the_splits_are_those_of_before(name):
    """Every sample is then in one of the sets, and folds are even."""
    plain, _ = pack([A, B])
    for train, test in OURS[name].split(plain, Y):
        assert len(train) + len(test) == 80
        assert np.ptp(np.bincount(plain.task[test])) <= 1


@pytest.mark.parametrize("cv", THEIRS, ids=lambda cv: type(cv).__name__)
def test_the_groups_are_for_scikit_learns_splitters(cv):
    for train, test in cv.split(X, Y, X.groups):
        assert not np.intersect1d(X.groups[train], X.groups[test]).size
    clf = JointTransferClassifier(**SMALL)
    found = cross_validate(
        clf, X, Y, groups=X.groups, cv=cv, error_score="raise", return_estimator=True
    )
    for (train, _), estimator in zip(
        cv.split(X, Y, X.groups), found["estimator"], strict=True
    ):
        # The training data of a fold has the pairs of the fold.
        alone = clone(clf).fit(X[train], Y[train])
        assert estimator.history_[-1]["train_pairing"] == pytest.approx(
            alone.history_[-1]["train_pairing"]
        )


def test_no_subject_twice_makes_groups_of_one():
    assert LeaveOneGroupOut().get_n_splits(groups=X.groups) == 60


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_search_finds_a_weight_of_pairs(n_jobs):
    grid = {"pairing_weight": [0.0, 1.0, 4.0]}
    search = GridSearchCV(
        JointAutoencoder(**SMALL),
        grid,
        cv=JointStratifiedKFold(2),
        n_jobs=n_jobs,
        error_score="raise",
    )
    search.fit(X)
    scores = search.cv_results_["mean_test_score"]
    assert len(set(scores)) == 3
    fitted = search.best_estimator_
    assert ("train_pairing" in fitted.history_[0]) == (fitted.pairing_weight > 0)


def test_a_pipeline_hands_them_on():
    pipe = make_pipeline(PerTask(StandardScaler()), JointTransferClassifier(**SMALL))
    pipe.fit(X, Y)
    assert pipe[-1].history_[-1]["train_pairing"] > 0
    found = cross_val_predict(pipe, X, Y, cv=GroupKFold(3), groups=X.groups)
    assert found.shape == (80,)


def test_ids_of_a_search_belong_into_the_container():
    search = GridSearchCV(JointAutoencoder(**SMALL), {"lr": [0.01]}, cv=2)
    with pytest.raises(ValueError, match="ids is given beside a JointArrays"):
        search.fit(X, ids=IDS)
