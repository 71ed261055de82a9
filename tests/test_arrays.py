"""`JointArrays` and `pack`, against plain numpy."""

from __future__ import annotations

import copy
import pickle

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import KFold, train_test_split
from sklearn.utils import resample

from sk_jae.tasks import JointArrays, pack


def numbered(lengths, shapes=((3,), (2, 2), (4,))):
    """One array per task in which entry [i, 0, ...] is i."""
    return [
        np.broadcast_to(
            np.arange(n, dtype=float).reshape(n, *(1 for _ in shape)), (n, *shape)
        ).copy()
        for n, shape in zip(lengths, shapes, strict=False)
    ]


def identity(X):
    """The (task, row) of every sample of a container of `numbered` tasks."""
    rows = [array[(slice(None), *(0,) * (array.ndim - 1))] for array in X.arrays]
    return list(zip(X.task.tolist(), X.join(rows).tolist(), strict=True))


def assert_same(X, expected):
    assert X.task_names == expected.task_names
    assert_array_equal(X.task, expected.task)
    assert len(X.arrays) == len(expected.arrays)
    for array, other in zip(X.arrays, expected.arrays, strict=True):
        assert array.dtype == other.dtype
        assert_array_equal(array, other, strict=True)


lengths = st.lists(st.integers(0, 12), min_size=2, max_size=3)


@st.composite
def containers_with_key(draw):
    X = JointArrays(numbered(draw(lengths)))
    n = len(X)
    indices = st.lists(st.integers(-n, n - 1), max_size=20) if n else st.just([])
    key = draw(
        st.one_of(
            st.slices(n),
            indices,
            indices.map(lambda i: np.array(i, dtype=int)),
            st.lists(st.booleans(), min_size=n, max_size=n).map(
                lambda m: np.array(m, dtype=bool)
            ),
        )
    )
    return X, key


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
            ([[1, 2]], ValueError, "parts has 1 items, expected one for each of the 2"),
            ([[1, 2], None], TypeError, r"task 1 \(parts\[1\]\) is None"),
            ([[1, 2], [3, 4]], ValueError, r"task 1 \(parts\[1\]\) has shape \(2,\)"),
            ([[1, 2], 3], ValueError, r"task 1 .* has shape \(\), expected 1 values"),
            ([[1, 2], [[3]]], ValueError, r"task 1 .*expected shapes equal but for"),
            ([[1, 2], ["a"]], TypeError, "holds text and task 0 .* holds numbers"),
            ([[1, 2], [[3], [3, 4]]], ValueError, "task 1 .*cannot become a numpy"),
            ({"a": [1, 2]}, TypeError, "parts is dict, expected a list"),
            (np.zeros(3), TypeError, "parts is ndarray, expected a list"),
        ],
    )
    def test_join_errors(self, parts, error, message):
        with pytest.raises(error, match=message):
            JointArrays(numbered([2, 1])).join(parts)

    def test_join_errors_with_names(self):
        X = JointArrays({"a": np.zeros((2, 1)), "b": np.zeros((1, 1))})
        with pytest.raises(ValueError, match="unknown task 'c', expected some of 'a'"):
            X.join({"a": [1, 2], "c": [3]})
        with pytest.raises(TypeError, match=r"task 'b' \(parts\['b'\]\) is None"):
            X.join({"a": [1, 2]})

    @pytest.mark.parametrize("values", [[1, 2], 5, np.zeros((4, 2))])
    def test_split_errors(self, values):
        with pytest.raises(ValueError, match="expected 3 values, one per sample"):
            JointArrays(numbered([2, 1])).split(values)


class TestWithArrays:
    def test_same_samples_with_other_values(self):
        arrays = numbered([4, 3])
        X = JointArrays(dict(zip("ab", arrays, strict=True)))[::-1]
        doubled = X.with_arrays([2 * array for array in X.arrays])
        assert doubled.task_names == X.task_names
        assert identity(doubled) == [(t, 2 * row) for t, row in identity(X)]

    def test_errors(self):
        X = JointArrays(numbered([4, 3]))
        with pytest.raises(ValueError, match=r"task 1 \(arrays\[1\]\) has 4 samples"):
            X.with_arrays([np.zeros((4, 1)), np.zeros((4, 1))])
        with pytest.raises(ValueError, match="1 items, expected one for each of the 2"):
            X.with_arrays([np.zeros((4, 1))])


class TestConstruction:
    def test_attributes(self):
        X = JointArrays((np.zeros((4, 3)), np.ones((2, 5, 5))))
        assert X.n_tasks == 2
        assert X.task_names is None
        assert len(X) == 6
        assert X.shape == (6,)
        assert np.issubdtype(X.task.dtype, np.integer)

    @pytest.mark.parametrize(
        "convert",
        [
            torch.tensor,
            lambda a: torch.tensor(a, requires_grad=True),
            pd.DataFrame,
            pl.DataFrame,
            np.ndarray.tolist,
        ],
        ids=["tensor", "tensor with gradient", "pandas", "polars", "nested lists"],
    )
    def test_kinds_of_arrays(self, convert):
        arrays = numbered([4, 3], shapes=((3,), (2,)))
        X = JointArrays([convert(array) for array in arrays])
        assert_same(X, JointArrays(arrays))
        assert all(type(array) is np.ndarray for array in X.arrays)

    def test_tensors_and_frames_share_memory(self):
        tensor, array = torch.zeros(4, 3), np.zeros((2, 3))
        X = JointArrays([tensor, pd.DataFrame(array, copy=False)])
        assert np.shares_memory(X.arrays[0], tensor.numpy())
        assert np.shares_memory(X.arrays[1], array)

    def test_memory_maps_stay_on_disk(self, tmp_path):
        arrays = numbered([6, 4], shapes=((3,), (3,)))
        for t, array in enumerate(arrays):
            np.save(tmp_path / f"{t}.npy", array)
        maps = [np.load(tmp_path / f"{t}.npy", mmap_mode="r") for t in range(2)]
        X = JointArrays(maps)
        assert X.arrays[0] is maps[0]
        assert isinstance(X[:5].arrays[0], np.memmap)
        selection = X[[0, 5, 7]]
        assert not isinstance(selection.arrays[0], np.memmap)
        assert_same(selection, JointArrays(arrays)[[0, 5, 7]])

    @pytest.mark.parametrize(
        ("X", "error", "message"),
        [
            ([], ValueError, "no tasks"),
            ({}, ValueError, "no tasks"),
            ([np.zeros((3, 2))], ValueError, r"list with one array.*pack\(X, y\)"),
            ((np.zeros((3, 2)),), ValueError, r"tuple with one array.*pack\(X, y\)"),
            (np.zeros((3, 2)), TypeError, r"X is ndarray.*pack\(X\) also takes"),
            ({0: np.zeros((3, 2))}, TypeError, "key 0, expected task names"),
            ([np.zeros((3, 2)), None], TypeError, r"task 1 \(X\[1\]\) is None"),
            ({"a": None}, TypeError, "task 'a' is None"),
            ([np.zeros((3, 2)), np.zeros(3)], ValueError, r"task 1 .*shape \(3,\)"),
            ([[[1, 2]], [[1], [1, 2]]], ValueError, r"task 1 \(X\[1\]\) cannot become"),
            (
                {"a": scipy.sparse.csr_array(np.eye(3))},
                TypeError,
                r"task 'a' is sparse.*toarray\(\)",
            ),
            (
                [torch.zeros(2, 2), torch.zeros(2, 2, dtype=torch.bfloat16)],
                ValueError,
                "task 1 .*BFloat16",
            ),
        ],
    )
    def test_errors(self, X, error, message):
        with pytest.raises(error, match=message):
            JointArrays(X)

    def test_dict_of_one_task(self):
        assert JointArrays({"a": np.zeros((3, 2))}).n_tasks == 1

    def test_masked_samples_are_refused(self):
        masked = np.ma.masked_array(np.ones((2, 3)), mask=np.eye(2, 3))
        with pytest.raises(ValueError, match=r"task 1 \(X\[1\]\) has masked.*fill"):
            JointArrays([np.ones((2, 3)), masked])
        unmasked = np.ma.masked_array(np.ones((2, 3)), mask=False)
        assert_array_equal(JointArrays([np.ones((1, 3)), unmasked]).arrays[1], 1)

    def test_tensor_without_values_is_refused(self):
        with pytest.raises(ValueError, match=r"task 0 .* cannot become a numpy"):
            JointArrays([torch.ones(2, 3, device="meta"), np.ones((2, 3))])


class TestIdentity:
    @given(containers_with_key())
    def test_equal_content_has_equal_pickle_and_hash(self, case):
        X, key = case
        one = X[key]
        other = JointArrays([array.copy() for array in X.arrays])
        other = other[np.arange(len(X))][key]
        for equal in (other, pickle.loads(pickle.dumps(one)), copy.deepcopy(one)):
            assert_same(equal, one)
            assert pickle.dumps(equal) == pickle.dumps(one)
            assert joblib.hash(equal) == joblib.hash(one)

    def test_other_content_has_another_hash(self):
        a, b = numbered([4, 3])
        containers = [
            JointArrays([a, b]),
            JointArrays([b, a]),
            JointArrays([a + 1, b]),
            JointArrays({"a": a, "b": b}),
            JointArrays({"a": a, "c": b}),
            JointArrays([a, b])[::-1],
        ]
        assert len({joblib.hash(X) for X in containers}) == len(containers)

    def test_large_arrays_are_memory_mapped_in_workers(self, tmp_path):
        def kinds(X):
            return [
                [type(array).__name__ for array in container.arrays]
                for container in (X, X[[0, 1, 2]])
            ]

        np.save(tmp_path / "a.npy", np.zeros((1000, 300)))
        on_disk = np.load(tmp_path / "a.npy", mmap_mode="r")
        in_memory = JointArrays([np.zeros((1000, 300)), np.zeros((900, 200))])
        mapped = JointArrays([on_disk, on_disk])
        one_task_empty = mapped[:1]
        run = joblib.Parallel(n_jobs=2)
        found = run(joblib.delayed(kinds)(X) for X in (in_memory, mapped))
        assert found == [[["memmap"] * 2, ["ndarray"] * 2]] * 2
        (empty,) = run([joblib.delayed(lambda X: X.arrays[1].shape)(one_task_empty)])
        assert empty == (0, 300)

    def test_cannot_become_an_array(self):
        X = JointArrays(numbered([4, 4], shapes=((3,), (3,))))
        for convert in (np.asarray, np.array, lambda X: np.asarray(X, dtype=float)):
            with pytest.raises(
                TypeError, match=r"joint estimator before this step.*PerTask"
            ):
                convert(X)

    def test_repr(self):
        X = JointArrays({"<a>": np.zeros((4, 3)), "b": np.ones((2, 5, 5), np.uint8)})
        assert repr(X) == (
            "JointArrays(n_samples=6, <a>: (4, 3) float64, b: (2, 5, 5) uint8)"
        )
        table = X._repr_html_()
        assert "<th>&lt;a&gt;</th><td>4</td><td>(3,)</td><td>float64</td>" in table
        many = JointArrays([np.zeros((1, 1))] * 30)
        assert "0: (1, 1)" in repr(many)
        assert "29: (1, 1)" in repr(many)
        assert len(repr(many)) < 250


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
            ([0, 1, 2], ValueError, "y has 3 items, expected one for each of the 2"),
            (np.arange(3), TypeError, "y is ndarray, expected a list"),
            ({"a": [0, 1]}, TypeError, "y is dict, expected the form of X: a list"),
            ([[0, 1], [2, 3]], ValueError, r"task 1 \(y\[1\]\) .*expected 1 values"),
            ([[[0], [1]], [2]], ValueError, r"task 0 \(y\[0\]\) .*ravel"),
            ([[0, np.nan], [2]], ValueError, r"task 0 .*NaN; mark .* with -1"),
            ([np.uint64([0, 2**63]), None], ValueError, "task 0 .*64 bits.*LabelEnc"),
            ([[0, 2**70], None], ValueError, "task 0 .*64 bits.*LabelEncoder"),
            ([["a", "b"], [2]], TypeError, "task 1 .* holds numbers and task 0.*Label"),
            (
                [["a", "b"], None],
                TypeError,
                r"task 1 \(y\[1\]\) is unlabeled.*LabelEnc",
            ),
            ([["a", -1], ["b"]], TypeError, r"task 0 \(y\[0\]\) .*mark -1.*LabelEnc"),
            (
                [np.array(["a", -1], object), None],
                TypeError,
                "task 0 .*dtype object.*LabelEncoder.*with -1",
            ),
            ([np.array(["2020"] * 2, "M8[Y]"), None], TypeError, "dtype datetime64"),
        ],
    )
    def test_errors(self, y, error, message):
        with pytest.raises(error, match=message):
            pack(numbered([2, 1]), y)

    def test_errors_with_names(self):
        X = {"a": np.zeros((2, 1)), "b": np.zeros((1, 1))}
        with pytest.raises(
            TypeError, match="y is list, expected the form of X: a dict"
        ):
            pack(X, [[0, 1], [0]])
        with pytest.raises(ValueError, match="unknown task 'c'"):
            pack(X, {"c": [0]})
        with pytest.raises(ValueError, match=r"task 'b' \(y\['b'\]\) has shape \(2,\)"):
            pack(X, {"b": [0, 1]})

    def test_flat_labels_of_the_wrong_length(self):
        X = JointArrays(numbered([2, 1]))
        with pytest.raises(ValueError, match="y has 2 labels, expected 3"):
            pack(X, [0, 1])

    def test_list_of_one_array(self):
        with pytest.raises(ValueError, match=r"X, y = pack\(X, y\)"):
            pack(numbered([4]))
