"""SVHN and CIFAR-10, from small files in their formats."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from scipy.io import savemat

from sk_jae import datasets
from tests.helpers.files import random_images


class TestSvhn:
    def write_subset(self, home):
        """Houses 1, 1, 2, 2, ... in the test file and 1, 1, 2 in the train file."""
        folder = home / "svhn"
        folder.mkdir(exist_ok=True)
        for name, n in (("test_first10000", 11), ("train_first1083", 3)):
            np.savez(
                folder / f"svhn_{name}.npz",
                X=random_images(n, 32, 32, 3),
                y=np.arange(n) % 10,
                img_id=np.arange(n) // 2 + 1,
            )

    def write_complete(self, home):
        (home / "svhn").mkdir(exist_ok=True)
        images, labels = random_images(5, 32, 32, 3), np.array([1, 10, 3, 9, 8])
        for split, rows in (("train", slice(0, 3)), ("test", slice(3, 5))):
            savemat(
                home / "svhn" / f"{split}_32x32.mat",
                {
                    "X": images[rows].transpose(1, 2, 3, 0),
                    "y": labels[rows, None].astype(np.uint8),
                },
            )
        return images, np.array([1, 0, 3, 9, 8])

    def test_complete_set(self, without_checksums, tmp_path):
        images, labels = self.write_complete(tmp_path)
        svhn = datasets.load_svhn(data_home=tmp_path, subset="all")
        np.testing.assert_array_equal(svhn.data, images)
        np.testing.assert_array_equal(svhn.target, labels)
        assert svhn.data.flags.c_contiguous
        assert svhn.img_id is None
        assert svhn.subset_note is None

    def test_subset_never_splits_a_house(self, tmp_path):
        self.write_subset(tmp_path)
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
        self.write_subset(tmp_path)
        self.write_complete(tmp_path)
        (tmp_path / "svhn" / "train_32x32.mat").unlink()
        assert len(datasets.load_svhn(data_home=tmp_path, subset="test").data) == 2
        with pytest.raises(OSError, match=r"train_32x32\.mat"):
            datasets.load_svhn(data_home=tmp_path)


class TestCifar10:
    names = (
        "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905
    )

    def test_complete_set(self, without_checksums, tmp_path):
        folder = tmp_path / "cifar10" / "cifar-10-batches-py"
        folder.mkdir(parents=True)
        images, labels = random_images(12, 32, 32, 3), np.arange(12) % 10
        files = [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]
        for k, file in enumerate(files):
            rows = slice(2 * k, 2 * k + 2)
            batch = {
                "data": images[rows].transpose(0, 3, 1, 2).reshape(2, 3072),
                "labels": labels[rows].tolist(),
            }
            (folder / file).write_bytes(pickle.dumps(batch))
        (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": self.names}))
        cifar10 = datasets.load_cifar10(data_home=tmp_path, subset="all")
        np.testing.assert_array_equal(cifar10.data, images)
        np.testing.assert_array_equal(cifar10.target, labels)
        assert cifar10.data.flags.c_contiguous
        assert cifar10.target_names.tolist() == self.names
        assert cifar10.subset_note is None

    def test_subset(self, tmp_path):
        (tmp_path / "cifar10").mkdir()
        images, labels = random_images(6, 32, 32, 3), np.array([0, 4, 7, 8, 8, 0])
        np.savez(
            tmp_path / "cifar10" / "cifar10_airplane_deer_horse_ship.npz",
            X_train=images[:4],
            y_train=labels[:4],
            X_test=images[4:],
            y_test=labels[4:],
            names=np.array(self.names),
        )
        train, test = (
            datasets.load_cifar10(data_home=tmp_path, subset=subset)
            for subset in ("train", "test")
        )
        np.testing.assert_array_equal(train.data, images[:4])
        np.testing.assert_array_equal(test.target, labels[4:])
        assert train.target_names[train.target].tolist() == [
            "airplane",
            "deer",
            "horse",
            "ship",
        ]
        assert "4 of the 10 classes" in train.subset_note
