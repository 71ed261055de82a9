"""Classes of the tasks: sets that differ, gaps, names and heads."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import JointTransferClassifier
from tests.helpers.small import PAPER, small, vectors


def fitted(y, **parameters):
    X = vectors((24,) * len(y), (6, 6, 6))
    y = dict(zip(X, y, strict=True))
    return JointTransferClassifier(**small(PAPER, **parameters)).fit(X, y), X


@pytest.mark.parametrize("head", ["auto", "shared", "both"])
@pytest.mark.parametrize("partly", [False, True])
def test_tasks_with_classes_of_their_own_are_predicted_among_them(head, partly):
    i = np.arange(24)
    y = [i % 5, 5 + i % 5]
    if partly:
        y[1][10:] = -1
    clf, X = fitted(y, head=head)
    assert list(clf.classes_) == list(range(10))
    predicted, p = clf.predict(X), clf.predict_proba(X)
    decisions = clf.decision_function(X)
    for name, own in (("a", range(5)), ("b", range(5, 10))):
        assert list(clf.task_classes_["ab".index(name)]) == list(own)
        assert set(predicted[name]) <= set(own)
        others = [c for c in range(10) if c not in own]
        assert (p[name][:, others] == 0).all()
        assert np.isneginf(decisions[name][:, others]).all()
        assert np.isfinite(decisions[name][:, list(own)]).all()


@pytest.mark.parametrize("unlabeled", [None, "all"])
def test_a_task_without_labels_may_have_any_class(unlabeled):
    i = np.arange(24)
    y = [i % 2, 2 + i % 2, None if unlabeled is None else np.full(24, -1)]
    clf, X = fitted(y)
    assert list(clf.task_classes_[2]) == [0, 1, 2, 3]
    assert (clf.predict_proba(X)["c"] > 0).all()


def test_a_partly_labeled_task_may_have_classes_that_it_does_not_show():
    i = np.arange(24)
    some = np.where(i < 6, i % 2, -1)
    clf, X = fitted([i % 3, some])
    assert list(clf.task_classes_[1]) == [0, 1, 2]
    assert (clf.predict_proba(X)["b"] > 0).all()
    clf, X = fitted([i % 3, i % 2])  # all are known, and it has two
    assert list(clf.task_classes_[1]) == [0, 1]


@pytest.mark.parametrize(
    "names",
    [
        np.array(["eight", "nine", "ten"]),
        np.array(["eight", "nine", "ten"], dtype=object),
        np.array([8, 9, 10]),
        np.array([8.0, 9.0, 10.0]),
    ],
)
def test_labels_come_back_as_they_are(names):
    i = np.arange(24)
    clf, X = fitted([names[i % 3], names[i % 3], None])
    assert list(clf.classes_) == list(names)
    plain, _ = fitted([i % 3, i % 3, None])
    for name, predicted in clf.predict(X).items():
        np.testing.assert_array_equal(predicted, names[plain.predict(X)[name]])
    y = {name: names[plain.predict(X)[name]] for name in X}
    assert clf.score(X, y) == 1.0


def test_labels_of_text_may_have_gaps():
    y = np.array(["cat", "dog", -1] * 8, dtype=object)
    clf, X = fitted([y, np.array(["cat", "dog"] * 12)])
    assert list(clf.classes_) == ["cat", "dog"]
    assert set(clf.predict(X)["a"]) <= {"cat", "dog"}


@pytest.mark.parametrize(
    ("y", "head", "expected"),
    [
        (["complete", "complete"], "auto", [0, 1]),
        (["complete", None], "auto", []),
        (["complete", "partial"], "auto", []),
        (["complete", "partial"], "both", [0, 1]),
        (["complete", None], "both", [0]),
        (["complete", "complete"], "shared", []),
        (["complete", "other classes"], "auto", [0, 1]),
    ],
)
def test_private_heads_are_for_labeled_tasks(y, head, expected):
    i = np.arange(24)
    forms = {
        "complete": i % 3,
        "partial": np.where(i < 12, i % 3, -1),
        "other classes": np.where(i < 12, 3 + i % 3, -1),
        None: None,
    }
    clf, _ = fitted([forms[form] for form in y], head=head)
    assert list(clf.module_.private_heads) == [str(t) for t in expected]
    assert clf.module_.shared_head is not None


def test_without_a_shared_code_every_task_needs_labels_and_gets_a_head():
    i = np.arange(24)
    clf, X = fitted([i % 3, i % 2], n_shared=0)
    assert list(clf.module_.private_heads) == ["0", "1"]
    assert clf.module_.shared_head is None
    assert set(clf.predict(X)["b"]) <= {0, 1}
    with pytest.raises(ValueError, match=r"n_shared=0 leaves .*task 'b'"):
        fitted([i % 3, None], n_shared=0)
    with pytest.raises(ValueError, match="head='shared' needs a shared code"):
        fitted([i % 3, i % 3], n_shared=0, head="shared")
