"""The regressor in scikit-learn's tools, with unknown targets, untouched."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.ensemble import BaggingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    KFold,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    learning_curve,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferRegressor, pack
from sk_jae.metrics import LabeledScorer
from sk_jae.model_selection import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
    task_train_test_split,
)
from sk_jae.preprocessing import PerTask
from tests.helpers.regression import QUICK, make_regression, with_gaps
from tests.helpers.small import small

ARRAYS, TARGETS = make_regression()
TARGETS[0] = with_gaps(TARGETS[0])
X, Y = pack(ARRAYS, TARGETS)
REG = JointTransferRegressor(**small(QUICK, max_epochs=4))
GRID = {"lr": [0.001, 0.05]}


def by_hand(train, test):
    """R^2 of a fit on plain lists, computed by scikit-learn's function."""
    t, y = X.task, Y
    parts = [(ARRAYS[s], np.flatnonzero(t == s)) for s in range(2)]
    lists, targets = [], []
    for array, places in parts:
        chosen = np.isin(places, train)
        lists.append(array[chosen])
        targets.append(y[places][chosen])
    reg = clone(REG).fit(lists, targets)
    scores = []
    for s, (array, places) in enumerate(parts):
        chosen = np.isin(places, test) & ~np.isnan(y[places])
        if chosen.any():
            own = [array[chosen] if s == u else None for u in range(2)]
            scores.append(r2_score(y[places][chosen], reg.predict(own)[s]))
    return np.mean(scores)


def test_cross_validation_scores_the_known_values():
    folds = list(KFold(3).split(np.zeros(len(Y))))
    found = cross_val_score(REG, X, Y, cv=3)
    assert_allclose(found, [by_hand(*fold) for fold in folds], atol=1e-6)


@pytest.mark.parametrize("search", [GridSearchCV, HalvingGridSearchCV])
@pytest.mark.parametrize("scoring", [None, LabeledScorer("r2")])
def test_searches_take_unknown_targets(search, scoring):
    found = search(REG, GRID, cv=2, scoring=scoring).fit(X, Y)
    assert np.isfinite(found.cv_results_["mean_test_score"]).all()
    assert found.predict(X).shape == Y.shape


def test_searches_take_several_outputs():
    X, Y = pack(*make_regression(n_outputs=2))
    Y[::5, 0] = np.nan
    found = GridSearchCV(REG, GRID, cv=JointStratifiedKFold(2)).fit(X, Y)
    assert found.predict(X).shape == Y.shape


def test_cross_val_predict_and_learning_curve():
    assert np.isfinite(cross_val_predict(REG, X, Y, cv=3)).all()
    _, _, scores = learning_curve(REG, X, Y, cv=2, train_sizes=[0.5, 1.0])
    assert np.isfinite(scores).all()


def test_a_pipeline_of_scaled_tasks():
    pipeline = make_pipeline(PerTask(StandardScaler()), REG).fit(X, Y)
    found = LabeledScorer("neg_root_mean_squared_error", task=1)(pipeline, X, Y)
    guess = X.split(pipeline.predict(X))[1]
    expected = -np.sqrt(np.mean((guess - TARGETS[1]) ** 2))
    assert found == pytest.approx(expected)


def test_what_refuses_unknown_targets():
    """scikit-learn refuses NaN before our code is reached."""
    scores = GridSearchCV(REG, GRID, cv=2, scoring="r2", error_score="raise")
    for tool in (
        lambda: scores.fit(X, Y),
        lambda: TransformedTargetRegressor(REG).fit(X, Y),
        lambda: list(StratifiedKFold(3).split(np.zeros(len(Y)), Y)),
    ):
        with pytest.raises(ValueError, match="NaN"):
            tool()
    with pytest.raises((TypeError, ValueError)):
        BaggingRegressor(REG).fit(X, Y)


def test_scikit_learns_scorers_take_complete_targets():
    X, Y = pack(*make_regression())
    found = cross_val_score(REG, X, Y, scoring="neg_mean_absolute_error", cv=2)
    assert (found < 0).all()


class TestLabeledScorer:
    REGRESSOR = clone(REG).fit(ARRAYS, TARGETS)

    def test_r2_of_known_targets(self):
        known = ~np.isnan(TARGETS[0])
        guess = self.REGRESSOR.predict(ARRAYS)
        expected = [
            r2_score(TARGETS[0][known], guess[0][known]),
            r2_score(TARGETS[1], guess[1]),
        ]
        scorer = LabeledScorer("r2")
        assert scorer(self.REGRESSOR, ARRAYS, TARGETS) == pytest.approx(
            np.mean(expected)
        )
        assert scorer(self.REGRESSOR, X, Y) == pytest.approx(np.mean(expected))
        one = LabeledScorer("r2", task="task1")
        assert one(self.REGRESSOR, ARRAYS, TARGETS) == pytest.approx(expected[1])

    def test_without_a_complete_sample(self):
        arrays, targets = make_regression(n_outputs=2)
        reg = clone(REG).fit(arrays, targets)
        y = targets[0].copy()
        y[::2, 0] = y[1::2, 1] = np.nan
        with pytest.raises(ValueError, match="all of whose targets are known"):
            LabeledScorer("r2")(reg, arrays, [y, None])


class TestSplitters:
    @pytest.mark.parametrize("n_outputs", [None, 2])
    def test_folds_hold_known_targets_of_every_task_in_proportion(self, n_outputs):
        arrays, targets = make_regression(n_outputs=n_outputs)
        targets[0] = with_gaps(targets[0])
        X, y = pack(arrays, targets)
        known = ~np.isnan(y.reshape(len(y), -1)).any(axis=1)
        for cv in (
            JointStratifiedKFold(3),
            JointStratifiedKFold(3, test_unlabeled=True),
        ):
            counts = []
            for train, test in cv.split(X, y):
                assert_array_equal(np.sort(np.r_[train, test]), np.arange(len(y)))
                counts.append([known[test].sum(), (X.task[test] == 1).sum()])
            assert np.ptp(counts, axis=0).max() <= 1
        train, test = next(JointStratifiedShuffleSplit(1, test_size=15).split(X, y))
        assert known[test].all()
        assert len(test) == 15

    def test_shuffled_folds_differ(self):
        one, other = (
            next(JointStratifiedKFold(3, shuffle=True, random_state=s).split(X, Y))
            for s in range(2)
        )
        assert not np.array_equal(one[1], other[1])

    def test_one_task_out(self):
        y = X.join([with_gaps(part, 3) for part in make_regression()[1]])
        for train, test in LeaveOneTaskOut().split(X, y):
            assert len(np.unique(X.task[test])) == 1
            assert np.isnan(y[train][X.task[train] == X.task[test][0]]).all()

    @pytest.mark.parametrize("n_outputs", [None, 2])
    def test_task_train_test_split(self, n_outputs):
        arrays, targets = make_regression((80, 40), n_outputs)
        targets[0] = with_gaps(targets[0])
        first, second = (
            task_train_test_split(arrays, targets, random_state=s) for s in range(2)
        )
        assert not np.array_equal(first[1][0], second[1][0])
        unknown = np.isnan(first[3][0].reshape(20, -1)).any(axis=1)
        assert unknown.sum() == 5


def test_the_codes_are_one_array_for_other_regressors():
    reg = clone(REG).fit(X, Y)
    known = ~np.isnan(Y)
    ridge = Ridge().fit(reg.transform(X)[known], Y[known])
    assert ridge.score(reg.transform(X)[known], Y[known]) > 0
