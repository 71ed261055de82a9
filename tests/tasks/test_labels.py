"""Labels in every form, encoded as classes of all tasks together."""

from __future__ import annotations

import warnings
from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import DataConversionWarning

from sk_jae import JointTransferClassifier, pack
from sk_jae.tasks import (
    check_labels,
    check_score_labels,
    check_tasks,
    labeled_samples,
    parse_inputs,
    split_labels,
)
from tests.helpers.small import SMALL

A, B, C = np.ones((4, 3)), np.ones((6, 2)), np.ones((2, 5))


def tasks_of(X):
    return check_tasks(X, estimator=JointTransferClassifier(), reset=True)[0]


def encode(X, y):
    return check_labels(y, tasks_of(X), JointTransferClassifier())


@pytest.mark.parametrize(
    ("y", "classes", "encoded", "class_mask"),
    [
        pytest.param(
            [[0, 1, 0, 1], [2, 3, 2, 3, 2, 3]],
            [0, 1, 2, 3],
            [[0, 1, 0, 1], [2, 3, 2, 3, 2, 3]],
            [[1, 1, 0, 0], [0, 0, 1, 1]],
            id="complete and disjoint",
        ),
        pytest.param(
            [[0, 1, 0, 1], [1, 2, 1, 2, 1, 2]],
            [0, 1, 2],
            [[0, 1, 0, 1], [1, 2, 1, 2, 1, 2]],
            [[1, 1, 0], [0, 1, 1]],
            id="complete and overlapping",
        ),
        pytest.param(
            [[5, 7, -1, -1], [9, 8, -1, 9, 8, 9]],
            [5, 7, 8, 9],
            [[0, 1, -1, -1], [3, 2, -1, 3, 2, 3]],
            [[1, 1, 0, 0], [0, 0, 1, 1]],
            id="partial and disjoint",
        ),
        pytest.param(
            [[0, 1, -1, -1], [1, 2, 1, 2, 1, 2]],
            [0, 1, 2],
            [[0, 1, -1, -1], [1, 2, 1, 2, 1, 2]],
            [[1, 1, 1], [0, 1, 1]],
            id="partial and overlapping",
        ),
        pytest.param(
            [[0, 1, 2, 1], None],
            [0, 1, 2],
            [[0, 1, 2, 1], None],
            [[1, 1, 1], [1, 1, 1]],
            id="one task without labels",
        ),
        pytest.param(
            [[0, 0, 0, 0], [1, 2, 1, 2, 1, 2]],
            [0, 1, 2],
            [[0, 0, 0, 0], [1, 2, 1, 2, 1, 2]],
            [[1, 0, 0], [0, 1, 1]],
            id="one class in a task",
        ),
        pytest.param(
            [["b", -1, "a", -1], np.array(["c", "b"] * 3)],
            ["a", "b", "c"],
            [[1, -1, 0, -1], [2, 1, 2, 1, 2, 1]],
            [[1, 1, 1], [0, 1, 1]],
            id="text with a mark",
        ),
        pytest.param(
            [np.array([0.0, 1.0, -1.0, 0.0]), [-1] * 6],
            [0.0, 1.0],
            [[0, 1, -1, 0], None],
            [[1, 1], [1, 1]],
            id="floats, and a task with marks only",
        ),
    ],
)
def test_encoding(y, classes, encoded, class_mask):
    labels = encode([A, B], y)
    assert_array_equal(labels.classes, classes)
    assert_array_equal(labels.class_mask, np.array(class_mask, dtype=bool))
    for codes, expected in zip(labels.encoded, encoded, strict=True):
        assert (codes is None) == (expected is None)
        if codes is not None:
            assert codes.dtype == np.int64
            assert_array_equal(codes, expected)


@pytest.mark.filterwarnings("ignore:y holds -1 beside")
@given(
    st.lists(st.integers(-1, 3), min_size=4, max_size=4),
    st.lists(st.integers(-1, 3), min_size=6, max_size=6),
)
def test_codes_stand_for_the_labels(first, second):
    y = [np.array(first), np.array(second)]
    assume(len({*first, *second} - {-1}) > 1)
    labels = encode([A, B], y)
    for part, codes in zip(y, labels.encoded, strict=True):
        if codes is None:
            assert (part == -1).all()
            continue
        assert_array_equal(codes == -1, part == -1)
        known = part != -1
        assert_array_equal(labels.classes[codes[known]], part[known])
    for mask, codes in zip(labels.class_mask, labels.encoded, strict=True):
        if codes is not None:
            assert mask[codes[codes >= 0]].all()


GAPS = {
    "objects": lambda v: np.array(v, object),
    "list": lambda v: v,
    "list with NaN": lambda v: [np.nan if x is None else x for x in v],
    "list with NaT": lambda v: [pd.NaT if x is None else x for x in v],
    "category": lambda v: pd.Series(v, dtype="category"),
    "pandas": lambda v: pd.Series(v).convert_dtypes(),
    "numpy backend": lambda v: pd.Series(v),
    "pandas on pyarrow": lambda v: pd.Series(v).convert_dtypes(dtype_backend="pyarrow"),
    "polars": pl.Series,
    "pyarrow": pa.array,
    "chunks of pyarrow": lambda v: pa.chunked_array([v[:2], v[2:]]),
}


@pytest.mark.parametrize("make", GAPS.values(), ids=GAPS.keys())
@pytest.mark.parametrize(
    "given", [["b", None, "a", None], [7, None, 5, None], [True, None, False, None]]
)
def test_missing_labels_mark_unlabeled_samples(make, given):
    for X, y in (([A, B], [make(given), None]), (A, make(given))):
        labels = encode(X, y)
        assert_array_equal(labels.classes, sorted({given[0], given[2]}))
        assert_array_equal(labels.encoded[0], [1, -1, 0, -1])
        (mask, *_) = labeled_samples(y, tasks_of(X), JointTransferClassifier())
        assert_array_equal(mask, [True, False, True, False])
        estimator = SimpleNamespace(classes_=labels.classes)
        ((values, mask), *_) = check_score_labels(y, tasks_of(X), estimator)
        assert_array_equal(values[mask], [given[0], given[2]])


@pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="needs numpy 2")
@pytest.mark.parametrize("gap", [None, np.nan, pd.NA])
def test_labels_of_string_dtype(gap):
    for dtype in (np.dtypes.StringDType(), np.dtypes.StringDType(na_object=gap)):
        y = np.array(["b", "a", "b", "b"], dtype)
        assert_array_equal(encode([A, B], [y, None]).classes, ["a", "b"])
    y[3] = gap
    assert_array_equal(encode([A, B], [y, None]).encoded[0], [1, 0, 1, -1])


@pytest.mark.parametrize(
    "gapped", [pd.array([2**60 + 1, None, 3, 3], "Int64"), pl.Series([True, None] * 2)]
)
def test_gaps_do_not_change_the_other_labels(gapped):
    classes = encode([A, B], [gapped, [0, 1] * 3]).classes
    assert classes.dtype == np.int64
    assert gapped[0] in classes.tolist()


def test_gaps_and_marks_together():
    encoded = encode([A, B], [[0, None, -1, 1], None]).encoded[0]
    assert_array_equal(encoded, [0, -1, -1, 1])
    with pytest.warns(UserWarning, match="-1 beside 2 other labels"):
        encode(A, [0, None, -1, 1])
    # What is left without the gap are two values, so two classes.
    assert_array_equal(encode(A, [-1, None, -1, 1]).classes, [-1, 1])
    estimator = SimpleNamespace(classes_=np.array([-1, 1]))
    ((values, mask),) = check_score_labels([-1, np.nan, 1, 1], tasks_of(A), estimator)
    assert_array_equal(values[mask], [-1, 1, 1])


THREE = np.arange(6) % 3 - 1


@pytest.mark.parametrize(
    ("X", "y"),
    [
        (B, THREE),
        (B, THREE.astype(float)),
        (B, THREE.astype(object)),
        ([B, B], [THREE, THREE]),
        ({"a": B}, {"a": THREE}),
    ],
)
def test_a_mark_that_may_be_a_class_is_pointed_out_once(X, y):
    with pytest.warns(UserWarning, match="-1 beside 2 .* give it another") as told:
        encode(X, y)
    assert len(told) == 1


@pytest.mark.parametrize(
    ("X", "y"),
    [
        ([B, B], [THREE, None]),
        ([B, B], [THREE, [-1] * 6]),
        ([B, B], [THREE, THREE + 1]),
        (B, np.where(THREE < 0, np.nan, THREE)),
        (B, ["a", -1, "b"] * 2),
        pack([B, B], [THREE, THREE]),
        pack(B, THREE),
    ],
)
def test_a_mark_that_is_one_is_not_pointed_out(X, y):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        encode(X, y)


def test_the_warning_names_the_line_of_the_user():
    with pytest.warns(UserWarning, match="-1 beside") as told:
        clf = JointTransferClassifier(**SMALL).fit(B, THREE)
    assert told[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        clf.score(B, THREE)


def test_two_values_of_one_array_are_two_classes():
    assert_array_equal(encode(A, [-1, 1, -1, 1]).classes, [-1, 1])
    assert_array_equal(encode(A, np.array([-1, 1, -1, 1], object)).classes, [-1, 1])
    with pytest.warns(UserWarning, match="-1 beside"):
        assert_array_equal(encode(A, [-1, 1, 0, 1]).classes, [0, 1])
    assert_array_equal(encode(A, ["a", -1, "b", "a"]).encoded[0], [0, -1, 1, 0])


def test_a_mark_in_a_container_or_list_is_never_a_class():
    with pytest.raises(ValueError, match="only one class"):
        encode(pack(A)[0], [-1, 1, -1, 1])
    with pytest.raises(ValueError, match="only one class"):
        encode({"mnist": A}, {"mnist": [-1, 1, -1, 1]})


@pytest.mark.parametrize(
    "y",
    [
        [[0, 1, 0, 1], None],
        ([0, 1, 0, 1], [-1] * 6),
        {"task0": pd.Series([0, 1, 0, 1], index=list("abcd"))},
        [torch.tensor([0, 1, 0, 1]), None],
        [np.array([0, 1, 0, 1], np.uint8), None],
        [np.array([0, 1, 0, 1], object), None],
    ],
)
def test_forms(y):
    labels = encode([A, B], y)
    assert_array_equal(labels.encoded[0], [0, 1, 0, 1])
    assert labels.encoded[1] is None
    assert labels.classes.tolist() == [0, 1]


def test_flat_labels_of_a_container():
    X, y = pack({"b": B, "a": A}, {"a": [0, 1, 2, 0]})
    labels = encode(X, y)
    assert labels.encoded[0] is None
    assert_array_equal(labels.encoded[1], [0, 1, 2, 0])


def test_a_column_is_raveled_with_a_warning():
    with pytest.warns(DataConversionWarning, match="column-vector"):
        labels = encode(A, np.array([[0], [1], [0], [1]]))
    assert_array_equal(labels.encoded[0], [0, 1, 0, 1])


@pytest.mark.parametrize("names", [["cat", "dog", "cat", "dog"], [True, False] * 2])
def test_predictions_are_labels(names):
    clf = JointTransferClassifier(**SMALL).fit([A, B], [names, None])
    assert set(clf.predict([A, B])[1].tolist()) <= set(names)
    assert clf.classes_.tolist() == sorted(set(names))


def test_a_mark_counts_in_score_where_it_is_a_class():
    tasks = tasks_of(A)
    y = [-1, 1, 1, 1]
    for classes, expected in (
        ([-1, 1], [True] * 4),
        ([0, 1], [False] + [True] * 3),
    ):
        estimator = SimpleNamespace(classes_=np.array(classes))
        ((labels, mask),) = check_score_labels(y, tasks, estimator)
        assert_array_equal(labels[mask], np.array(y)[expected])


def test_score_labels_in_the_order_of_the_tasks():
    names = ("a", "b", "c")
    X, y = pack({"c": C, "a": A}, {"a": [0, 1, 0, 1], "c": [-1, -1]})
    tasks = parse_inputs(X, names)
    estimator = SimpleNamespace(classes_=np.array([0, 1]))
    found = check_score_labels(y, tasks, estimator)
    assert_array_equal(found[0][0], [0, 1, 0, 1])
    assert found[1:] == [None, None]


def test_labeled_samples():
    masks = labeled_samples(
        [[0, -1, 1, -1], None], tasks_of([A, B]), JointTransferClassifier()
    )
    assert_array_equal(masks[0], [True, False, True, False])
    assert masks[1] is None


def test_split_labels_takes_any_values():
    y = [[0.5, np.nan, 2, 3], None]
    first, second = split_labels(y, tasks_of([A, B]), JointTransferClassifier())
    assert_array_equal(first, y[0])
    assert second is None
