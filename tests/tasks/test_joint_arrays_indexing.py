"""Samples of `JointArrays`: their order, selections, and values per task."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import resample

from sk_jae.tasks import JointArrays, pack
from tests.helpers.numbered import (
    assert_same,
    containers_with_key,
    identity,
    lengths,
    numbered,
)


class TestMixing:
    @given(lengths)
    def test_position_in_sequence(self, lengths):
        X = JointArrays(numbered(lengths))
        expected = sorted(
            ((i + 0.5) / n, t, i) for t, n in enumerate(lengths) for i in range(n)
        )
        assert identity(X) == [(t, i) for _, t, i in expected]

    @given(lengths, st.data())
    def test_every_block_holds_the_tasks_in_proportion(self, lengths, data):
        X = JointArrays(numbered(lengths))
        start = data.draw(st.integers(0, len(X)))
        stop = data.draw(st.integers(start, len(X)))
        for t, n in enumerate(lengths):
            share = n * (stop - start) / max(len(X), 1)
            assert abs(np.sum(X.task[start:stop] == t) - share) <= len(lengths)

    def test_stock_folds(self):
        X = JointArrays(numbered([100, 20]))
        for _, test in KFold(5).split(X):
            assert_array_equal(np.bincount(X.task[test]), [20, 4])


class TestIndexing:
    @given(containers_with_key())
    def test_like_a_list_of_samples(self, case):
        X, key = case
        samples = np.empty(len(X), dtype=object)
        samples[:] = identity(X)
        for selection in (X[key], X[key, ...]):
            assert identity(selection) == samples[key].tolist()
            assert selection.n_tasks == X.n_tasks
            assert selection.shape == (len(selection),) == samples[key].shape

    @given(containers_with_key(), st.data())
    def test_twice_is_once(self, case, data):
        X, key = case
        first = X[key]
        n = len(first)
        again = data.draw(
            st.lists(st.integers(0, n - 1), max_size=9) if n else st.just([])
        )
        assert_same(first[again], X[np.arange(len(X))[key][again]])

    @pytest.mark.parametrize("i", [0, 7, -1, np.int64(3)])
    def test_integer_selects_one_sample(self, i):
        X = JointArrays(numbered([6, 4]))
        assert identity(X[i]) == [identity(X)[i]]

    def test_lists_and_frames_of_booleans(self):
        X = JointArrays(numbered([2, 2]))
        mask = [True, False, False, True]
        for key in (mask, pd.Series(mask), np.flatnonzero(mask).tolist()):
            assert_same(X[key], X[np.array([0, 3])])

    def test_names_and_empty_tasks_are_kept(self):
        X = JointArrays({"a": np.zeros((4, 3)), "b": np.ones((4, 2, 2), np.uint8)})
        only_a = X[X.task == 0]
        assert only_a.task_names == ("a", "b")
        assert only_a.arrays[1].shape == (0, 2, 2)
        assert only_a.arrays[1].dtype == np.uint8

    @pytest.mark.parametrize("key", [10, -11, [0, 10], np.array([-11]), [True] * 9])
    def test_out_of_range(self, key):
        with pytest.raises(IndexError):
            JointArrays(numbered([6, 4]))[key]

    @pytest.mark.parametrize(
        "key",
        [1.0, [0.5, 1.0], "a", ["a"], [[0, 1]], None, True, (0, 1), (..., 0), ...],
        ids=repr,
    )
    def test_other_keys(self, key):
        with pytest.raises(TypeError, match="expected an integer, a slice, or a 1-D"):
            JointArrays(numbered([6, 4]))[key]

    def test_only_what_must_be_copied_is(self):
        arrays = numbered([6, 4])
        X = JointArrays(arrays)
        middle = X[2:7]
        for t in range(2):
            assert X.arrays[t] is arrays[t]
            assert np.shares_memory(middle.arrays[t], arrays[t])

    def test_iteration_ends(self):
        assert len(list(JointArrays(numbered([3, 2])))) == 5

    def test_scikit_learn_indexes_it(self):
        X, y = pack(numbered([8, 4]), [range(8), range(4)])
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        for part, labels in ((X_train, y_train), (X_test, y_test)):
            assert isinstance(part, JointArrays)
            assert [row for _, row in identity(part)] == labels.tolist()
        assert isinstance(resample(X, random_state=0), JointArrays)


class TestSplitAndJoin:
    @given(lengths, st.sampled_from([(), (2,), (2, 3)]), st.booleans(), st.data())
    def test_are_inverses(self, lengths, trailing, named, data):
        arrays = numbered(lengths)
        X = JointArrays(dict(zip("abc", arrays, strict=False)) if named else arrays)
        permutation = data.draw(st.permutations(range(len(X))))
        X = X[np.array(permutation, dtype=int)]
        rng = np.random.default_rng(0)
        values = rng.integers(0, 99, (len(X), *trailing)).astype(np.int16)
        parts = X.split(values)
        assert isinstance(parts, dict if named else list)
        assert_array_equal(X.join(parts), values, strict=True)
        again = X.split(X.join(parts))
        for t in parts if named else range(X.n_tasks):
            assert_array_equal(again[t], parts[t], strict=True)

    @given(lengths)
    def test_split_is_in_the_order_of_the_arrays(self, lengths):
        X = JointArrays(numbered(lengths))[::-1]
        rows = [row for _, row in identity(X)]
        for part, n in zip(X.split(rows), lengths, strict=True):
            assert part.tolist() == list(range(n))[::-1]

    def test_join_promotes_numbers_and_text(self):
        X = JointArrays(numbered([2, 1]))
        assert X.join([np.float32([1, 2]), np.int64([3])]).dtype == np.float64
        assert X.join([["a", "b"], ["long"]]).tolist() == ["a", "long", "b"]

    def test_named_tasks_take_lists_and_dicts_in_any_order(self):
        X = JointArrays({"a": np.zeros((2, 1)), "b": np.zeros((1, 1))})
        expected = X.join({"a": [1, 2], "b": [3]})
        assert_array_equal(expected, [1, 3, 2])
        assert_array_equal(X.join({"b": [3], "a": [1, 2]}), expected)
        assert_array_equal(X.join([[1, 2], [3]]), expected)

    @pytest.mark.parametrize(
        ("parts", "error", "message"),
        [
            ([[1, 2]], ValueError, "parts has 1 item, expected 2, one per task"),
            ([[1, 2], None], TypeError, r"parts of task 'task1' is None"),
            ([[1, 2], [3, 4]], ValueError, r"parts of task 'task1' has 2 values"),
            (
                [[1, 2], 3],
                ValueError,
                r"task 'task1' has 0 dimensions, expected 1, one",
            ),
            (
                [[1, 2], [[3]]],
                ValueError,
                r"task 'task1' .*expected shapes equal but for",
            ),
            (
                [[1, 2], ["a"]],
                TypeError,
                "holds text and .* 'task0' holds numbers",
            ),
            (
                [[1, 2], [[3], [3, 4]]],
                ValueError,
                "task 'task1' .*cannot become a numpy",
            ),
            ({"a": [1, 2]}, TypeError, "parts is dict, expected a list"),
            (np.zeros(3), TypeError, "parts is ndarray, expected a list"),
        ],
    )
    def test_join_errors(self, parts, error, message):
        with pytest.raises(error, match=message):
            JointArrays(numbered([2, 1])).join(parts)

    def test_join_errors_with_names(self):
        X = JointArrays({"a": np.zeros((2, 1)), "b": np.zeros((1, 1))})
        with pytest.raises(ValueError, match=r"unknown task 'c', expected only .* 'a'"):
            X.join({"a": [1, 2], "c": [3]})
        with pytest.raises(TypeError, match=r"parts of task 'b' is None"):
            X.join({"a": [1, 2]})

    @pytest.mark.parametrize("values", [[1, 2], 5, np.zeros((4, 2))])
    def test_split_errors(self, values):
        with pytest.raises(ValueError, match="expected 3, one per sample"):
            JointArrays(numbered([2, 1])).split(values)
