"""Labels that cannot be used are refused before training, in words that say where."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from sk_jae import pack
from tests.helpers.refusals import (
    MNIST,
    X,
    Y,
    assert_has,
    classifier,
    fitted,
    refusal,
    refusal_of_fit,
    y,
)

LABEL_FAULTS = {
    "longer": (Y[:-1], ["11 labels", "expected 12", "-1"]),
    "continuous": (Y + 0.5, ["continuous", "classes"]),
    "infinite": (np.where(Y, np.inf, 1), ["infinity", "classes"]),
    "continuous with gaps": (np.where(Y, np.nan, 0.5), ["continuous", "classes"]),
    "two columns": (np.stack([Y, Y], 1), ["shape (12, 2)", "1 dimension"]),
    "scalar": (1, ["shape ()", "1 dimension"]),
    "one text": ("nonsense", ["shape ()", "1 dimension"]),
    "complex": (Y + 1j, ["complex128", "integers or text"]),
    "dates": (Y.astype("M8[s]"), ["datetime64", "integers or text"]),
    "mixed": (["a", 1] * 6, ["objects of int and str", "integers or text", "None"]),
    "mixed with gaps": (["a", 1, None] * 4, ["objects of int and str", "None"]),
    "objects": ([{}, None] * 6, ["objects of dict", "integers or text"]),
    "bytes": ([b"a", b"b"] * 6, ["dtype |S1", "integers or text"]),
    "text mark": (["a", "-1"] * 6, ["the text '-1'", "mark", "None"]),
    "large": ([1, 2**70] * 6, ["64 bits", "smaller numbers"]),
    "unsigned": (np.array([1, 2**63] * 6, np.uint64), ["64 bits"]),
    "ragged": ([[1], [1, 2]] * 6, ["cannot become a numpy array"]),
}
label_faults = pytest.mark.parametrize(
    ("faulty", "fragments"), LABEL_FAULTS.values(), ids=LABEL_FAULTS.keys()
)


@label_faults
def test_labels_in_fit(faulty, fragments):
    for labels in ({"mnist": faulty}, [faulty, None]):
        text = refusal_of_fit(classifier, X, labels)
        assert_has(text, "y of task 'mnist'", *fragments)
    text = refusal_of_fit(classifier, MNIST, faulty)
    assert_has(text, "y ", *fragments)
    assert "task '" not in text


@label_faults
def test_labels_in_score(faulty, fragments):
    text = refusal(fitted().score, X, {"mnist": faulty})
    assert_has(text, "y of task 'mnist'", *fragments)


@pytest.mark.parametrize(
    "unlabeled",
    [
        *([None, None], {}, {"mnist": np.full(12, -1)}, [np.full(12, -1.0), [-1] * 8]),
        *([[None] * 12, None], {"usps": np.full(8, np.nan)}),
        [np.full(12, "NaT", "M8[D]"), [None, pd.NA, pd.NaT, -1] * 2],
    ],
)
def test_no_labeled_sample(unlabeled):
    text = refusal_of_fit(classifier, X, unlabeled)
    assert_has(text, "no labeled sample in any task", "-1", "JointAutoencoder")
    text = refusal(fitted().score, X, unlabeled)
    assert_has(text, "no labeled sample in any task", "JointStratifiedKFold")


def test_no_labels():
    text = refusal_of_fit(classifier, X, None)
    assert_has(text, "requires y to be passed", "at least one task")
    assert_has(refusal(fitted().score, X, None), "y is None", "sk_jae.metrics")


@pytest.mark.parametrize(
    ("labels", "only"),
    [
        ({"mnist": np.zeros(12, int)}, "0"),
        ([np.where(Y, -1, 5), np.full(8, 5)], "5"),
        ({"usps": np.full(8, "cat")}, "'cat'"),
    ],
)
def test_one_class(labels, only):
    text = refusal_of_fit(classifier, X, labels)
    assert_has(text, f"only one class, {only},", "all tasks", "at least two")


@pytest.mark.parametrize("form", ["dict", "joint"])
def test_minus_one_may_be_the_class_that_is_missing(form):
    labels = {"mnist": np.where(Y, -1, 1), "usps": [1, -1] * 4}
    data = (X, labels) if form == "dict" else pack(X, labels)
    text = refusal_of_fit(classifier, *data)
    assert_has(text, "only one class, 1,", "-1 marks unlabeled", "np.where(y == -1")


def test_text_in_one_task_and_numbers_in_another():
    text = refusal_of_fit(classifier, X, [Y, np.full(8, "cat")])
    assert_has(text, "task 'mnist' holds numbers", "task 'usps' holds text", "same")


def test_text_in_score_and_numbers_in_fit():
    text = refusal(fitted().score, X, {"mnist": Y.astype(str)})
    assert_has(text, "task 'mnist' holds text", "expected numbers as in fit")


@pytest.mark.parametrize(
    ("labels", "fragments"),
    [
        ([Y], ["y has 1 item,", "expected 2, one per task"]),
        ([Y, None, None], ["y has 3 items", "expected 2, one per task"]),
        (Y, ["y is ndarray", "2 items, one per task"]),
        ("nonsense", ["y is str", "2 items, one per task"]),
        ({"pen": Y}, ["y has the unknown task 'pen'", "'mnist', 'usps'"]),
    ],
)
def test_form_of_labels(labels, fragments):
    assert_has(refusal_of_fit(classifier, X, labels), *fragments)
    assert_has(refusal(fitted().score, X, labels), *fragments)


def test_form_of_labels_of_one_array():
    assert_has(refusal_of_fit(classifier, MNIST, {"a": Y}), "y is a dict", "one array")


@pytest.mark.parametrize("labels", [[Y, None], {"mnist": Y}])
def test_labels_per_task_for_a_container(labels):
    container, _ = pack(X)
    text = refusal_of_fit(classifier, container, labels)
    assert_has(text, "one item per task", "JointArrays", "X, y = pack(X, y)")
    assert_has(refusal(fitted().score, container, labels), "X, y = pack(X, y)")


def test_number_of_labels_of_a_container():
    container, labels = pack(X, y)
    text = refusal_of_fit(classifier, container, labels[:-1])
    assert_has(text, "y has 19 labels, expected 20", "pack(X, y)")
