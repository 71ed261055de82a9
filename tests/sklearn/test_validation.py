"""scikit-learn's cross-validation and its curves, untouched, on two packed tasks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.model_selection import (
    KFold,
    ShuffleSplit,
    StratifiedKFold,
    cross_val_predict,
    cross_val_score,
    cross_validate,
    learning_curve,
    permutation_test_score,
    validation_curve,
)

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.metrics import InformationMaximizationScorer, LabeledScorer
from tests.helpers.packed import (
    ARRAYS,
    DENSE,
    LABELS,
    N_SAMPLES,
    TASK,
    X,
    Y,
    accuracy_by_hand,
    by_hand,
    fit_by_hand,
    r2_by_hand,
    rows_of,
)
from tests.helpers.small import small

CLASSIFIER = JointTransferClassifier(**small(DENSE, lr=0.05, max_epochs=8))
AUTOENCODER = JointAutoencoder(**DENSE)
STRATIFIED = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), Y))
CONTIGUOUS = list(KFold(3).split(np.zeros(N_SAMPLES)))


def information_by_hand(fitted, test):
    """Entropy of the mean prediction of the images minus the mean entropy."""
    images = ARRAYS[1][rows_of(test)[1]]
    p = fitted.predict_proba([None, images])[1]
    mean = p.mean(0)
    return (p * np.log(p)).sum(1).mean() - mean @ np.log(mean)


def test_cross_validate_with_several_metrics():
    scoring = {
        "accuracy": LabeledScorer(),
        "information": InformationMaximizationScorer(),
    }
    result = cross_validate(
        CLASSIFIER,
        X,
        Y,
        cv=3,
        scoring=scoring,
        return_train_score=True,
        return_estimator=True,
        return_indices=True,
    )
    for k, (train, test) in enumerate(STRATIFIED):
        assert_array_equal(result["indices"]["train"][k], train)
        assert_array_equal(result["indices"]["test"][k], test)
        fitted = fit_by_hand(CLASSIFIER, train)
        assert_allclose(
            result["estimator"][k].predict_proba(ARRAYS)[1],
            fitted.predict_proba(ARRAYS)[1],
            atol=1e-5,
        )
        for name, score in (
            ("accuracy", accuracy_by_hand),
            ("information", information_by_hand),
        ):
            for part, samples in (("train", train), ("test", test)):
                assert result[f"{part}_{name}"][k] == pytest.approx(
                    score(fitted, samples), abs=1e-5
                )


@pytest.mark.parametrize(
    ("estimator", "y", "folds", "score"),
    [
        (CLASSIFIER, Y, STRATIFIED, accuracy_by_hand),
        (AUTOENCODER, None, CONTIGUOUS, r2_by_hand),
    ],
    ids=["classifier", "autoencoder"],
)
def test_cross_val_score(estimator, y, folds, score):
    expected = by_hand(estimator, folds, score)
    assert_allclose(cross_val_score(estimator, X, y, cv=3), expected, atol=1e-5)


@pytest.mark.parametrize("n_splits", [2, 4])
def test_cross_val_score_with_random_splits(n_splits):
    cv = ShuffleSplit(n_splits, test_size=0.3, random_state=3)
    folds = list(cv.split(np.zeros(N_SAMPLES)))
    expected = by_hand(CLASSIFIER, folds)
    assert_allclose(cross_val_score(CLASSIFIER, X, Y, cv=cv), expected, atol=1e-6)


def test_cross_val_predict():
    expected = np.full(N_SAMPLES, -9)
    for train, test in STRATIFIED:
        rows = rows_of(test)
        fitted = fit_by_hand(CLASSIFIER, train)
        predictions = fitted.predict(
            [array[r] for array, r in zip(ARRAYS, rows, strict=True)]
        )
        for t in (0, 1):
            expected[test[TASK[test] == t]] = predictions[t]

    actual = cross_val_predict(CLASSIFIER, X, Y, cv=3)
    assert_array_equal(actual, expected)
    labels = X.split(actual)
    assert [len(part) for part in labels] == [72, 44]
    assert np.mean(labels[0] == LABELS[0]) > 0.5


def test_cross_val_predict_of_probabilities_with_complete_labels():
    labels = [np.arange(72) % 3, np.arange(44) % 3]
    y = X.join(labels)
    folds = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), y))
    actual = cross_val_predict(CLASSIFIER, X, y, cv=3, method="predict_proba")
    assert actual.shape == (N_SAMPLES, 3)
    for train, test in folds:
        parts = [array[r] for array, r in zip(ARRAYS, rows_of(test), strict=True)]
        p = fit_by_hand(CLASSIFIER, train, y).predict_proba(parts)
        for t in (0, 1):
            assert_allclose(actual[test[TASK[test] == t]], p[t], atol=1e-5)


def test_learning_curve():
    sizes, train_scores, test_scores = learning_curve(
        CLASSIFIER, X, Y, cv=3, train_sizes=[0.25, 1.0]
    )
    assert_array_equal(sizes, [19, 77])
    for i, size in enumerate(sizes):
        folds = [(train[:size], test) for train, test in STRATIFIED]
        # Every prefix holds both tasks in proportion, without shuffling.
        shares = [np.mean(TASK[train] == 0) for train, _ in folds]
        assert_allclose(shares, 72 / N_SAMPLES, atol=0.06)
        assert_allclose(test_scores[i], by_hand(CLASSIFIER, folds), atol=1e-6)
        folds = [(train, train) for train, _ in folds]
        assert_allclose(train_scores[i], by_hand(CLASSIFIER, folds), atol=1e-6)


def test_validation_curve():
    weights = [0.5, [0.5, 5.0]]
    train_scores, test_scores = validation_curve(
        AUTOENCODER,
        X,
        None,
        param_name="reconstruction_weight",
        param_range=weights,
        cv=3,
    )
    on_train = [(train, train) for train, _ in CONTIGUOUS]
    for i, weight in enumerate(weights):
        estimator = clone(AUTOENCODER).set_params(reconstruction_weight=weight)
        expected = by_hand(estimator, CONTIGUOUS, r2_by_hand)
        assert_allclose(test_scores[i], expected, atol=1e-5)
        expected = by_hand(estimator, on_train, r2_by_hand)
        assert_allclose(train_scores[i], expected, atol=1e-5)


def test_permutation_test_score_within_tasks():
    # Without groups, labels and marks of unlabeled samples would change tasks.
    score, permuted, p_value = permutation_test_score(
        CLASSIFIER,
        X,
        Y,
        groups=X.task,
        cv=STRATIFIED,
        n_permutations=5,
        random_state=4,
    )
    assert score == pytest.approx(by_hand(CLASSIFIER, STRATIFIED).mean(), abs=1e-6)

    rng = np.random.RandomState(4)
    expected = []
    for _ in range(5):
        order = np.arange(N_SAMPLES)
        for t in (0, 1):
            order[X.task == t] = rng.permutation(order[X.task == t])
        y = Y[order]
        assert (y[TASK == 1] == -1).all()
        scores = []
        for train, test in STRATIFIED:
            fitted = fit_by_hand(CLASSIFIER, train, y)
            chosen = test[(TASK[test] == 0) & (y[test] != -1)]
            found = fitted.predict([ARRAYS[0][rows_of(chosen)[0]], None])[0]
            scores.append(np.mean(found == y[chosen]))
        expected.append(np.mean(scores))
    assert_allclose(permuted, expected, atol=1e-6)
    assert p_value == pytest.approx((1 + np.sum(permuted >= score)) / 6)
    assert score > permuted.max()


def test_a_fitted_estimator_is_not_needed_and_not_touched():
    fitted = clone(CLASSIFIER).fit(ARRAYS, LABELS)
    before = fitted.predict_proba(ARRAYS)[0]
    cross_val_score(fitted, X, Y, cv=2)
    assert_array_equal(fitted.predict_proba(ARRAYS)[0], before)
