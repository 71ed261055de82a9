"""The real data sets, where they are."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import datasets


@pytest.mark.real_data
class TestRealData:
    @pytest.mark.parametrize(
        ("load", "shape", "n_train", "n_test"),
        [
            (datasets.load_mnist, (28, 28), 60_000, 10_000),
            (datasets.load_usps, (16, 16), 7_291, 2_007),
        ],
    )
    def test_digits(self, load, shape, n_train, n_test, data_home):
        for subset, n in (("train", n_train), ("test", n_test)):
            X, y = load(data_home=data_home, subset=subset, return_X_y=True)
            assert (X.shape, X.dtype) == ((n, *shape), np.uint8)
            assert (y.shape, y.dtype) == ((n,), np.int64)
            assert set(y) == set(range(10))
            # Bright strokes on a dark background.
            assert np.median(X[:, 0, 0]) == 0
            assert X.max() > 250

    def test_svhn(self, data_home):
        parts = [datasets.load_svhn(data_home=data_home, subset=s) for s in
                 ("train", "test")]  # fmt: skip
        train, test = parts
        if train.subset_note is None:
            pytest.skip("the complete SVHN is there")
        assert (len(train.data), len(test.data)) == (9_082, 2_001)
        assert not set(train.img_id) & set(test.img_id)
        assert train.subset_note.startswith("9,082-digit subset")

    def test_cifar10_class_pairs(self, data_home):
        cifar10 = datasets.load_cifar10(data_home=data_home, subset="test")
        X, _ = datasets.cifar10_class_pair(
            cifar10.data, cifar10.target, "airplane", "ship"
        )
        assert X["airplane"].shape == X["ship"].shape == (1_000, 32, 32, 3)

    def test_mnist_usps(self, data_home):
        first, same, other = (
            datasets.load_mnist_usps(data_home=data_home, random_state=seed)
            for seed in (0, 0, 1)
        )
        assert first.data["mnist"].shape == (2_000, 28, 28)
        assert first.data["usps"].shape == (1_800, 16, 16)
        mnist = datasets.load_mnist(data_home=data_home)
        chosen = first.source_index["mnist"]
        assert len(set(chosen)) == 2_000
        np.testing.assert_array_equal(first.data["mnist"], mnist.data[chosen])
        np.testing.assert_array_equal(first.target["mnist"], mnist.target[chosen])
        np.testing.assert_array_equal(first.data["usps"], same.data["usps"])
        assert not np.array_equal(chosen, other.source_index["mnist"])
        _, y_test = datasets.load_mnist_usps(
            data_home=data_home, subset="test", return_X_y=True
        )
        assert (len(y_test["mnist"]), len(y_test["usps"])) == (10_000, 2_007)
        with pytest.raises(ValueError, match="n_usps must lie between 1 and 7291"):
            datasets.load_mnist_usps(data_home=data_home, n_usps=8_000)
