"""Reverse validation, against a second fit by hand."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferClassifier
from sk_jae.metrics import (
    ReverseValidationScorer,
)
from sk_jae.preprocessing import PerTask
from tests.helpers.scoring import FORMS, LEARNED, NAMES, reversed_by_hand


def test_reverse_validation_by_hand(data, fitted):
    X, y = data
    expected = reversed_by_hand(fitted["list"], X, y, 2, (0, 1))
    assert ReverseValidationScorer()(fitted["list"], X, y) == pytest.approx(expected)
    expected = reversed_by_hand(fitted["list"], X, y, 1, (0,))
    scorer = ReverseValidationScorer("task1")
    assert scorer(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("form", FORMS)
def test_reverse_validation_takes_every_form(form, data, forms, fitted):
    names = NAMES if form in ("dict", "joint-named") else None
    expected = reversed_by_hand(fitted[form], *data, 2, (0, 1), names)
    found = ReverseValidationScorer()(fitted[form], *forms[form])
    assert found == pytest.approx(expected)


def test_reverse_validation_with_labels_of_text(data, fitted):
    X, (y, few, _) = data
    words = np.array(["a", "b", "c"])
    y_text = [words[y], np.where(few < 0, -1, words[few].astype(object)), None]
    estimator = JointTransferClassifier(**LEARNED).fit(X, y_text)
    expected = ReverseValidationScorer()(fitted["list"], X, [y, few, None])
    assert ReverseValidationScorer()(estimator, X, y_text) == expected


def test_reverse_validation_of_one_class_for_all(data):
    """Then the way back can only say that class, too."""
    X, y = data
    estimator = Constant().fit(X, y)
    # A third of the labels in each task.
    assert ReverseValidationScorer()(estimator, X, y) == pytest.approx(1 / 3)


def test_reverse_validation_does_not_see_classes_taken_for_each_other():
    rng = np.random.default_rng(0)
    y = np.arange(60) % 2
    X = [
        sign * (2 * y - 1)[:, None] + rng.normal(0, 0.3, size=(60, 4))
        for sign in (1, -1)
    ]
    clf = JointTransferClassifier(**{**LEARNED, "max_epochs": 20}).fit(X, [y, None])
    assert clf.score([None, X[1]], [None, y]) < 0.05
    assert ReverseValidationScorer()(clf, X, [y, None]) > 0.95


class Constant(ClassifierMixin, BaseEstimator):
    """Predicts class 1 for every sample of a list of tasks."""

    def fit(self, X, y):
        self.classes_ = np.arange(3)
        return self

    def predict(self, X):
        return [None if x is None else np.ones(len(x), dtype=int) for x in X]


def test_reverse_validation_does_not_change_the_estimator(data, fitted):
    X, y = data
    before = fitted["list"].predict_proba(X)
    ReverseValidationScorer()(fitted["list"], X, y)
    for p, q in zip(fitted["list"].predict_proba(X), before, strict=True):
        np.testing.assert_array_equal(p, q)


def test_reverse_validation_needs_one_target_and_a_source(data, fitted):
    X, y = data
    with pytest.raises(ValueError, match="found 2 tasks"):
        ReverseValidationScorer()(fitted["list"], X, [y[0], None, None])
    with pytest.raises(ValueError, match=r"labeled samples of another task .*'task0'"):
        ReverseValidationScorer(0)(fitted["list"], X, [y[0], None, None])
    with pytest.raises(ValueError, match=r"task='few' .*'task0'"):
        ReverseValidationScorer("few")(fitted["list"], X, y)
    estimator = JointTransferClassifier(**LEARNED).fit(X[0], y[0])
    with pytest.raises(ValueError, match="labeled samples of another task"):
        ReverseValidationScorer()(estimator, X[0], y[0])


def test_reverse_validation_refits_the_whole_pipeline(data):
    pipeline = make_pipeline(
        PerTask(StandardScaler()), JointTransferClassifier(**LEARNED)
    )
    pipeline.fit(*data)
    expected = reversed_by_hand(pipeline, *data, 2, (0, 1))
    assert ReverseValidationScorer()(pipeline, *data) == pytest.approx(expected)
