"""Every task split by itself."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_array_equal
from sklearn.model_selection import (
    train_test_split,
)

from sk_jae.model_selection import (
    task_train_test_split,
)
from sk_jae.tasks import JointArrays
from tests.helpers.splits import labeled_tasks


class TestTaskTrainTestSplit:
    @given(labeled_tasks(), st.floats(0.3, 0.6), st.integers(0, 99))
    def test_is_a_stratified_partition(self, data, test_size, seed):
        X, y = data
        rows = [np.arange(len(array))[:, None] for array in X.arrays]
        labels = X.split(y)
        parts = task_train_test_split(
            rows, labels, test_size=test_size, random_state=seed
        )
        for X_train, X_test, y_train, y_test, all_labels in zip(
            *parts, labels, strict=True
        ):
            n = len(all_labels)
            assert len(X_test) == np.ceil(test_size * n)
            found = np.concatenate((X_train, X_test))[:, 0]
            assert_array_equal(np.sort(found), np.arange(n))
            assert_array_equal(all_labels[X_train[:, 0]], y_train)
            assert_array_equal(all_labels[X_test[:, 0]], y_test)
            for label in np.unique(all_labels):
                share = np.sum(all_labels == label) * len(X_test) / n
                assert abs(np.sum(y_test == label) - share) < 1

    @pytest.mark.parametrize("form", [list, tuple, dict])
    def test_forms(self, form):
        X, y = [np.zeros((8, 3)), np.ones((4, 2, 2))], [[0, 1] * 4, None]
        if form is dict:
            X, y = dict(zip("ab", X, strict=True)), {"a": y[0]}
        else:
            X, y = form(X), form(y)
        X_train, X_test, y_train, y_test = task_train_test_split(X, y)
        a, b = ("a", "b") if form is dict else (0, 1)
        for part in (X_train, X_test, y_train, y_test):
            assert type(part) is (dict if form is dict else list)
        assert X_train[a].shape == (6, 3)
        assert X_test[b].shape == (1, 2, 2)
        assert sorted(y_test[a]) == [0, 1]
        assert y_train[b] is None
        assert y_test[b] is None
        assert len(task_train_test_split(X)) == 2

    def test_types_are_kept(self):
        X = [pd.DataFrame({"f": range(8)}), torch.arange(4.0)[:, None]]
        y = [pd.Series(list("abababab")), torch.tensor([0, 0, 1, 1])]
        parts = task_train_test_split(X, y, random_state=0)
        for X_part, y_part in (parts[::2], parts[1::2]):
            assert isinstance(X_part[0], pd.DataFrame)
            assert isinstance(y_part[0], pd.Series)
            assert isinstance(X_part[1], torch.Tensor)
            assert isinstance(y_part[1], torch.Tensor)
            assert_array_equal(X_part[0].index, y_part[0].index)
            assert_array_equal(X_part[1][:, 0] >= 2, y_part[1])

    @pytest.mark.parametrize(
        "sizes", [{}, {"test_size": 0.4}, {"train_size": 5}, {"test_size": 2}], ids=str
    )
    def test_sizes_like_scikit_learn(self, sizes):
        X = [np.zeros((13, 2)), np.zeros((9, 2))]
        for train, test, array in zip(
            *task_train_test_split(X, **sizes), X, strict=True
        ):
            expected = train_test_split(array, **sizes)
            assert [len(train), len(test)] == [len(part) for part in expected]

    def test_without_shuffle(self):
        X = [np.arange(8)[:, None], np.arange(4)[:, None]]
        X_train, X_test, y_train, _ = task_train_test_split(
            X, [list("aaaabbbb"), None], shuffle=False
        )
        assert_array_equal(X_train[0][:, 0], range(6))
        assert_array_equal(X_test[1][:, 0], [3])
        assert y_train[0] == list("aaaabb")

    def test_random_state_and_stratify(self):
        X = [np.arange(40)[:, None]] * 2
        y = [np.arange(40) % 2] * 2

        def split(**kwargs):
            return [part.tolist() for part in task_train_test_split(X, y, **kwargs)[3]]

        assert split(random_state=0) == split(random_state=0)
        assert split(random_state=0) != split(random_state=1)
        balanced = [np.bincount(split(random_state=s)[0])[0] for s in range(9)]
        free = [
            np.bincount(split(random_state=s, stratify=False)[0])[0] for s in range(9)
        ]
        assert set(balanced) == {5}
        assert len(set(free)) > 1

    @pytest.mark.parametrize(
        ("X", "y", "error", "message"),
        [
            (np.zeros((9, 2)), None, TypeError, "X is ndarray.*train_test_split"),
            (
                JointArrays([np.zeros((9, 2))] * 2),
                None,
                TypeError,
                "X is JointArrays.*sklearn.model_selection.train_test_split",
            ),
            ([np.zeros((9, 2))], None, ValueError, "list of one array"),
            (
                [np.zeros((9, 2)), np.zeros((1, 2))],
                None,
                ValueError,
                "task 'task1': .*n_samp",
            ),
            ([np.zeros((9, 2))] * 2, [[0] * 9], ValueError, "y has 1 item,"),
            (
                [np.zeros((9, 2))] * 2,
                [[0] * 9, [0] * 8],
                ValueError,
                r"y of task 'task1' has 8 labels, expected 9",
            ),
            ([np.zeros((9, 2))] * 2, np.zeros(18), TypeError, "y is ndarray"),
        ],
    )
    def test_errors(self, X, y, error, message):
        with pytest.raises(error, match=message):
            task_train_test_split(X, y)
