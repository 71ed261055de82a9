"""MNIST and USPS, from small files in their formats."""

from __future__ import annotations

import gzip
import urllib.request

import numpy as np
import pytest

from sk_jae import datasets
from tests.helpers.data_files import usps_levels, write_mnist, write_usps
from tests.helpers.files import all_files


class TestMnist:
    @pytest.mark.parametrize("unpacked", [False, True])
    def test_reads_and_writes_nothing(self, unpacked, without_checksums, tmp_path):
        home, source = tmp_path, write_mnist(tmp_path)
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

    def test_packed_files_need_no_download(
        self, without_checksums, monkeypatch, tmp_path
    ):
        write_mnist(tmp_path)
        monkeypatch.setattr(urllib.request, "urlopen", None)
        before = all_files(tmp_path)
        datasets.load_mnist(data_home=tmp_path, download_if_missing=True)
        assert all_files(tmp_path) == before


class TestUsps:
    def test_reads(self, without_checksums, tmp_path):
        labels = write_usps(tmp_path)
        usps = datasets.load_usps(data_home=tmp_path)
        assert usps.data.shape == (3, 16, 16)
        np.testing.assert_allclose(
            usps.data.reshape(3, 256), (usps_levels() + 1) / 2 * 255, atol=1
        )
        np.testing.assert_array_equal(usps.target, labels)
        assert (usps.data.dtype, usps.target.dtype) == (np.uint8, np.int64)
