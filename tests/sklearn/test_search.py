"""scikit-learn's searches, untouched, on two packed tasks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import uniform
from sklearn.base import clone
from sklearn.exceptions import FitFailedWarning
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    HalvingRandomSearchCV,
    KFold,
    ParameterGrid,
    ParameterSampler,
    RandomizedSearchCV,
    StratifiedKFold,
)
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils import resample

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.metrics import LabeledScorer
from sk_jae.preprocessing import PerTask
from tests.helpers.packed import (
    ARRAYS,
    DENSE,
    LABELS,
    N_SAMPLES,
    X,
    Y,
    accuracy_by_hand,
    by_hand,
    make_vectors_and_images,
    r2_by_hand,
    split_scores,
)

CLASSIFIER = JointTransferClassifier(**DENSE)
AUTOENCODER = JointAutoencoder(**DENSE)
# What cv=3 means for a classifier, and for a transformer without y.
STRATIFIED = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), Y))
CONTIGUOUS = list(KFold(3).split(np.zeros(N_SAMPLES)))


def expected_scores(estimator, candidates, folds, score=accuracy_by_hand):
    return np.array(
        [by_hand(clone(estimator).set_params(**p), folds, score) for p in candidates]
    )


def assert_refitted_on_everything(search, expected):
    """The best estimator is one fitted on the plain lists, for every input form."""
    new, _ = make_vectors_and_images(seed=1, n_vectors=5, n_images=7)
    assert_array_equal(search.predict([None, new[1]])[1], expected.predict(new)[1])
    assert_array_equal(X.split(search.predict(X))[0], expected.predict(ARRAYS)[0])
    assert search.score(X, Y) == pytest.approx(expected.score(ARRAYS, LABELS))


def test_grid_search_of_a_classifier():
    grid = {"lr": [0.001, 0.05], "reconstruction_weight": [0.0, 1.0, [1.0, 4.0]]}
    search = GridSearchCV(CLASSIFIER, grid, cv=3).fit(X, Y)

    expected = expected_scores(CLASSIFIER, ParameterGrid(grid), STRATIFIED)
    actual = split_scores(search.cv_results_)
    assert len(np.unique(actual)) > 3
    assert_allclose(actual, expected, atol=1e-6)
    assert_allclose(search.cv_results_["mean_test_score"], expected.mean(1), atol=1e-6)
    assert search.best_index_ == expected.mean(1).argmax()
    best = clone(CLASSIFIER).set_params(**search.best_params_).fit(ARRAYS, LABELS)
    assert_refitted_on_everything(search, best)


def test_grid_search_of_an_autoencoder_without_y():
    grid = {"lr": [0.001, 0.02], "n_shared": [1, 3]}
    search = GridSearchCV(AUTOENCODER, grid, cv=3).fit(X)

    expected = expected_scores(AUTOENCODER, ParameterGrid(grid), CONTIGUOUS, r2_by_hand)
    assert_allclose(split_scores(search.cv_results_), expected, atol=1e-5)
    best = clone(AUTOENCODER).set_params(**search.best_params_).fit(ARRAYS)
    codes = X.split(search.transform(X))
    assert_allclose(codes[1], best.transform(ARRAYS)[1], atol=1e-5)


def test_grid_search_of_a_pipeline_with_scaling_per_task():
    pipeline = Pipeline([("scale", PerTask(StandardScaler())), ("jtc", CLASSIFIER)])
    grid = {"scale__transformer": [StandardScaler(), MinMaxScaler()]}
    search = GridSearchCV(pipeline, {**grid, "jtc__lr": [0.02]}, cv=3).fit(X, Y)

    expected = []
    for scaler in (StandardScaler, MinMaxScaler):
        for train, test in STRATIFIED:
            arrays, rows = [], (X[train], X[test])
            for t in range(2):
                train_t, test_t = (
                    part.arrays[t].reshape(-1, (6, 42)[t]) for part in rows
                )
                fitted = scaler().fit(train_t)
                arrays.append(
                    [
                        fitted.transform(part).reshape(-1, *ARRAYS[t].shape[1:])
                        for part in (train_t, test_t)
                    ]
                )
            (vectors, vectors_test), (images, _) = arrays
            labels = [Y[chosen][X.task[chosen] == 0] for chosen in (train, test)]
            fitted = clone(CLASSIFIER).fit([vectors, images], [labels[0], None])
            found = fitted.predict([vectors_test, None])[0]
            expected.append(np.mean((found == labels[1])[labels[1] != -1]))
    actual = split_scores(search.cv_results_)
    assert_allclose(actual, np.reshape(expected, (2, 3)), atol=1e-6)


def test_randomized_search():
    space = {"lr": uniform(0.001, 0.1), "n_private": [0, 1, 2]}
    search = RandomizedSearchCV(CLASSIFIER, space, n_iter=3, cv=3, random_state=7)
    search.fit(X, Y)

    candidates = list(ParameterSampler(space, n_iter=3, random_state=7))
    assert search.cv_results_["params"] == candidates
    expected = expected_scores(CLASSIFIER, candidates, STRATIFIED)
    assert_allclose(split_scores(search.cv_results_), expected, atol=1e-6)
    assert search.best_params_ == candidates[expected.mean(1).argmax()]


def test_halving_grid_search_with_epochs_as_the_resource():
    grid = {"lr": [0.0001, 0.001, 0.01, 0.05]}
    search = HalvingGridSearchCV(
        CLASSIFIER,
        grid,
        cv=3,
        factor=2,
        resource="max_epochs",
        min_resources=1,
        max_resources=4,
        scoring=LabeledScorer("neg_log_loss"),
    ).fit(X, Y)

    results = search.cv_results_
    assert_array_equal(results["iter"], [0, 0, 0, 0, 1, 1, 2])
    assert_array_equal(results["n_resources"], [1, 1, 1, 1, 2, 2, 4])

    def log_loss_by_hand(fitted, test):
        rows = X[test].arrays[0]
        labels = Y[test][X.task[test] == 0]
        p = fitted.predict_proba([rows, None])[0][np.arange(len(labels)), labels]
        return np.log(p[labels != -1]).mean()

    expected = expected_scores(
        CLASSIFIER, results["params"], STRATIFIED, log_loss_by_hand
    )
    assert_allclose(split_scores(results), expected, atol=1e-5)
    # The better half of each round goes on.
    rates = np.array([params["lr"] for params in results["params"]])
    mean = expected.mean(1)
    assert set(rates[4:6]) == set(rates[:4][np.argsort(mean[:4])[2:]])
    assert rates[6] == rates[4:6][mean[4:6].argmax()] == search.best_params_["lr"]


def test_halving_random_search_with_samples_as_the_resource():
    search = HalvingRandomSearchCV(
        CLASSIFIER,
        {"lr": uniform(0.001, 0.1)},
        n_candidates=3,
        cv=3,
        factor=3,
        min_resources=38,
        random_state=5,
    ).fit(X, Y)

    results = search.cv_results_
    assert_array_equal(results["n_resources"], [38, 38, 38, 114])
    expected = []
    for params, n_resources in zip(
        results["params"], results["n_resources"], strict=True
    ):
        folds = [
            [
                resample(
                    part,
                    replace=False,
                    n_samples=int(n_resources / N_SAMPLES * len(part)),
                    random_state=5,
                )
                for part in fold
            ]
            for fold in STRATIFIED
        ]
        expected.append(by_hand(clone(CLASSIFIER).set_params(**params), folds))
    assert_allclose(split_scores(results), expected, atol=1e-6)
    assert search.best_index_ == 3
    first = np.mean(expected[:3], axis=1)
    assert results["params"][3]["lr"] == results["params"][first.argmax()]["lr"]


def test_refit_by_a_metric_and_by_a_callable():
    scoring = {
        "accuracy": LabeledScorer(),
        "recall": LabeledScorer("recall_macro"),
        "n_images": lambda estimator, X, y: len(X.arrays[1]),
    }
    grid = {"lr": [0.001, 0.05]}

    def slowest(results):
        return int(np.argmin(results["param_lr"]))

    by_name = GridSearchCV(CLASSIFIER, grid, cv=3, scoring=scoring, refit="accuracy")
    by_name.fit(X, Y)
    expected = expected_scores(CLASSIFIER, ParameterGrid(grid), STRATIFIED)
    results = by_name.cv_results_
    assert_allclose(split_scores(results, "accuracy"), expected, atol=1e-6)
    n_images = [(X.task[test] == 1).sum() for _, test in STRATIFIED]
    assert_array_equal(split_scores(results, "n_images"), [n_images, n_images])
    assert by_name.best_params_ == {"lr": 0.05}
    assert by_name.best_score_ == pytest.approx(expected.mean(1).max())

    by_rule = GridSearchCV(CLASSIFIER, grid, cv=3, refit=slowest).fit(X, Y)
    assert by_rule.best_params_ == {"lr": 0.001}
    assert_refitted_on_everything(
        by_rule, clone(CLASSIFIER).set_params(lr=0.001).fit(ARRAYS, LABELS)
    )


IMPOSSIBLE = {"shared_depth": [-1, 1]}
DEPTH_MESSAGE = "The layers from shared_depth=1 on cannot be tied"


@pytest.mark.parametrize("error_score", [np.nan, -1.0])
def test_error_score_stands_for_a_candidate_that_cannot_be_fitted(error_score):
    search = GridSearchCV(CLASSIFIER, IMPOSSIBLE, cv=3, error_score=error_score)
    if np.isnan(error_score):
        with (
            pytest.warns(FitFailedWarning, match=DEPTH_MESSAGE),
            pytest.warns(UserWarning, match="non-finite"),
        ):
            search.fit(X, Y)
    else:
        with pytest.warns(FitFailedWarning, match=DEPTH_MESSAGE):
            search.fit(X, Y)

    actual = split_scores(search.cv_results_)
    assert_allclose(actual[0], by_hand(CLASSIFIER, STRATIFIED), atol=1e-6)
    assert_array_equal(actual[1], [error_score] * 3)
    assert search.best_params_ == {"shared_depth": -1}


def test_error_score_raise():
    search = GridSearchCV(CLASSIFIER, IMPOSSIBLE, cv=3, error_score="raise")
    with pytest.raises(ValueError, match=DEPTH_MESSAGE):
        search.fit(X, Y)


def test_a_search_leaves_the_estimator_and_the_data_alone():
    estimator, before = clone(CLASSIFIER), [array.copy() for array in X.arrays]
    GridSearchCV(estimator, {"lr": [0.01]}, cv=2).fit(X, Y)

    assert not hasattr(estimator, "module_")
    for array, copy in zip(X.arrays, before, strict=True):
        assert_array_equal(array, copy)


def test_train_scores():
    search = GridSearchCV(
        CLASSIFIER, {"lr": [0.05]}, cv=3, return_train_score=True, refit=False
    ).fit(X, Y)
    quick = clone(CLASSIFIER).set_params(lr=0.05)
    expected = by_hand(quick, [(train, train) for train, _ in STRATIFIED])
    actual = [search.cv_results_[f"split{k}_train_score"][0] for k in range(3)]
    assert_allclose(actual, expected, atol=1e-6)
