"""Displays of numbers: the history, the transfer report and searches."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.model_selection import GridSearchCV

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.inspection import HistoryDisplay, SearchDisplay, TransferDisplay
from sk_jae.metrics import transfer_report
from tests.helpers.small import SMALL, half_labeled, small, vectors

X, Y = half_labeled()


@pytest.fixture(scope="module")
def clf():
    return JointTransferClassifier(**small(max_epochs=6, early_stopping=True)).fit(X, Y)


def curves(ax):
    """The curves of a panel without marks and entries of the legend."""
    n = max(len(line.get_xdata()) for line in ax.lines)
    return [line.get_ydata() for line in ax.lines if len(line.get_xdata()) == n]


def test_the_history_has_every_term_of_every_task(clf):
    axes = HistoryDisplay.from_estimator(clf).axes_
    terms = ["loss", "reconstruction", "classification", "infomax", "accuracy"]
    assert sorted(axes) == sorted(terms)
    history = clf.history_
    found = curves(axes["reconstruction"])
    for task in ("task0", "task1"):
        expected = [row[f"train_reconstruction_{task}"] for row in history]
        assert any(np.array_equal(expected, line) for line in found)
    held_out = [row["valid_reconstruction_task1"] for row in history]
    assert any(np.array_equal(held_out, line) for line in found)
    assert len(curves(axes["classification"])) == 2  # of one task, and held out


def test_a_term_that_starts_later_is_marked(clf):
    axes = HistoryDisplay.from_estimator(clf).axes_
    started = [row.get("train_infomax_task1") is not None for row in clf.history_]
    first = started.index(True) + 1
    assert first > 1
    assert f"from epoch {first}" in axes["infomax"].get_title()
    marks = [
        line.get_xdata()[0]
        for line in axes["infomax"].lines
        if len(line.get_xdata()) == 2
    ]
    assert marks == [first]
    assert "from" not in axes["reconstruction"].get_title()


def test_names_of_tasks_may_end_like_others():
    named = {"pen": X[0], "of_pen": X[1]}
    jae = JointAutoencoder(**SMALL).fit(named)
    axes = HistoryDisplay.from_estimator(jae).axes_
    assert sorted(axes) == ["loss", "reconstruction"]
    assert len(curves(axes["reconstruction"])) == 2


def test_panels_are_drawn_in_the_place_of_the_axes(clf):
    figure, axes = plt.subplots(1, 2)
    display = HistoryDisplay.from_estimator(clf, ax=axes[1])
    assert display.figure_ is figure
    assert plt.get_fignums() == [figure.number]


@pytest.fixture(scope="module")
def report(clf):
    few = [None, (X[1][:, :2] > 0).sum(1)]
    return transfer_report(clf, X, Y, y_few=few)


def test_the_report_is_drawn_task_by_task(report):
    axes = TransferDisplay.from_report(report).axes_
    numbers = ["effective_classes", "neighbor_agreement", "confidence", "accuracy"]
    assert list(axes) == numbers
    for number in numbers[:3]:
        points = [line for line in axes[number].lines if len(line.get_xdata()) == 1]
        expected = [report[task][number] for task in report]
        assert [line.get_xdata()[0] for line in points] == expected
    (mean,) = [line for line in axes["confidence"].lines if len(line.get_xdata()) == 2]
    assert mean.get_xdata()[0] == report["task0"]["confidence"]
    bounds = [tuple(line.get_xdata()) for line in axes["accuracy"].lines]
    row = report["task1"]
    assert (row["accuracy_low"], row["accuracy_high"]) in bounds


def test_warnings_stand_below(report):
    doubtful = {**report, "task1": {**report["task1"], "warning": "Look at it."}}
    display = TransferDisplay.from_report(doubtful)
    texts = [text.get_text() for ax in display.figure_.axes for text in ax.texts]
    assert texts == ["task1: Look at it."]
    markers = [
        line.get_marker()
        for line in display.axes_["confidence"].lines
        if len(line.get_xdata()) == 1
    ]
    assert markers == ["o", "X"]


@pytest.mark.parametrize("wrong", [{}, {"a": {}}, [1], None, {"a": 1}])
def test_what_is_no_report_is_refused(wrong):
    with pytest.raises(TypeError, match=r"expected what .*transfer_report returns"):
        TransferDisplay.from_report(wrong)


GRID = {"lr": [0.001, 0.01, 0.1], "n_shared": [2, 3], "encoder": [(4,), (8,)]}


@pytest.fixture(scope="module")
def search():
    packed, _ = pack(vectors())
    jae = JointAutoencoder(**small(max_epochs=1))
    return GridSearchCV(jae, GRID, cv=2, refit=False).fit(packed)


def best(search, **chosen):
    results = search.cv_results_
    scores = zip(results["params"], results["mean_test_score"], strict=True)
    return max(s for p, s in scores if all(p[k] == v for k, v in chosen.items()))


def test_a_search_has_the_best_score_of_each_cell(search):
    display = SearchDisplay.from_estimator(search)
    assert display.parameters[0] == "lr"
    two = SearchDisplay.from_estimator(search, parameters=["n_shared", "lr"])
    expected = [[best(search, n_shared=n, lr=lr) for n in (2, 3)] for lr in GRID["lr"]]
    assert np.allclose(two.scores["score"], expected)
    shown = [text.get_text() for text in two.axes_["score"].texts]
    assert shown == [f"{score:.3f}" for score in np.ravel(expected)]
    (frame,) = two.axes_["score"].patches
    i, j = np.unravel_index(np.argmax(expected), (3, 2))
    assert (frame.get_x(), frame.get_y()) == pytest.approx((j - 0.46, i - 0.46))
    one = SearchDisplay.from_estimator(search, parameters="encoder")
    assert one.scores["score"].shape == (1, 2)
    assert one.scores["score"][0, 1] == best(search, encoder=(8,))


def test_several_scores_have_a_panel_each():
    packed, y = pack(X, Y)
    clf = JointTransferClassifier(**small(max_epochs=1))

    def negative(estimator, X, y):
        return -1.0

    search = GridSearchCV(
        clf,
        [{"n_shared": [2, 3]}, {"n_private": [1]}],
        scoring={"own": lambda e, X, y: float(e.n_shared), "negative": negative},
        cv=2,
        refit=False,
    ).fit(packed, y)
    display = SearchDisplay.from_estimator(search, parameters=["n_shared"])
    assert display.scores["own"].tolist() == [[2.0, 3.0]]
    assert list(display.axes_) == ["own", "negative"]


@pytest.mark.parametrize("wrong", [["nothing"], [], ["lr", "n_shared", "encoder"]])
def test_parameters_that_were_not_tried_are_refused(search, wrong):
    with pytest.raises(ValueError, match="tried: 'encoder', 'lr', 'n_shared'"):
        SearchDisplay.from_estimator(search, parameters=wrong)


def test_what_is_no_search_is_refused(clf):
    with pytest.raises(TypeError, match="got a JointTransferClassifier, expected"):
        SearchDisplay.from_estimator(clf)
