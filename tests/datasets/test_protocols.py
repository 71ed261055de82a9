"""The splits of the paper."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from sk_jae import datasets
from tests.helpers.files import random_images


class TestProtocols:
    def test_digit_halves(self):
        digits = load_digits()
        X, y = datasets.digit_halves(digits.images, digits.target)
        for task, low, high in (("0-4", 0, 4), ("5-9", 5, 9)):
            chosen = (digits.target >= low) & (digits.target <= high)
            np.testing.assert_array_equal(X[task], digits.images[chosen])
            np.testing.assert_array_equal(y[task], digits.target[chosen])

    def test_cifar10_class_pair(self):
        X, y = random_images(6, 4, 4, 3), np.array([4, 7, 0, 7, 4, 8])
        X_pair, y_pair = datasets.cifar10_class_pair(X, y, "horse", "deer")
        assert list(X_pair) == ["horse", "deer"]
        np.testing.assert_array_equal(X_pair["horse"], X[[1, 3]])
        np.testing.assert_array_equal(y_pair["deer"], [4, 4])

    @pytest.mark.parametrize("pair", [("deer", "deer"), ("deer", "moose")])
    def test_cifar10_class_pair_refuses(self, pair):
        with pytest.raises(ValueError, match="two different classes"):
            datasets.cifar10_class_pair(np.zeros((1, 4, 4, 3)), [4], *pair)

    def test_split_by_class_refuses(self):
        with pytest.raises(ValueError, match=r"Task 'b' would have no samples.*\[3\]"):
            datasets.split_by_class(np.zeros((2, 1)), [0, 1], {"a": 0, "b": 3})
        with pytest.raises(ValueError, match="X has 2 samples, but y has 3"):
            datasets.split_by_class(np.zeros((2, 1)), [0, 1, 1], {"a": 0})

    @pytest.mark.parametrize("n_per_class", [0, 1, 5])
    def test_keep_labels(self, n_per_class):
        y = np.random.default_rng(1).permutation(np.repeat([2, 5, 9, -1], 8))
        before = y.copy()
        y_few = datasets.keep_labels(y, n_per_class, random_state=0)
        np.testing.assert_array_equal(y, before)
        kept = y_few != -1
        np.testing.assert_array_equal(y_few[kept], y[kept])
        assert [np.sum(y_few == label) for label in (2, 5, 9)] == [n_per_class] * 3

    def test_keep_labels_budgets_nest_and_seeds_differ(self):
        y = np.repeat(np.arange(10), 60)
        few, more, other = (
            datasets.keep_labels(y, n, random_state=seed) != -1
            for n, seed in ((5, 0), (50, 0), (5, 1))
        )
        assert np.all(more[few])
        assert not np.array_equal(few, other)

    def test_keep_labels_refuses(self):
        with pytest.raises(ValueError, match="class 1 has only 2"):
            datasets.keep_labels([0, 0, 0, 1, 1], 3)
        with pytest.raises(ValueError, match="must not be negative"):
            datasets.keep_labels([0, 1], -1)
        with pytest.raises(TypeError, match=r"integers or text, got .*0\.5"):
            datasets.keep_labels([0.5, 1.5], 1)
        with pytest.raises(TypeError, match="integers or text, got 3 "):
            datasets.keep_labels(np.array(["a", 3], dtype=object), 1)

    @pytest.mark.parametrize("mark", [None, np.nan, -1])
    def test_keep_labels_that_are_text(self, mark):
        names = np.array(["oak", "beech", mark], dtype=object)[np.arange(30) % 3]
        few = datasets.keep_labels(names, 4)
        numbers = np.array([1, 0, -1])[np.arange(30) % 3]
        kept = datasets.keep_labels(numbers, 4) != -1
        assert few[kept].tolist() == names[kept].tolist()
        assert set(few[~kept]) == {None}
        np.testing.assert_array_equal(
            datasets.keep_labels(names[np.arange(30) % 3 < 2].astype(str), 10),
            names[np.arange(30) % 3 < 2],
        )
