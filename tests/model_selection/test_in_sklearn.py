"""Task-aware splitters inside scikit-learn's tools."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
)

from sk_jae.model_selection import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
)
from sk_jae.tasks import JointArrays


class JointCentroids(ClassifierMixin, BaseEstimator):
    """Nearest class mean per task; a stand-in for a joint estimator."""

    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X, y):
        assert isinstance(X, JointArrays)
        self.unlabeled_seen_ = int(np.sum(y == -1))
        self.samples_seen_ = [len(array) for array in X.arrays]
        self.classes_ = np.unique(y[y != -1])
        self.means_ = []
        for t, array in enumerate(X.arrays):
            labels = y[X.task == t]
            known = np.isin(self.classes_, labels).all()
            means = [array[labels == c].mean(axis=0) for c in self.classes_ if known]
            self.means_.append(np.stack(means) if known else None)
        return self

    def predict(self, X):
        return X.join(
            [
                self.classes_[
                    (np.abs(array[:, None] - means) ** self.power).sum(-1).argmin(1)
                ]
                if means is not None
                else np.full(len(array), self.classes_[0])
                for array, means in zip(X.arrays, self.means_, strict=True)
            ]
        )

    def score(self, X, y):
        return np.mean((self.predict(X) == y)[y != -1])


ALL = [
    JointStratifiedKFold(3),
    JointStratifiedKFold(3, shuffle=True, random_state=0),
    JointStratifiedShuffleSplit(3, test_size=0.3, random_state=0),
    LeaveOneTaskOut(),
]


@pytest.mark.parametrize("cv", ALL, ids=repr)
class TestInScikitLearn:
    def test_cross_validate(self, cv, two_tasks):
        X, y = two_tasks
        result = cross_validate(
            JointCentroids(), X, y, cv=cv, return_estimator=True, error_score="raise"
        )
        for fitted in result["estimator"]:
            assert fitted.unlabeled_seen_ == 30
            assert fitted.samples_seen_[1] >= 30
        if not isinstance(cv, LeaveOneTaskOut):
            assert result["test_score"].min() > 0.8

    def test_grid_search(self, cv, two_tasks):
        X, y = two_tasks
        grid = {"power": [1.0, 2.0]}
        search = GridSearchCV(JointCentroids(), grid, cv=cv, error_score="raise")
        search.fit(X, y)
        assert search.n_splits_ == cv.get_n_splits(X, y)
        assert all((y[test] != -1).all() for _, test in cv.split(X, y))
        manual = [
            JointCentroids().fit(X[train], y[train]).score(X[test], y[test])
            for train, test in cv.split(X, y)
        ]
        mean = search.cv_results_["mean_test_score"][1]
        assert mean == pytest.approx(np.mean(manual))

    def test_clone_and_repr(self, cv):
        assert repr(clone(cv, safe=False)) == repr(cv)
        assert repr(cv).startswith(type(cv).__name__ + "(")
        search = GridSearchCV(JointCentroids(), {}, cv=cv)
        assert repr(clone(search).cv) == repr(cv)


def test_halving_search_and_learning_curve(two_tasks):
    X, y = two_tasks
    cv = JointStratifiedKFold(3, shuffle=True, random_state=0)
    search = HalvingGridSearchCV(
        JointCentroids(),
        {"power": [1.0, 2.0, 3.0]},
        cv=cv,
        random_state=0,
        min_resources=60,
        error_score="raise",
    ).fit(X, y)
    assert search.best_score_ > 0.8
    sizes, _, scores = learning_curve(
        JointCentroids(),
        X,
        y,
        cv=JointStratifiedShuffleSplit(3, test_size=0.3, random_state=0),
        train_sizes=[0.5, 1.0],
    )
    assert len(sizes) == 2
    assert scores.min() > 0.8


def test_cross_val_predict_needs_every_sample_tested(two_tasks):
    X, y = two_tasks
    cv = JointStratifiedKFold(3, test_unlabeled=True)
    predicted = cross_val_predict(JointCentroids(), X, y, cv=cv)
    assert np.mean((predicted == y)[y != -1]) > 0.8
