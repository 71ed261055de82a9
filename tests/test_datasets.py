"""Embedded digits, the data folder, the splits of the paper, and the real data."""

from __future__ import annotations

import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from sk_jae import datasets

RNG_SEED = 0


def random_images(*shape):
    return np.random.default_rng(RNG_SEED).integers(0, 256, shape, dtype=np.uint8)


def all_files(folder):
    return sorted(path for path in folder.rglob("*"))


def test_import_leaves_torchvision_alone():
    code = "import sys, sk_jae.datasets; sys.exit('torchvision' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestDigitsPair:
    def test_no_digit_is_in_two_places(self):
        parts = [datasets.load_digits_pair(subset=s) for s in ("train", "test")]
        used = np.concatenate(
            [part.source_index[task] for part in parts for task in part.data]
        )
        np.testing.assert_array_equal(np.sort(used), np.arange(1797))

    def test_train_and_test_make_up_all(self):
        train, test, both = (
            datasets.load_digits_pair(subset=subset)
            for subset in ("train", "test", "all")
        )
        for task in ("optical", "pen"):
            joined = {
                index: image
                for part in (train, test)
                for index, image in zip(
                    part.source_index[task], part.data[task], strict=True
                )
            }
            for index, image in zip(
                both.source_index[task], both.data[task], strict=True
            ):
                np.testing.assert_array_equal(joined[index], image)

    def test_optical_digits_are_the_source(self):
        pair, source = datasets.load_digits_pair(), load_digits()
        assert pair.data["optical"].dtype == pair.data["pen"].dtype == np.uint8
        chosen = pair.source_index["optical"]
        np.testing.assert_allclose(
            pair.data["optical"] / 255, source.images[chosen] / 16, atol=0.5 / 255
        )
        for task, index in pair.source_index.items():
            np.testing.assert_array_equal(pair.target[task], source.target[index])

    def test_the_seed_decides(self):
        first, same, other = (
            datasets.load_digits_pair(random_state=seed).data["pen"]
            for seed in (3, 3, 4)
        )
        np.testing.assert_array_equal(first, same)
        assert not np.array_equal(first, other)

    def test_global_generator_is_not_touched(self):
        def state():
            return np.random.get_state()[1].copy()  # noqa: NPY002

        before = state()
        datasets.load_digits_pair()
        np.testing.assert_array_equal(state(), before)

    def test_tasks_are_related_but_shifted(self):
        X, y = datasets.load_digits_pair(return_X_y=True)
        X_test, y_test = datasets.load_digits_pair(subset="test", return_X_y=True)

        def flat(images):
            size = 16 // images.shape[1]
            return images.repeat(size, 1).repeat(size, 2).reshape(-1, 256) / 255

        score = {
            task: LogisticRegression(max_iter=300)
            .fit(flat(X[task]), y[task])
            .score(flat(X_test["pen"]), y_test["pen"])
            for task in ("optical", "pen")
        }
        assert 0.4 < score["optical"] < 0.7
        assert score["pen"] > 0.93

    @pytest.mark.parametrize("subset", ["validation", None])
    def test_unknown_subset(self, subset):
        with pytest.raises(ValueError, match="subset must be one of"):
            datasets.load_digits_pair(subset=subset)


class TestDataHome:
    def test_order_of_precedence(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SK_JAE_DATA", str(tmp_path / "env"))
        assert datasets.get_data_home(tmp_path / "arg") == tmp_path / "arg"
        assert datasets.get_data_home() == tmp_path / "env"
        monkeypatch.delenv("SK_JAE_DATA")
        assert datasets.get_data_home() == Path.home() / "sk_jae_data"
        assert not (tmp_path / "env").exists()

    @pytest.mark.parametrize(
        ("load", "file", "folder"),
        [
            (datasets.load_mnist, "train-images-idx3-ubyte.gz", "mnist/MNIST/raw"),
            (datasets.load_usps, "usps.bz2", "usps"),
            (datasets.load_svhn, "train_32x32.mat", "svhn"),
            (datasets.load_cifar10, "data_batch_1", "cifar10/cifar-10-batches-py"),
            (datasets.load_celeba, "img_align_celeba", "celeba"),
            (datasets.load_mnist_usps, "train-images-idx3-ubyte.gz", "mnist/MNIST/raw"),
        ],
    )
    def test_missing_file_says_what_goes_where(self, load, file, folder, tmp_path):
        options = (
            {"cache_dir": tmp_path / "cache"} if load is datasets.load_celeba else {}
        )
        with pytest.raises(OSError, match="download_if_missing=True") as info:
            load(data_home=tmp_path, **options)
        assert file in str(info.value)
        assert str(tmp_path / folder) in str(info.value)
        assert all_files(tmp_path) == []

    @pytest.mark.parametrize(
        "load",
        [
            datasets.load_mnist,
            datasets.load_usps,
            datasets.load_svhn,
            datasets.load_cifar10,
        ],
    )
    def test_refused_download_says_what_to_do(self, load, monkeypatch, tmp_path):
        def refuse(*args, **kwargs):
            raise urllib.error.URLError("no network here")

        monkeypatch.setattr(urllib.request, "urlopen", refuse)
        with pytest.raises(OSError, match=r"no network here.*by hand"):
            load(data_home=tmp_path, download_if_missing=True)

    @pytest.mark.parametrize("load", [datasets.load_mnist, datasets.load_celeba])
    def test_unknown_subset(self, load, tmp_path):
        with pytest.raises(ValueError, match="subset must be one of"):
            load(data_home=tmp_path, subset="extra")


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
        with pytest.raises(TypeError, match="y must hold integers"):
            datasets.keep_labels(["a", "b"], 1)


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
