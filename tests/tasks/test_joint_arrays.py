"""`JointArrays`: what it takes, and what it is to pickle, joblib and numpy."""

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
from numpy.testing import assert_array_equal

from sk_jae.tasks import JointArrays
from tests.helpers.numbered import assert_same, containers_with_key, identity, numbered


class TestWithArrays:
    def test_same_samples_with_other_values(self):
        arrays = numbered([4, 3])
        X = JointArrays(dict(zip("ab", arrays, strict=True)))[::-1]
        doubled = X.with_arrays([2 * array for array in X.arrays])
        assert doubled.task_names == X.task_names
        assert identity(doubled) == [(t, 2 * row) for t, row in identity(X)]

    def test_errors(self):
        X = JointArrays(numbered([4, 3]))
        with pytest.raises(ValueError, match=r"arrays of task 'task1' has 4 samples"):
            X.with_arrays([np.zeros((4, 1)), np.zeros((4, 1))])
        with pytest.raises(ValueError, match="1 item, expected 2, one per task"):
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
            ([], ValueError, "is an empty "),
            ({}, ValueError, "is an empty "),
            ([np.zeros((3, 2))], ValueError, r"list of one array.*pack\(X, y\)"),
            ((np.zeros((3, 2)),), ValueError, r"tuple of one array.*pack\(X, y\)"),
            (np.zeros((3, 2)), TypeError, r"X is ndarray.*pack\(X\) also takes"),
            ({0: np.zeros((3, 2))}, TypeError, "key 0, expected the names"),
            ([np.zeros((3, 2)), None], TypeError, r"X of task 'task1' is None"),
            ({"a": None}, TypeError, "task 'a' is None"),
            (
                [np.zeros((3, 2)), np.zeros(3)],
                ValueError,
                r"task 'task1' .*shape \(3,\)",
            ),
            ([[[1, 2]], [[1], [1, 2]]], ValueError, r"X of task 'task1' cannot become"),
            (
                {"a": scipy.sparse.csr_array(np.eye(3))},
                TypeError,
                r"task 'a' is sparse.*toarray\(\)",
            ),
            (
                [torch.zeros(2, 2), torch.zeros(2, 2).to_sparse()],
                TypeError,
                "task 'task1' is a sparse tensor",
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
        with pytest.raises(ValueError, match=r"X of task 'task1' has masked.*fill"):
            JointArrays([np.ones((2, 3)), masked])
        unmasked = np.ma.masked_array(np.ones((2, 3)), mask=False)
        assert_array_equal(JointArrays([np.ones((1, 3)), unmasked]).arrays[1], 1)

    def test_tensor_without_values_is_refused(self):
        with pytest.raises(ValueError, match=r"task 'task0' cannot become a numpy"):
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
                for container in (X, X[[0, 1, 4, 5]])
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
