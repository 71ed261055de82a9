"""MNIST and USPS, from small files in their formats."""

from __future__ import annotations

import bz2
import gzip
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest

from sk_jae import datasets
from tests.helpers.files import all_files, random_images

RNG_SEED = 0


class TestMnist:
    @pytest.fixture
    def source(self):
        labels = np.array([3, 0, 9, 1, 7], dtype=np.uint8)
        return random_images(5, 28, 28), labels

    @pytest.fixture
    def home(self, source, tmp_path):
        images, labels = source
        raw = tmp_path / "mnist" / "MNIST" / "raw"
        raw.mkdir(parents=True)
        for prefix, rows in (("train", slice(0, 3)), ("t10k", slice(3, 5))):
            for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
                header = bytes([0, 0, 8, array.ndim])
                header += np.array(array[rows].shape, ">u4").tobytes()
                path = raw / f"{prefix}-{kind}-ubyte.gz"
                path.write_bytes(gzip.compress(header + array[rows].tobytes()))
        return tmp_path

    @pytest.mark.parametrize("unpacked", [False, True])
    def test_reads_and_writes_nothing(self, unpacked, source, home):
        raw = home / "mnist" / "MNIST" / "raw"
        if unpacked:
            for path in list(raw.iterdir()):
                path.with_suffix("").write_bytes(gzip.decompress(path.read_bytes()))
                path.unlink()
        before = all_files(home)
        both = datasets.load_mnist(data_home=home, subset="all")
        np.testing.assert_array_equal(both.data, source[0])
        np.testing.assert_array_equal(both.target, source[1])
        assert (both.data.dtype, both.target.dtype) == (np.uint8, np.int64)
        assert both.data.flags.writeable
        assert both.subset_note is None
        X, y = datasets.load_mnist(data_home=home, subset="test", return_X_y=True)
        np.testing.assert_array_equal(X, source[0][3:])
        np.testing.assert_array_equal(y, source[1][3:])
        assert all_files(home) == before

    def test_packed_files_need_no_download(self, home, monkeypatch):
        monkeypatch.setattr(urllib.request, "urlopen", None)
        before = all_files(home)
        datasets.load_mnist(data_home=home, download_if_missing=True)
        assert all_files(home) == before

    @pytest.mark.parametrize(
        "content",
        [b"", b"no gzip", gzip.compress(b"no idx")],
        # Not by content: gzip writes the time, and workers start at different ones.
        ids=["empty", "no gzip", "no idx"],
    )
    def test_damaged_file(self, content, home):
        name = "train-images-idx3-ubyte.gz"
        (home / "mnist" / "MNIST" / "raw" / name).write_bytes(content)
        with pytest.raises(OSError, match=rf"could not be read from .*{name}"):
            datasets.load_mnist(data_home=home)


class TestUsps:
    @pytest.fixture
    def levels(self):
        """Pixel values as published, in [-1, 1]."""
        return np.random.default_rng(RNG_SEED).uniform(-1, 1, (3, 256)).round(4)

    def packed(self, levels):
        lines = [
            f"{label} " + " ".join(f"{k}:{v}" for k, v in enumerate(row, start=1))
            for label, row in zip((1, 10, 4), levels, strict=True)
        ]
        return bz2.compress("\n".join(lines).encode())

    def test_reads(self, levels, tmp_path):
        (tmp_path / "usps").mkdir()
        (tmp_path / "usps" / "usps.bz2").write_bytes(self.packed(levels))
        usps = datasets.load_usps(data_home=tmp_path)
        assert usps.data.shape == (3, 16, 16)
        np.testing.assert_allclose(
            usps.data.reshape(3, 256), (levels + 1) / 2 * 255, atol=1
        )
        np.testing.assert_array_equal(usps.target, [0, 9, 3])
        assert (usps.data.dtype, usps.target.dtype) == (np.uint8, np.int64)

    def test_download_is_kept(self, levels, monkeypatch, tmp_path):
        def download(url, root, filename, md5):
            Path(root).mkdir(parents=True)
            (Path(root) / filename).write_bytes(self.packed(levels))

        monkeypatch.setattr("torchvision.datasets.usps.download_url", download)
        X, _ = datasets.load_usps(
            data_home=tmp_path, download_if_missing=True, return_X_y=True
        )
        again, _ = datasets.load_usps(data_home=tmp_path, return_X_y=True)
        np.testing.assert_array_equal(X, again)
