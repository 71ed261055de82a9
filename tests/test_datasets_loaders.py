"""The loaders, on small files in the formats of the real ones."""

from __future__ import annotations

import bz2
import gzip
import pickle
import shutil
import urllib.error
import urllib.request
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from sk_jae import datasets

RNG_SEED = 0


@pytest.fixture
def without_checksums(monkeypatch):
    """Let torchvision accept small files in place of the published ones."""
    for module in ("svhn", "cifar", "celeba"):
        monkeypatch.setattr(
            f"torchvision.datasets.{module}.check_integrity",
            lambda path, md5=None: Path(path).is_file(),
        )


def random_images(*shape):
    return np.random.default_rng(RNG_SEED).integers(0, 256, shape, dtype=np.uint8)


def all_files(folder):
    return sorted(path for path in folder.rglob("*"))


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


class TestCelebA:
    # Of every face: its brightness, whether male, whether smiling, its partition.
    faces = np.array(
        [(20 + 18 * k, k % 3 == 0, k % 2, [0, 0, 0, 0, 2, 2, 1, 1, 1, 2, 0][k])
         for k in range(11)]
    )  # fmt: skip

    @pytest.fixture
    def home(self, without_checksums, tmp_path):
        folder = tmp_path / "celeba"
        (folder / "img_align_celeba").mkdir(parents=True)
        files = [f"{k + 1:06d}.jpg" for k in range(len(self.faces))]
        signs = self.faces[:, 1:3] * 2 - 1
        for file, (brightness, *_) in zip(files, self.faces, strict=True):
            face = np.full((218, 178, 3), brightness, dtype=np.uint8)
            # What a square in the middle must not show.
            face[:10] = face[-10:] = 255
            Image.fromarray(face).save(folder / "img_align_celeba" / file)

        def write(name, rows, header=""):
            lines = [" ".join(map(str, (f, *r))) for f, r in zip(files, rows)]  # noqa: B905
            (folder / name).write_text(header + "\n".join(lines) + "\n")

        count = f"{len(files)}\n"
        write("list_attr_celeba.txt", signs, count + "Male Smiling \n")
        write("list_eval_partition.txt", self.faces[:, 3:])
        write("identity_CelebA.txt", self.faces[:, :1])
        write("list_bbox_celeba.txt", self.faces, count + "image_id x y w h\n")
        write("list_landmarks_align_celeba.txt", self.faces, count + "a b c d\n")
        return tmp_path

    def load(self, home, **options):
        options = {"verbose": 0, "cache_dir": home / "cache", **options}
        return datasets.load_celeba(data_home=home, **options)

    @pytest.mark.parametrize(
        ("subset", "partitions"),
        [("train", [0]), ("valid", [1]), ("test", [2]), ("all", [0, 1, 2])],
    )
    def test_women_and_men_of_a_subset(self, subset, partitions, home):
        celeba = self.load(home, subset=subset)
        for task, is_male in (("female", 0), ("male", 1)):
            expected = np.concatenate(
                [
                    self.faces[(self.faces[:, 1] == is_male) & (self.faces[:, 3] == p)]
                    for p in partitions
                ]
            )
            images = celeba.data[task]
            assert images.shape == (len(expected), 64, 64, 3)
            assert images.dtype == np.uint8
            # JPEG is not exact.
            np.testing.assert_allclose(
                images,
                np.broadcast_to(expected[:, :1, None, None], images.shape),
                atol=3,
            )
            np.testing.assert_array_equal(celeba.target[task], expected[:, 2])
            np.testing.assert_array_equal(celeba.attributes[task], expected[:, 1:3])

    def test_images_are_mapped_and_read_only(self, home):
        X, _ = self.load(home, return_X_y=True)
        for images in X.values():
            assert isinstance(images, np.memmap)
            assert not images.flags.writeable

    def test_written_once_outside_the_data_folder(self, home):
        before = all_files(home / "celeba")
        first = self.load(home)
        assert all_files(home / "celeba") == before
        shutil.rmtree(home / "celeba")
        again = self.load(home)
        np.testing.assert_array_equal(first.data["male"], again.data["male"])

    def test_unreadable_image_is_named_and_leaves_no_cache(self, home):
        (home / "celeba" / "img_align_celeba" / "000005.jpg").write_bytes(b"no image")
        with pytest.raises(OSError, match=r"000005\.jpg"):
            self.load(home)
        assert all_files(home / "cache") == []

    def test_attribute(self, home):
        celeba = self.load(home, subset="all", attribute="Male")
        assert set(celeba.target["male"]) == {1}
        assert set(celeba.target["female"]) == {0}
        assert celeba.attribute_names == ["Male", "Smiling"]
        with pytest.raises(ValueError, match=r"\['Male', 'Smiling'\], got 'Tall'"):
            self.load(home, attribute="Tall")

    @pytest.mark.parametrize("verbose", [0, 1])
    def test_progress_bar(self, verbose, home, capsys):
        self.load(home, verbose=verbose)
        out, err = capsys.readouterr()
        assert out == ""
        assert ("11/11" in err) == bool(verbose)
