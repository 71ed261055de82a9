"""Scorers of labeled samples, against scikit-learn on one task at a time."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    roc_auc_score,
)

from sk_jae import JointTransferClassifier
from sk_jae.metrics import (
    EntropyScorer,
    LabeledScorer,
    ReverseValidationScorer,
)
from tests.helpers.scoring import BY_HAND, FORMS, LABEL_FREE, LEARNED, SCORING


def by_hand(name, estimator, X, y, task):
    mask = y[task] != -1
    predicted = estimator.predict(X)[task][mask]
    proba = estimator.predict_proba(X)[task][mask]
    return BY_HAND[name](y[task][mask], predicted, proba)


@pytest.mark.parametrize("name", list(BY_HAND), ids=str)
def test_labeled_scorer_is_the_mean_over_labeled_tasks(name, data, fitted):
    X, y = data
    expected = np.mean([by_hand(name, fitted["list"], X, y, t) for t in (0, 1)])
    assert LabeledScorer(name)(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("name", list(BY_HAND), ids=str)
@pytest.mark.parametrize("task", [0, 1, "task1"])
def test_labeled_scorer_of_one_task(name, task, data, fitted):
    X, y = data
    position = 1 if task == "task1" else task
    expected = by_hand(name, fitted["list"], X, y, position)
    scorer = LabeledScorer(name, task=task)
    assert scorer(fitted["list"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("task", [None, 0, 1])
@pytest.mark.parametrize("name", ["accuracy", "neg_log_loss"])
def test_labeled_scorer_takes_every_form(form, task, name, data, forms, fitted):
    scorer = LabeledScorer(name, task=task)
    expected = scorer(fitted[form], *data)
    assert scorer(fitted[form], *forms[form]) == pytest.approx(expected)


def test_labeled_scorer_of_all_tasks_is_the_score_of_the_classifier(forms, fitted):
    for form, estimator in fitted.items():
        X, y = forms[form]
        assert LabeledScorer()(estimator, X, y) == estimator.score(X, y)


def test_labeled_scorer_names_tasks(forms, fitted):
    X, y = forms["dict"]
    by_name = LabeledScorer(task="few")(fitted["dict"], X, y)
    assert by_name == LabeledScorer(task=1)(fitted["dict"], X, y)
    only = LabeledScorer()(fitted["dict"], {"few": X["few"]}, {"few": y["few"]})
    assert only == by_name


def test_labeled_scorer_of_one_bare_array(data):
    X, y = data[0][0], data[1][0]
    estimator = JointTransferClassifier(**LEARNED).fit(X, y)
    expected = balanced_accuracy_score(y, estimator.predict(X))
    scorer = LabeledScorer("balanced_accuracy")
    assert scorer(estimator, X, y) == pytest.approx(expected)
    assert scorer(estimator, X.tolist(), y) == pytest.approx(expected)
    # -1 and 1 of a bare array are two classes.
    estimator.fit(X, np.where(y == 1, 1, -1))
    expected = f1_score(np.where(y == 1, 1, -1), estimator.predict(X), average="macro")
    assert LabeledScorer("f1_macro")(estimator, X, np.where(y == 1, 1, -1)) == expected


def test_labeled_scorer_with_labels_of_text(data):
    X, (y, few, _) = data
    words = np.array(["one", "two", "three"])
    y_text = [words[y], np.where(few < 0, -1, words[few].astype(object)), None]
    estimator = JointTransferClassifier(**LEARNED).fit(X, y_text)
    mask = few != -1
    expected = f1_score(
        words[few[mask]], estimator.predict(X)[1][mask].astype(str), average="macro"
    )
    scorer = LabeledScorer("f1_macro", task=1)
    assert scorer(estimator, X, y_text) == pytest.approx(expected)


def test_labeled_scorer_sees_only_the_classes_of_a_task():
    """Without, a metric of probabilities would not fit the labels of either task."""
    rng = np.random.default_rng(0)
    y = [np.arange(60) % 3, 3 + np.arange(40) % 2]
    X = [
        rng.normal(size=(60, 4)) + 2 * np.eye(3, 4)[y[0]],
        rng.normal(size=(40, 3)) + 2 * np.eye(2, 3)[y[1] - 3],
    ]
    estimator = JointTransferClassifier(**LEARNED).fit(X, y)
    three, two = estimator.predict_proba(X)
    expected = [
        roc_auc_score(y[0], three[:, :3], multi_class="ovr"),
        roc_auc_score(y[1], two[:, 4]),
    ]
    for t in (0, 1):
        scorer = LabeledScorer("roc_auc_ovr", task=t)
        assert scorer(estimator, X, y) == pytest.approx(expected[t])
    # By the decision function, of which a binary classifier has one column.
    assert LabeledScorer("roc_auc", task=1)(estimator, X, y) == pytest.approx(
        expected[1]
    )


def test_labeled_scorer_without_labels_raises(data, fitted):
    X, y = data
    with pytest.raises(ValueError, match="'task2' has no labeled sample"):
        LabeledScorer(task=2)(fitted["list"], X, y)
    with pytest.raises(ValueError, match="no labeled sample in any task"):
        LabeledScorer()(fitted["list"], X, [None, None, None])
    with pytest.raises(ValueError, match="no labeled sample in any task"):
        LabeledScorer()(fitted["list"], X, [None, np.full(36, -1), None])
    with pytest.raises(ValueError, match="y is None"):
        LabeledScorer()(fitted["list"], X, None)


@pytest.mark.parametrize("scorer", [LabeledScorer, *LABEL_FREE])
@pytest.mark.parametrize("task", [3, "usps"])
def test_unknown_task_raises(scorer, task, data, fitted):
    with pytest.raises(ValueError, match=rf"task={task!r} .*'task0'"):
        scorer(task=task)(fitted["list"], *data)


@pytest.mark.parametrize(
    "scorer", [LabeledScorer, *LABEL_FREE, ReverseValidationScorer]
)
def test_unfitted_estimator_raises(scorer, data):
    with pytest.raises(sklearn.exceptions.NotFittedError):
        scorer()(JointTransferClassifier(), *data)


def test_a_metric_is_not_a_scorer(data, fitted):
    with pytest.raises(ValueError, match="metric function rather than a scorer"):
        LabeledScorer(accuracy_score)(fitted["list"], *data)


@pytest.mark.parametrize("scorer", SCORING.values(), ids=list(SCORING))
def test_scorers_pickle_and_clone(scorer, forms, fitted):
    X, y = forms["dict"]
    expected = scorer(fitted["dict"], X, y)
    copies = [pickle.loads(pickle.dumps(scorer)), clone(scorer, safe=False)]
    for copy in copies:
        assert vars(copy).keys() == vars(scorer).keys()
        assert copy(fitted["dict"], X, y) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("scorer", "expected"),
    [
        (LabeledScorer("f1_macro", task="a"), "LabeledScorer('f1_macro', task='a')"),
        (EntropyScorer(1), "EntropyScorer(task=1)"),
        (ReverseValidationScorer(), "ReverseValidationScorer(task=None)"),
    ],
)
def test_repr(scorer, expected):
    assert repr(scorer) == expected
