"""SVHN and CIFAR-10, from small files in their formats."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import datasets
from tests.helpers.data_files import (
    CLASSES,
    write_cifar10,
    write_cifar10_subset,
    write_svhn,
    write_svhn_subset,
)
from tests.helpers.files import random_images


class TestSvhn:
    def test_complete_set(self, without_checksums, tmp_path):
        images, labels = write_svhn(tmp_path)
        svhn = datasets.load_svhn(data_home=tmp_path, subset="all")
        np.testing.assert_array_equal(svhn.data, images)
        np.testing.assert_array_equal(svhn.target, labels)
        assert svhn.data.flags.c_contiguous
        assert svhn.img_id is None
        assert svhn.subset_note is None

    def test_subset_never_splits_a_house(self, small_sets, tmp_path):
        write_svhn_subset(tmp_path)
        train, test, both = (
            datasets.load_svhn(data_home=tmp_path, subset=subset)
            for subset in ("train", "test", "all")
        )
        assert (len(train.data), len(test.data)) == (8 + 3, 3)
        np.testing.assert_array_equal(train.img_id[-3:], [100_001, 100_001, 100_002])
        assert not set(train.img_id) & set(test.img_id)
        for key in ("data", "target", "img_id"):
            np.testing.assert_array_equal(
                both[key], np.concatenate([train[key], test[key]])
            )
        assert train.subset_note.startswith("11-digit subset of SVHN")

    def test_one_official_file_rules_the_subset_out(self, without_checksums, tmp_path):
        write_svhn_subset(tmp_path)
        write_svhn(tmp_path)
        (tmp_path / "svhn" / "train_32x32.mat").unlink()
        assert len(datasets.load_svhn(data_home=tmp_path, subset="test").data) == 2
        with pytest.raises(OSError, match=r"train_32x32\.mat"):
            datasets.load_svhn(data_home=tmp_path)


class TestCifar10:
    def test_complete_set(self, without_checksums, tmp_path):
        images, labels = write_cifar10(tmp_path)
        cifar10 = datasets.load_cifar10(data_home=tmp_path, subset="all")
        np.testing.assert_array_equal(cifar10.data, images)
        np.testing.assert_array_equal(cifar10.target, labels)
        assert cifar10.data.flags.c_contiguous
        assert cifar10.data.flags.writeable
        assert cifar10.target_names.tolist() == CLASSES
        assert cifar10.subset_note is None

    def test_files_of_python_2(self, without_checksums, tmp_path):
        write_cifar10(tmp_path)
        images = random_images(2, 32, 32, 3)
        # What Python 2 wrote: the bytes as a string, under numpy's old module.
        path = tmp_path / "cifar10" / "cifar-10-batches-py" / "test_batch"
        content = images.transpose(0, 3, 1, 2).tobytes()
        path.write_bytes(
            b"\x80\x02}q\x01(U\x04datacnumpy.core.multiarray\n_reconstruct\n"
            b"cnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01K\x02M\x00\x0c\x86"
            b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xff"
            b"J\xff\xff\xff\xffK\x00tb\x89T"
            + len(content).to_bytes(4, "little")
            + content
            + b"tbU\x06labels](K\x03K\x08eu."
        )
        X, y = datasets.load_cifar10(data_home=tmp_path, subset="test", return_X_y=True)
        np.testing.assert_array_equal(X, images)
        np.testing.assert_array_equal(y, [3, 8])

    def test_subset(self, small_sets, tmp_path):
        images, labels = write_cifar10_subset(tmp_path)
        train, test = (
            datasets.load_cifar10(data_home=tmp_path, subset=subset)
            for subset in ("train", "test")
        )
        np.testing.assert_array_equal(train.data, images[:3])
        np.testing.assert_array_equal(test.target, labels[3:])
        assert train.target_names[train.target].tolist() == ["deer", "horse", "ship"]
        assert "3 of the 10 classes" in train.subset_note
