"""Searches that train all candidates together give what scikit-learn's give."""

from __future__ import annotations

import os
import pickle
import threading
import warnings

import numpy as np
import pytest
import torch
from joblib import Parallel, delayed
from numpy.testing import assert_array_equal
from scipy.stats import loguniform
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import InformationMaximizationScorer, LabeledScorer
from sk_jae.model_selection import BatchedRandomizedSearchCV, BatchedSearchCV
from sk_jae.preprocessing import PerTask

RNG = np.random.default_rng(0)
LABELS = RNG.integers(3, size=67)
X, Y = pack(
    [
        RNG.normal(size=(67, 7)) + 2 * np.eye(3, 7)[LABELS],
        3 * RNG.normal(size=(50, 7)) + 6 * np.eye(3, 7)[np.arange(50) % 3],
    ],
    [LABELS, None],
)
DENSE = {
    "encoder": (16,),
    "device": "cpu",
    "max_epochs": 4,
    "batch_size": 16,
    "random_state": 0,
}
CLASSIFIER = JointTransferClassifier(**DENSE)
GRID = {"lr": [0.001, 0.01], "reconstruction_weight": [0.1, 2.0]}


@pytest.fixture(autouse=True)
def one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


def assert_same_results(batched, stock):
    expected = {k: v for k, v in stock.cv_results_.items() if "time" not in k}
    assert {k for k in batched.cv_results_ if "time" not in k} == set(expected)
    for name, values in expected.items():
        assert_array_equal(batched.cv_results_[name], values)
    assert batched.best_params_ == stock.best_params_
    assert batched.best_index_ == stock.best_index_


@pytest.mark.parametrize(
    "grid",
    [
        {**GRID, "shared_depth": [-1, 1]},
        [{"infomax_weight": [0.0, 1.0]}, {"n_private": [0, 4], "batch_size": [8, 16]}],
        {"random_state": [0, 1, 2], "weight_decay": [0.0, 0.1]},
        {"encoder": [(16,), "FC 8, BN"], "max_epochs": [2, 4]},
    ],
)
def test_a_grid_has_the_scores_of_grid_search_cv(grid):
    stock = GridSearchCV(CLASSIFIER, grid, cv=3, return_train_score=True).fit(X, Y)
    batched = BatchedSearchCV(CLASSIFIER, grid, cv=3, return_train_score=True)
    assert batched.fit(X, Y) is batched
    assert_same_results(batched, stock)
    assert len(np.unique(stock.cv_results_["mean_train_score"])) > 1

    one, other = stock.best_estimator_, batched.best_estimator_
    assert_array_equal(other.decision_function(X), one.decision_function(X))
    assert_array_equal(batched.predict(X), stock.predict(X))
    assert batched.score(X, Y) == stock.score(X, Y)


def test_several_scorers_and_a_best_one():
    scoring = {
        "loss": LabeledScorer("neg_log_loss"),
        "free": InformationMaximizationScorer(),
    }
    arguments = {"scoring": scoring, "refit": "free", "cv": 2}
    stock = GridSearchCV(CLASSIFIER, GRID, **arguments).fit(X, Y)
    batched = BatchedSearchCV(CLASSIFIER, GRID, **arguments).fit(X, Y)
    assert_same_results(batched, stock)
    assert batched.multimetric_


def test_a_randomized_search():
    space = {"lr": loguniform(1e-3, 1e-2), "classification_weight": [0.5, 1.0]}
    arguments = {"n_iter": 4, "cv": 2, "random_state": 3}
    stock = RandomizedSearchCV(CLASSIFIER, space, **arguments).fit(X, Y)
    batched = BatchedRandomizedSearchCV(CLASSIFIER, space, **arguments).fit(X, Y)
    assert_same_results(batched, stock)


def test_one_bare_array_without_labels():
    rows = X.arrays[0]
    autoencoder = JointAutoencoder(**DENSE)
    grid = {"lr": [0.001, 0.01]}
    stock = GridSearchCV(autoencoder, grid, cv=3).fit(rows)
    batched = BatchedSearchCV(autoencoder, grid, cv=3).fit(rows)
    assert_same_results(batched, stock)
    assert batched.n_features_in_ == 7
    assert_array_equal(batched.transform(rows), stock.transform(rows))


def test_the_last_step_of_a_pipeline():
    pipeline = Pipeline([("scale", PerTask(StandardScaler())), ("jtc", CLASSIFIER)])
    grid = {f"jtc__{name}": values for name, values in GRID.items()}
    stock = GridSearchCV(pipeline, grid, cv=2).fit(X, Y)
    batched = BatchedSearchCV(pipeline, grid, cv=2).fit(X, Y)
    assert_same_results(batched, stock)


def test_a_candidate_that_diverges_fails_alone():
    classifier = clone(CLASSIFIER).set_params(optimizer="sgd", lr_schedule="constant")
    grid = {"lr": [0.01, 1e30]}
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        stock = GridSearchCV(classifier, grid, cv=3).fit(X, Y)
    with pytest.warns(FitFailedWarning, match="3 fits failed"):
        batched = BatchedSearchCV(classifier, grid, cv=3).fit(X, Y)
    assert_same_results(batched, stock)
    assert np.isnan(batched.cv_results_["mean_test_score"][1])

    strict = BatchedSearchCV(classifier, grid, cv=3, error_score="raise")
    with pytest.raises(ValueError, match="try a smaller lr"):
        strict.fit(X, Y)


def test_what_cannot_be_stacked_has_the_same_scores():
    images = np.random.default_rng(0).random((40, 8, 8))
    packed, _ = pack([images, images[:30]])
    autoencoder = JointAutoencoder(**{**DENSE, "encoder": "Conv 2x(3x3), FC 8"})
    stock = GridSearchCV(autoencoder, {"lr": [0.001, 0.01]}, cv=2).fit(packed)
    batched = BatchedSearchCV(autoencoder, {"lr": [0.001, 0.01]}, cv=2).fit(packed)
    assert_same_results(batched, stock)


def test_several_processes():
    grid = {**GRID, "random_state": [0, 1, 2]}
    stock = GridSearchCV(CLASSIFIER, grid, cv=2).fit(X, Y)
    batched = BatchedSearchCV(CLASSIFIER, grid, cv=2, n_jobs=2).fit(X, Y)
    assert_same_results(batched, stock)


def test_joblib_has_processes_before_and_after_a_search_in_several():
    search = BatchedSearchCV(CLASSIFIER, GRID, cv=2, n_jobs=2)
    for _ in range(2):
        search.fit(X, Y)
        assert Parallel(n_jobs=2)(delayed(abs)(-i) for i in range(4)) == [0, 1, 2, 3]


def test_the_filters_of_warnings_stay():
    before = list(warnings.filters)
    BatchedSearchCV(CLASSIFIER, GRID, cv=2).fit(X, Y)
    assert warnings.filters == before


def process_that_fits(estimator, X, y):
    return float(os.getpid())


def test_this_process_is_one_of_the_given_number():
    grid = {"lr": np.linspace(0.001, 0.01, 30)}
    classifier = clone(CLASSIFIER).set_params(max_epochs=20)
    search = BatchedSearchCV(
        classifier, grid, cv=2, n_jobs=2, scoring=process_that_fits, refit=False
    ).fit(X, Y)
    found = {
        int(pid)
        for fold in (0, 1)
        for pid in search.cv_results_[f"split{fold}_test_score"]
    }
    assert os.getpid() in found
    assert len(found) <= 2


PICKLED_IN = []


class ScorerThatKnowsItsPickles:
    """A scorer that notes in which thread it is pickled."""

    def __call__(self, estimator, X, y):
        return 0.5

    def __reduce__(self):
        PICKLED_IN.append(threading.current_thread())
        return ScorerThatKnowsItsPickles, ()


def test_fits_are_pickled_before_this_process_changes_what_they_share():
    scorer = ScorerThatKnowsItsPickles()
    BatchedSearchCV(CLASSIFIER, GRID, cv=5, n_jobs=2, scoring=scorer).fit(X, Y)
    assert set(PICKLED_IN) == {threading.main_thread()}


def test_an_error_in_one_of_several_processes_is_raised():
    classifier = clone(CLASSIFIER).set_params(optimizer="sgd", lr_schedule="constant")
    for rates in ([1e30, *[0.01] * 7], [*[0.01] * 7, 1e30]):
        search = BatchedSearchCV(
            classifier, {"lr": rates}, cv=2, n_jobs=2, error_score="raise"
        )
        with pytest.raises(ValueError, match="try a smaller lr"):
            search.fit(X, Y)


def test_without_a_refit_and_with_a_pickle():
    search = BatchedSearchCV(CLASSIFIER, GRID, cv=2, refit=False).fit(X, Y)
    assert not hasattr(search, "best_estimator_")
    search = BatchedSearchCV(CLASSIFIER, GRID, cv=2).fit(X, Y)
    copy = pickle.loads(pickle.dumps(search))
    assert_array_equal(copy.predict(X), search.predict(X))
    assert clone(search).get_params()["cv"] == 2


def test_an_estimator_of_scikit_learn_is_searched_as_usual():
    rows, grid = X.arrays[0], {"C": [0.1, 1.0]}
    stock = GridSearchCV(LogisticRegression(), grid, cv=3).fit(rows, LABELS)
    batched = BatchedSearchCV(LogisticRegression(), grid, cv=3).fit(rows, LABELS)
    assert_same_results(batched, stock)
