"""The folder of the data sets, and files that are missing there."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from sk_jae import datasets
from tests.helpers.files import all_files


class TestDataHome:
    def test_order_of_precedence(self, monkeypatch, tmp_path):
        monkeypatch.setenv("SK_JAE_DATA", str(tmp_path / "env"))
        assert datasets.get_data_home(tmp_path / "arg") == tmp_path / "arg"
        assert datasets.get_data_home() == tmp_path / "env"
        monkeypatch.delenv("SK_JAE_DATA")
        assert datasets.get_data_home() == Path.home() / "sk_jae_data"
        assert not (tmp_path / "env").exists()

    @pytest.mark.parametrize("data_home", [5, b"folder", ["folder"]])
    def test_it_must_be_a_path(self, data_home):
        with pytest.raises(TypeError, match=r"data_home is .* expected the path"):
            datasets.load_mnist(data_home=data_home)

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
