"""Samples in every form, and results back in that form."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pytest
import torch
from numpy.testing import assert_array_equal

from sk_jae import JointArrays, JointAutoencoder, JointTransferClassifier, pack
from sk_jae.tasks import (
    check_codes,
    check_tasks,
    parse_inputs,
)
from tests.helpers.small import SMALL, small

A, B, C = np.ones((4, 3)), np.ones((6, 2)), np.ones((2, 5))


def tasks_of(X):
    return check_tasks(X, estimator=JointAutoencoder(), reset=True)[0]


class TestForms:
    @pytest.mark.parametrize(
        ("X", "form", "names"),
        [
            (A, "array", ("task0",)),
            (A.tolist(), "array", ("task0",)),
            (pd.DataFrame(A), "array", ("task0",)),
            ([np.ones(3), np.ones(3)], "array", ("task0",)),
            ([A, B], "list", ("task0", "task1")),
            ((A, B, C), "list", ("task0", "task1", "task2")),
            ([pd.DataFrame(A), torch.ones(2, 2)], "list", ("task0", "task1")),
            ([A, B.tolist()], "list", ("task0", "task1")),
            ({"mnist": A}, "dict", ("mnist",)),
            ({"usps": A, "mnist": B}, "dict", ("usps", "mnist")),
            (JointArrays([A, B]), "joint", ("task0", "task1")),
            (JointArrays({"usps": A, "mnist": B}), "joint", ("usps", "mnist")),
            (pack(A)[0], "joint", ("task0",)),
        ],
    )
    def test_form_and_names(self, X, form, names):
        tasks = tasks_of(X)
        assert (tasks.container_kind, tasks.names) == (form, names)
        assert tasks.positions == tuple(range(len(names)))
        assert all(isinstance(array, np.ndarray) for array in tasks.arrays)

    def test_order_of_names_is_that_of_fit(self):
        for X in ({"c": 2, "a": 0}, JointArrays({"c": C, "a": A})):
            tasks = parse_inputs(X, ("a", "b", "c"))
            assert tasks.positions == (2, 0)
            assert tasks.arrays[1] is None
        assert_array_equal(tasks.arrays[0], A)
        assert_array_equal(tasks.arrays[2], C)

    def test_restore(self):
        outputs = [np.zeros(4), np.ones(6), None]
        names = ("a", "b", "c")
        assert parse_inputs(A, ("a",)).restore(outputs[:1]) is outputs[0]
        assert parse_inputs((A, B, None), names).restore(outputs) == outputs
        restored = parse_inputs({"b": B, "c": None, "a": A}, names).restore(outputs)
        assert list(restored) == ["b", "c", "a"]
        assert restored["b"] is outputs[1]
        container = JointArrays({"b": B, "a": A})
        flat = parse_inputs(container, names).restore(outputs)
        assert_array_equal(container.split(flat)["a"], outputs[0])
        assert_array_equal(container.split(flat)["b"], outputs[1])
        same = parse_inputs(container, names).restore_samples([A, B, None])
        assert_array_equal(same.arrays[0], B)
        assert_array_equal(same.task, container.task)

    def test_every_form_gives_the_same_results(self):
        rng = np.random.default_rng(0)
        X = {"a": rng.uniform(size=(5, 3)), "b": rng.uniform(size=(4, 2))}
        clf = JointTransferClassifier(**SMALL).fit(X, {"a": [0, 1, 2, 0, 1]})
        for method in ("transform", "predict", "predict_proba", "reconstruct"):
            call = getattr(clf, method)
            by_name = call(X)
            for name, part in zip(X, call(list(X.values())), strict=True):
                assert_array_equal(part, by_name[name])
            for order in (["a", "b"], ["b", "a"], ["b"]):
                container = JointArrays({name: X[name] for name in order})
                output = call(container)
                if method == "reconstruct":
                    parts = dict(zip(order, output.arrays, strict=True))
                else:
                    parts = container.split(output)
                for name in order:
                    assert_array_equal(parts[name], by_name[name])

    @pytest.mark.parametrize(
        "array",
        [
            A,
            np.asfortranarray(A),
            A[::-1, ::2],
            A.astype(np.uint8),
            A.astype(">f4"),
            np.broadcast_to(A[:1], A.shape),
            torch.ones(4, 3, requires_grad=True),
            pd.DataFrame(A),
        ],
    )
    def test_numbers_are_not_copied(self, array):
        same = tasks_of([array, B]).arrays[0]
        original = array.detach().numpy() if hasattr(array, "detach") else array
        assert np.shares_memory(same, original)
        assert same.dtype == np.asarray(original).dtype

    def test_memory_maps_stay(self, tmp_path):
        array = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(4, 3))
        assert tasks_of([array, B]).arrays[0] is array
        assert tasks_of(array).arrays[0] is array

    def test_objects_that_are_numbers_become_numbers(self):
        frame = pd.DataFrame({"a": pd.array([1, 2], "Int64"), "b": [True, False]})
        (array,) = tasks_of(frame).arrays
        assert array.dtype == np.float64
        assert_array_equal(array, [[1, 1], [2, 0]])

    def test_number_of_features_belongs_to_one_array(self):
        jae = JointAutoencoder(**SMALL).fit(pd.DataFrame(A, columns=list("abc")))
        assert jae.n_features_in_ == 3
        assert_array_equal(jae.feature_names_in_, ["a", "b", "c"])
        for X in ([A, B], np.ones((4, 7, 8))):
            jae.fit(X)
            assert not hasattr(jae, "n_features_in_")
            assert not hasattr(jae, "feature_names_in_")

    def test_codes(self):
        codes = check_codes({"b": [[1, 2]], "a": None}, ("a", "b"), 2)
        assert codes.arrays[0] is None
        assert codes.arrays[1].dtype == np.float32
        assert list(codes.restore([None, 7])) == ["b", "a"]


@pytest.fixture
def large_map(tmp_path):
    array = np.memmap(tmp_path / "x", np.float32, "w+", shape=(2000, 50, 50))
    array[:] = 1
    return array


class TestMemory:
    """Numpy's allocations, which tracemalloc sees, unlike torch's."""

    def peak(self, call, *args, **kwargs):
        tracemalloc.start()
        try:
            call(*args, **kwargs)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    def test_memory_map_is_checked_without_a_copy(self, large_map):
        peak = self.peak(tasks_of, [large_map, B])
        assert peak < large_map.nbytes / 50

    def test_memory_map_is_used_without_a_copy(self, large_map):
        jae = JointAutoencoder(**small(batch_size=32))
        assert self.peak(jae.fit, [large_map, B]) < large_map.nbytes / 4
        assert self.peak(jae.transform, [large_map, B]) < large_map.nbytes / 4
