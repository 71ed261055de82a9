"""Which samples of different tasks are one subject, against plain dictionaries."""

from __future__ import annotations

import pickle
from itertools import count

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.utils import resample

from sk_jae import JointArrays, pack
from tests.helpers.refusals import refusal

X = {"a": np.arange(8.0).reshape(4, 2), "b": np.ones((3, 5)), "c": np.zeros((2, 1))}
IDS = {"a": ["p", None, "q", "r"], "b": ["r", "s", "p"]}


def same_subjects(groups):
    """Which two samples have one number."""
    return np.equal.outer(groups, groups)


def expected(ids, sizes):
    """The same of ids, where a missing one is that of no other sample."""
    own = count()
    flat = []
    for item, n in zip(ids, sizes, strict=True):
        for value in [None] * n if item is None else item:
            flat.append(("none", next(own)) if value is None else ("id", value))
    return np.array([[one == other for other in flat] for one in flat])


def groups_per_task(container):
    parts = container.split(container.groups)
    return list(parts.values()) if isinstance(parts, dict) else parts


@given(data=st.data(), n_tasks=st.integers(2, 4))
def test_samples_with_equal_ids_have_one_number(data, n_tasks):
    value = st.none() | st.integers(0, 6)
    ids = [
        data.draw(st.lists(value, min_size=1, max_size=8, unique=True) | st.none())
        for _ in range(n_tasks)
    ]
    ids = [item and [*dict.fromkeys(v for v in item)] for item in ids]
    known = [v for item in ids if item for v in item if v is not None]
    sizes = [3 if item is None else len(item) for item in ids]
    arrays = [np.zeros((n, 2)) for n in sizes]
    if len(set(known)) == len(known):
        assert "no id that occurs in two tasks" in refusal(pack, arrays, None, ids)
        return
    X, _ = pack(arrays, ids=ids)
    flat = np.concatenate(groups_per_task(X))
    np.testing.assert_array_equal(same_subjects(flat), expected(ids, sizes))


@pytest.mark.parametrize(
    "ids",
    [
        ["x", "y", None],
        np.array(["x", "y", None], dtype=object),
        np.array([7, 8, -1]),
        np.array([7, 8, 9], dtype=np.uint8),
        [np.int64(7), 8.0, np.nan],
        (("p", 1), ("p", 2), None),
        pd.Series([7, 8, None], index=[5, 5, 5]),
        pd.Series([7, 8, None], dtype="Int64"),
        pd.Index(["x", "y", "z"]),
        pd.Series(pd.to_datetime(["2020-01-01", "2021-01-01", None])),
        pl.Series(["x", "y", None]),
        torch.tensor([7, 8, 9]),
    ],
    ids=lambda ids: type(ids).__name__,
)
def test_ids_of_any_kind(ids):
    plain = ids.tolist() if hasattr(ids, "tolist") else list(ids)
    container, _ = pack([X["a"], X["b"]], ids=[[plain[1], None, 3.5, plain[0]], ids])
    one, other = groups_per_task(container)
    assert one[0] == other[1]
    assert one[3] == other[0]
    assert len({*one, *other}) == 5


def test_numbers_are_by_first_appearance_task_after_task():
    container, y = pack(X, ids=IDS)
    assert y is None
    assert [g.tolist() for g in groups_per_task(container)] == [
        [0, 1, 2, 3],
        [3, 4, 0],
        [5, 6],
    ]
    assert container.groups.dtype.kind == "i"


def test_without_ids_every_sample_is_a_subject_of_its_own():
    container = JointArrays(X)
    np.testing.assert_array_equal(container.groups, np.arange(9))
    np.testing.assert_array_equal(container[[4, 2]].groups, [0, 1])


@pytest.mark.parametrize("key", [[3, 8, 0], slice(2, 7), np.arange(9) % 2 == 0, [5, 5]])
def test_a_selection_keeps_them(key):
    container, _ = pack(X, ids=IDS)
    np.testing.assert_array_equal(container[key].groups, container.groups[key])
    drawn = resample(container, random_state=0)
    rows = resample(np.arange(9), random_state=0)
    np.testing.assert_array_equal(drawn.groups, container.groups[rows])


def test_other_arrays_of_the_same_samples_keep_them():
    container, _ = pack(X, ids=IDS)
    other = container.with_arrays([x * 2 for x in container.arrays])
    np.testing.assert_array_equal(other.groups, container.groups)


def test_a_pickle_has_the_same_subjects():
    container = pack(X, ids=IDS)[0][[7, 0, 8, 3]]
    again = pickle.loads(pickle.dumps(container))
    np.testing.assert_array_equal(
        same_subjects(again.groups), same_subjects(container.groups)
    )


def test_equal_content_has_an_equal_hash_whatever_its_history():
    container, _ = pack(X, ids=IDS)
    numbers = {"a": [1, None, 2, 3], "b": [3, 4, 1]}  # other ids of the same subjects
    rows = np.array([8, 3, 0, 5])
    one = container[rows]
    other = pack(X, ids=numbers)[0][rows[::-1]][[3, 2, 1, 0]]
    assert joblib.hash(one) == joblib.hash(other)
    assert joblib.hash(one) != joblib.hash(JointArrays(X)[rows])
    assert joblib.hash(container) != joblib.hash(JointArrays(X))


def test_a_container_gets_ids_later():
    container, y = pack(JointArrays(X), {"a": [0, 1, 0, 1]}, IDS)
    np.testing.assert_array_equal(container.groups, pack(X, ids=IDS)[0].groups)
    assert y is not None
    np.testing.assert_array_equal(
        JointArrays(X, IDS).groups, pack(X, ids=IDS)[0].groups
    )


WRONG = {
    "too few": (
        {"a": ["p"], "b": None},
        ValueError,
        "ids of task 'a' has 1 id, expected 4",
    ),
    "twice": (
        {"a": list("ppqr")},
        ValueError,
        "ids of task 'a' has the id 'p' more than",
    ),
    "twice across types": ({"b": [1, 1.0, 2]}, ValueError, "of task 'b' has the id 1"),
    "text": ({"a": "abcd"}, TypeError, "ids of task 'a' is str"),
    "a number": ({"a": 4}, TypeError, "ids of task 'a' is int"),
    "a dict": ({"a": {1: 2}}, TypeError, "ids of task 'a' is dict"),
    "lists": ({"a": [[1], [2], [3], [4]]}, TypeError, "[1], which is not hashable"),
    "a column": ({"a": np.zeros((4, 1))}, TypeError, "which is not hashable"),
    "no common id": (
        {"a": [1, 2, 3, 4], "b": list("123")},
        ValueError,
        "of the same type",
    ),
    "one task": ({"a": [1, 2, 3, 4]}, ValueError, "no id that occurs in two tasks"),
    "unknown task": ({"z": [1]}, ValueError, "unknown task 'z'"),
    "too few tasks": ([[1, 2, 3, 4]], ValueError, "ids has 1 item, expected 3"),
    "flat": (np.arange(9), TypeError, "ids is ndarray, expected a list or dict"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_ids_are_refused_by_name(name):
    ids, kind, part = WRONG[name]
    with pytest.raises(kind):
        pack(X, ids=ids)
    assert part in refusal(pack, X, None, ids)


def test_ids_of_one_array_are_refused():
    assert "single task" in refusal(pack, X["a"], None, [[1, 2, 3, 4]])
