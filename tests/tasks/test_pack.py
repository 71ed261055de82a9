"""`pack` puts arrays and labels of several tasks into one sequence."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.exceptions import DataConversionWarning

from sk_jae.tasks import JointArrays, pack
from tests.helpers.numbered import identity, lengths, numbered


class TestPack:
    @given(lengths, st.data())
    def test_labels_follow_their_samples(self, lengths, data):
        arrays = numbered(lengths)
        labeled = data.draw(
            st.lists(st.booleans(), min_size=len(lengths), max_size=len(lengths))
        )
        y = [
            np.arange(n, dtype=np.int8) if known else None
            for n, known in zip(lengths, labeled, strict=True)
        ]
        X, flat = pack(arrays, y)
        if not any(labeled):
            assert flat is None
            return
        assert flat.dtype == np.int64
        assert flat.tolist() == [
            row if labeled[task] else -1 for task, row in identity(X)
        ]

    @given(lengths)
    def test_idempotent(self, lengths):
        X, y = pack(numbered(lengths), [range(n) for n in lengths])
        again, y_again = pack(X, y)
        assert again is X
        assert y_again is y
        assert pack(X) == (X, None)
        assert_array_equal(pack(X, X.split(y))[1], y)

    def test_dict(self):
        X, y = pack({"a": np.zeros((2, 1)), "b": np.zeros((1, 1))}, {"a": [1, 0]})
        assert X.task_names == ("a", "b")
        assert_array_equal(y, [1, -1, 0])
        assert_array_equal(pack(X, {"a": [1, 0], "b": None})[1], y)

    @pytest.mark.parametrize(
        ("y", "dtype"),
        [
            ([[0, 1], [2]], np.int64),
            ([np.uint8([0, 1]), None], np.int64),
            ([[True, False], [True]], np.bool_),
            ([[True, False], None], np.int64),
            ([[0.0, 1.0], None], np.float64),
            ([["cat", "dog"], ["fox"]], np.dtype("<U3")),
            ([pd.Series(["cat", "dog"]), np.array(["fox"], object)], np.dtype("<U3")),
            ([pd.Series([0, 1], dtype="Int64"), torch.tensor([2])], np.int64),
        ],
    )
    def test_kinds_of_labels(self, y, dtype):
        X, flat = pack(numbered([2, 1]), y)
        assert flat.dtype == dtype
        for part, labels in zip(X.split(flat), y, strict=True):
            if labels is None:
                assert_array_equal(part, -np.ones(len(part)))
            else:
                assert_array_equal(part, list(labels))

    @pytest.mark.parametrize("convert", [np.asarray, pd.DataFrame, torch.tensor])
    def test_one_array_is_one_task(self, convert):
        array = np.arange(12.0).reshape(4, 3)
        X, y = pack(convert(array), ["a", "b", "c", "d"])
        assert X.n_tasks == 1
        assert X.task_names is None
        assert_array_equal(X.arrays[0], array)
        assert_array_equal(y, ["a", "b", "c", "d"])
        assert_array_equal(X.split(y)[0], y)

    @pytest.mark.parametrize(
        ("y", "error", "message"),
        [
            ([0, 1, 2], ValueError, "y has 3 items, expected 2, one per task"),
            (np.arange(3), TypeError, "y is ndarray, expected a list"),
            ({"a": [0, 1]}, TypeError, "y is dict, expected the form of X: a list"),
            ([[0, 1], [2, 3]], ValueError, r"y of task 'task1' .*expected 1, one"),
            (
                [[[0, 1], [1, 0]], [2]],
                ValueError,
                r"'task1' .*\(1,\).*'task0' \(2, 2\)",
            ),
            ([np.uint64([0, 2**63]), None], ValueError, "task 'task0' .*64 bits"),
            ([[0, 2**70], None], ValueError, "task 'task0' .*64 bits.*smaller"),
            (
                [["a", "b"], [2]],
                TypeError,
                "task 'task1' holds numbers and .*'task0'.*same label",
            ),
            ([["a", 2], None], TypeError, "task 'task0' holds objects of int and str"),
            ([[b"a", b"b"], None], TypeError, r"task 'task0' holds dtype \|S1"),
            ([np.array(["2020"] * 2, "M8[Y]"), None], TypeError, "dtype datetime64"),
            ([["a", {}], None], TypeError, "objects of dict and str"),
        ],
    )
    def test_errors(self, y, error, message):
        with pytest.raises(error, match=message):
            pack(numbered([2, 1]), y)

    @pytest.mark.parametrize(
        ("y", "task"),
        [
            ([["b", "a"], None], 1),
            ([["b", -1], ["a"]], 0),
            ([["b", np.nan], ["a"]], 0),
            ([pd.Series(["b", None], dtype="category"), ["a"]], 0),
            ([["b", "a"], np.array([np.nan])], 1),
        ],
    )
    def test_text_with_gaps_has_no_flat_form(self, y, task):
        text = rf"task 'task{task}' has unlabeled .* per task .*classes = \[('a', )?'b'"
        with pytest.raises(TypeError, match=text):
            pack(numbered([2, 1]), y)

    @pytest.mark.skipif(not hasattr(np.dtypes, "StringDType"), reason="needs numpy 2")
    def test_text_of_string_dtype_with_gaps_has_no_flat_form(self):
        y = np.array(["b", None], np.dtypes.StringDType(na_object=None))
        with pytest.raises(TypeError, match=r"task 'task0' has unlabeled .* per task"):
            pack(numbered([2, 1]), [y, None])

    def test_the_way_that_the_message_names(self):
        y = [["b", None], ["a"]]
        with pytest.raises(TypeError) as caught:
            pack(numbered([2, 1]), y)
        scope = {}
        assignment, expression = re.findall(
            r"classes = \[.*?\]|\[classes\.index.*?\]", str(caught.value)
        )
        exec(assignment, scope)
        coded = [eval(expression, {**scope, "y": part}) for part in y]
        assert coded == [[1, -1], [0]]
        pack(numbered([2, 1]), coded)

    @pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT")])
    def test_gaps_among_numbers_are_marked(self, gap):
        X, y = pack(numbered([3, 2]), [[2, gap, 1], [gap, True]])
        first, second = X.split(y)
        assert first.tolist() == [2, -1, 1]
        assert second.tolist() == [-1, 1]
        assert pack(np.ones((3, 1)), [2, gap, 1])[1].tolist() == [2, -1, 1]

    def test_gaps_in_a_target_of_regression_stay_gaps(self):
        X, y = pack(numbered([3, 2]), [[-1, None, 0.5], None])
        first, second = X.split(y)
        assert_array_equal(first, [-1, np.nan, 0.5])
        assert_array_equal(second, [np.nan, np.nan])

    def test_a_column_is_raveled_with_a_warning(self):
        with pytest.warns(DataConversionWarning, match="column-vector"):
            _, y = pack(numbered([2, 1]), [[[0], [1]], [2]])
        assert sorted(y) == [0, 1, 2]

    def test_errors_with_names(self):
        X = {"a": np.zeros((2, 1)), "b": np.zeros((1, 1))}
        with pytest.raises(
            TypeError, match="y is list, expected the form of X: a dict"
        ):
            pack(X, [[0, 1], [0]])
        with pytest.raises(ValueError, match="unknown task 'c'"):
            pack(X, {"c": [0]})
        with pytest.raises(ValueError, match=r"y of task 'b' has 2 labels"):
            pack(X, {"b": [0, 1]})

    def test_flat_labels_of_the_wrong_length(self):
        X = JointArrays(numbered([2, 1]))
        with pytest.raises(ValueError, match="y has 2 labels, expected 3"):
            pack(X, [0, 1])

    def test_list_of_one_array(self):
        with pytest.raises(ValueError, match=r"X, y = pack\(X, y\)"):
            pack(numbered([4]))
