"""The shares of the classes that a user may give, and those that are refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sk_jae import JointTransferClassifier
from sk_jae.tasks import Labels, check_class_prior
from tests.helpers.small import SMALL, half_labeled, small

NAMES = ("a", "b")


def labels(classes=("x", "y", "z")):
    shape = (len(NAMES), len(classes))
    return Labels(np.array(classes), (None,) * len(NAMES), np.ones(shape, bool))


def checked(prior, **changes):
    return check_class_prior(prior, NAMES, labels(**changes))


@pytest.mark.parametrize(
    "form", [list, tuple, np.array, pd.Series, lambda v: np.array(v, dtype=np.float32)]
)
def test_one_share_per_class_is_for_all_tasks(form):
    found = checked(form([0.5, 0.3, 0.2]))
    assert set(found) == {0, 1}
    for shares in found.values():
        assert_allclose(shares, [0.5, 0.3, 0.2], rtol=1e-6)
        assert shares.dtype == np.float64


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"z": 0.2, "x": 0.5, "y": 0.3}, [0.5, 0.3, 0.2]),
        ({"y": 0.5, "z": 0.5}, [0, 0.5, 0.5]),
        ([0, 1, 0], [0, 1, 0]),
        ((0.3333, 0.3333, 0.3333), [1 / 3] * 3),
    ],
)
def test_tasks_are_found_by_their_names(value, expected):
    found = checked({"b": value})
    assert set(found) == {1}
    assert_allclose(found[1], expected, atol=1e-3)
    assert found[1].sum() == pytest.approx(1, abs=1e-12)


def test_classes_may_be_numbers():
    found = checked({"a": {3: 0.25, 1: 0.75}}, classes=(1, 3))
    assert_allclose(found[0], [0.75, 0.25])


def test_nothing_is_nothing():
    assert checked(None) == {}
    assert checked({}) == {}


REFUSED = {
    "unknown task": ({"c": [1, 0, 0]}, ValueError, "'c'.*'a'.*'b'"),
    "unknown class": ({"b": {"w": 1.0}}, ValueError, "task 'b'.*'w'.*'x'"),
    "too few": ([0.5, 0.5], ValueError, r"\(2,\).*3 shares"),
    "too few in a task": ({"a": [0.5, 0.5]}, ValueError, r"task 'a'.*\(2,\)"),
    "matrix": ([[1, 0, 0]], ValueError, r"\(1, 3\)"),
    "one number": ({"a": 0.5}, ValueError, r"task 'a'.*\(\)"),
    "negative": ({"b": [1.5, -0.5, 0]}, ValueError, "task 'b'.*from 0 to 1"),
    "NaN": ({"b": [np.nan, 0.5, 0.5]}, ValueError, "task 'b'.*from 0 to 1"),
    "infinite": ([np.inf, 0, 0], ValueError, "from 0 to 1"),
    "counts": ({"b": [10, 20, 30]}, ValueError, "task 'b'.*sum to 60.*divide"),
    "zero": ([0, 0, 0], ValueError, "sum to 0"),
    "text": ({"b": ["many", "few", "none"]}, TypeError, "task 'b'.*one share per"),
    "ragged": ({"b": [[1], [1, 2], 3]}, TypeError, "task 'b'.*one share per"),
    "none in a task": ({"b": {"x": None}}, (TypeError, ValueError), "task 'b'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_refused_by_name(case):
    value, error, match = REFUSED[case]
    with pytest.raises(error, match=f"(?s)class_prior.*{match}|{match}.*class_prior"):
        checked(value)


def test_fit_refuses_them_before_it_trains():
    X, y = half_labeled()
    clf = JointTransferClassifier(**small(class_prior={"other": [0.2, 0.3, 0.5]}))
    with pytest.raises(ValueError, match=r"class_prior.*'other'"):
        clf.fit(X, y)
    clf.set_params(class_prior={"task1": [0.2, 0.3]})
    with pytest.raises(ValueError, match="class_prior of task 'task1'"):
        clf.fit(X, y)
    with pytest.raises(AttributeError, match="before fit"):
        clf.transfer_  # noqa: B018
    clf.set_params(class_prior="equal")
    with pytest.raises(ValueError, match="class_prior"):
        clf.fit(X, y)


def test_the_parameter_stays_as_it_was_given():
    X, y = half_labeled()
    given = {"task1": np.array([0.2, 0.3, 0.5])}
    clf = JointTransferClassifier(**SMALL, class_prior=given).fit(X, y)
    assert clf.class_prior is given
    assert_allclose(given["task1"], [0.2, 0.3, 0.5])
