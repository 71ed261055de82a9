"""Task-aware splitters."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    StratifiedKFold,
)

from sk_jae.model_selection import (
    JointStratifiedKFold,
    JointStratifiedShuffleSplit,
    LeaveOneTaskOut,
)
from sk_jae.tasks import pack
from tests.helpers.splits import blobs, counts, labeled_tasks, quiet


class TestJointStratifiedKFold:
    @given(labeled_tasks(), st.integers(2, 4), st.booleans(), st.booleans())
    def test_properties(self, data, n_splits, shuffle, test_unlabeled):
        X, y = data
        cv = JointStratifiedKFold(
            n_splits,
            shuffle=shuffle,
            random_state=0 if shuffle else None,
            test_unlabeled=test_unlabeled,
        )
        splits = quiet(cv.split(X, y))
        assert len(splits) == cv.get_n_splits(X, y) == n_splits
        tested = np.sort(np.concatenate([test for _, test in splits]))
        expected = np.arange(len(y)) if test_unlabeled else np.flatnonzero(y != -1)
        assert_array_equal(tested, expected)
        for train, test in splits:
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
        tables = np.array([counts(X, y, test) for _, test in splits])
        assert np.ptp(tables, axis=0).max() <= 1
        assert np.ptp(tables.sum(axis=2), axis=0).max() <= 1
        assert np.ptp(tables.sum(axis=(1, 2))) <= 1

    def test_like_scikit_learn_on_one_task(self):
        _, y = blobs(50, 2)
        y[:3] = [0, 1, 2]
        X = np.zeros((50, 2))
        expected = StratifiedKFold(4).split(X, y)
        for split, other in zip(
            JointStratifiedKFold(4).split(X, y), expected, strict=True
        ):
            assert_array_equal(split[0], other[0])
            assert_array_equal(split[1], other[1])

    def test_without_labels_stratifies_by_task(self, two_tasks):
        X, _ = two_tasks
        for _, test in JointStratifiedKFold(5).split(X):
            assert_array_equal(np.bincount(X.task[test]), [24, 9])

    @pytest.mark.parametrize("labels", [[0, 1], [-1, 1], ["a", "b"], [-1, 0, 1]])
    def test_two_labels_of_one_array_are_classes(self, labels):
        y = np.array(labels * 10)
        tested = [t for _, t in JointStratifiedKFold(2).split(np.zeros((len(y), 2)), y)]
        n_unlabeled = 10 if len(labels) == 3 else 0
        assert sum(map(len, tested)) == len(y) - n_unlabeled

    def test_packed_labels_are_unlabeled_at_minus_one(self):
        X, y = pack([np.zeros((4, 2)), np.zeros((4, 2))], [[1] * 4, None])
        tested = [test for _, test in JointStratifiedKFold(2).split(X, y)]
        assert_array_equal(np.sort(np.concatenate(tested)), np.flatnonzero(y == 1))

    def test_rare_labels_are_balanced_and_rare_tasks_warn(self):
        X, y = pack(
            {"a": np.zeros((12, 2)), "b": np.zeros((3, 2))},
            {"a": np.arange(12) % 4, "b": [0, 1, 2]},
        )
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            splits = list(JointStratifiedKFold(3).split(X, y))
        assert [counts(X, y, test)[1].sum() for _, test in splits] == [1, 1, 1]
        with pytest.warns(UserWarning, match="task 'b' has 3 samples .*n_splits=4"):
            list(JointStratifiedKFold(4).split(X, y))

    def test_shuffle(self, two_tasks):
        X, y = two_tasks

        def tests(**kwargs):
            return [t.tolist() for _, t in JointStratifiedKFold(**kwargs).split(X, y)]

        assert tests() == tests()
        shuffled = tests(shuffle=True, random_state=0)
        assert shuffled == tests(shuffle=True, random_state=0)
        assert shuffled != tests(shuffle=True, random_state=1)
        assert shuffled != tests()

    @pytest.mark.parametrize(
        ("X", "y", "error", "message"),
        [
            ([np.zeros((9, 2))] * 2, None, TypeError, r"list of tasks.*pack\(X, y\)"),
            ({"a": np.zeros((9, 2))}, None, TypeError, r"dict of tasks.*pack\(X, y\)"),
            (np.zeros((9, 2)), [0] * 8, ValueError, "inconsistent numbers of samples"),
            (np.zeros((9, 2)), [-1] * 9, ValueError, "no labeled sample.*y=None"),
            (np.zeros((9, 2)), [0, 1, 2] + [-1] * 6, ValueError, "n_splits=5 is gre"),
        ],
    )
    def test_errors(self, X, y, error, message):
        with pytest.raises(error, match=message):
            list(JointStratifiedKFold(5).split(X, y))

    def test_constructor_like_scikit_learn(self):
        with pytest.raises(ValueError, match="n_splits=1"):
            JointStratifiedKFold(1)
        with pytest.raises(ValueError, match="shuffle"):
            JointStratifiedKFold(random_state=0)


class TestJointStratifiedShuffleSplit:
    @given(labeled_tasks(), st.floats(0.2, 0.7), st.booleans(), st.integers(0, 99))
    def test_properties(self, data, test_size, test_unlabeled, seed):
        X, y = data
        cv = JointStratifiedShuffleSplit(
            3, test_size=test_size, random_state=seed, test_unlabeled=test_unlabeled
        )
        candidates = np.ones(len(y), bool) if test_unlabeled else y != -1
        shares = counts(X, y, candidates) * (
            np.ceil(test_size * candidates.sum()) / candidates.sum()
        )
        splits = list(cv.split(X, y))
        assert len(splits) == cv.get_n_splits() == 3
        for train, test in splits:
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))
            assert np.isin(np.flatnonzero(~candidates), train).all()
            assert np.abs(counts(X, y, test) - shares).max() < 1

    def test_train_size(self, two_tasks):
        X, y = two_tasks
        cv = JointStratifiedShuffleSplit(test_size=27, train_size=54, random_state=0)
        for train, test in cv.split(X, y):
            assert_array_equal(counts(X, y, test)[:, :3], [[8, 8, 8], [1, 1, 1]])
            assert_array_equal(counts(X, y, train), [[16] * 3 + [0], [2] * 3 + [30]])
            assert not np.isin(train, test).any()

    def test_every_sample_is_equally_likely(self, two_tasks):
        X, y = two_tasks
        cv = JointStratifiedShuffleSplit(400, test_size=0.2, random_state=0)
        chosen = np.concatenate([test for _, test in cv.split(X, y)])
        share = np.bincount(chosen, minlength=len(y))[y != -1] / 400
        assert np.abs(share - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 400)

    def test_every_sample_of_rare_labels_is_equally_likely_too(self):
        y = np.arange(12).repeat([1] * 10 + [7, 13])  # ten labels of one sample each
        cv = JointStratifiedShuffleSplit(400, test_size=0.2, random_state=0)
        tests = [test for _, test in cv.split(np.zeros((30, 1)), y)]
        share = np.bincount(np.concatenate(tests), minlength=30) / 400
        assert np.abs(share - 0.2).max() < 5 * np.sqrt(0.2 * 0.8 / 400)

    def test_random_state(self, two_tasks):
        cv = JointStratifiedShuffleSplit(2, random_state=0)
        first, again = list(cv.split(*two_tasks)), list(cv.split(*two_tasks))
        for one, other in zip(first, again, strict=True):
            assert_array_equal(one[1], other[1])
        assert set(first[0][1]) != set(first[1][1])

    def test_errors(self, two_tasks):
        X, y = two_tasks
        with pytest.raises(ValueError, match="test_size=999"):
            list(JointStratifiedShuffleSplit(test_size=999).split(X, y))
        with pytest.raises(TypeError, match="pack"):
            list(JointStratifiedShuffleSplit().split([np.zeros((3, 2))] * 2))


class TestLeaveOneTaskOut:
    def test_tests_the_labels_of_one_task(self, two_tasks):
        X, y = two_tasks
        cv = LeaveOneTaskOut()
        splits = list(cv.split(X, y))
        assert cv.get_n_splits(X, y) == len(splits) == 2
        for t, (train, test) in enumerate(splits):
            assert_array_equal(test, np.flatnonzero((X.task == t) & (y != -1)))
            assert_array_equal(np.sort(np.append(train, test)), np.arange(len(y)))

    def test_task_without_labels_is_not_tested(self):
        X, y = pack([np.zeros((4, 2))] * 3, [[0, 1] * 2, None, [0, 1, 1, -1]])
        assert LeaveOneTaskOut().get_n_splits(X, y) == 2
        tested = [set(X.task[test]) for _, test in LeaveOneTaskOut().split(X, y)]
        assert tested == [{0}, {2}]

    def test_without_labels(self, two_tasks):
        X, _ = two_tasks
        tests = [test for _, test in LeaveOneTaskOut().split(X)]
        assert_array_equal(tests[1], np.flatnonzero(X.task == 1))

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            (np.zeros((9, 2)), ValueError, r"1 task.*pack\(X, y\)"),
            ([np.zeros((9, 2))] * 2, TypeError, r"pack\(X, y\)"),
        ],
    )
    def test_errors(self, X, error, message):
        with pytest.raises(error, match=message):
            LeaveOneTaskOut().get_n_splits(X)
        with pytest.raises(error, match=message):
            list(LeaveOneTaskOut().split(X))


GAPS = {
    "None": lambda y: np.where(y == -1, None, y),
    "NaN": lambda y: np.where(y == -1, np.nan, y),
    "text": lambda y: [None if v == -1 else "abc"[v] for v in y],
    "nullable": lambda y: pd.Series(y).replace(-1, pd.NA).astype("Int64"),
    "category": lambda y: pd.Series(y).replace(-1, None).astype("category"),
}


@pytest.mark.parametrize("make", GAPS.values(), ids=GAPS.keys())
@pytest.mark.parametrize(
    "cv",
    [
        JointStratifiedKFold(3),
        JointStratifiedKFold(3, test_unlabeled=True),
        JointStratifiedShuffleSplit(2, random_state=0),
        JointStratifiedShuffleSplit(2, random_state=0, test_unlabeled=True),
        LeaveOneTaskOut(),
    ],
    ids=repr,
)
def test_missing_labels_are_those_of_unlabeled_samples(two_tasks, cv, make):
    X, y = two_tasks
    found = list(cv.split(X, make(y)))
    for split, expected in zip(found, cv.split(X, y), strict=True):
        assert_array_equal(split[0], expected[0])
        assert_array_equal(split[1], expected[1])
    assert cv.get_n_splits(X, make(y)) == len(found)
