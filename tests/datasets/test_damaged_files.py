"""Files that are incomplete, foreign or hostile are refused by name."""

from __future__ import annotations

import bz2
import gzip
import io
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from sk_jae import datasets
from sk_jae.datasets import _celeba_files, _cifar10
from tests.helpers import data_files
from tests.helpers.data_files import cifar10_batch, idx, libsvm, usps_levels
from tests.helpers.files import random_images

WRITERS = {
    "mnist": data_files.write_mnist,
    "usps": data_files.write_usps,
    "svhn": data_files.write_svhn,
    "cifar10": data_files.write_cifar10,
    "celeba": data_files.write_celeba,
}
PATHS = {
    "mnist": "mnist/MNIST/raw/train-labels-idx1-ubyte.gz",
    "usps": "usps/usps.bz2",
    "svhn": "svhn/train_32x32.mat",
    "cifar10": "cifar10/cifar-10-batches-py/data_batch_2",
    "celeba": "celeba/list_attr_celeba.txt",
}


def load(name, home):
    options = {}
    if name == "celeba":
        options = {"cache_dir": home / "cache", "verbose": 0}
    return getattr(datasets, f"load_{name}")(data_home=home, **options)


@pytest.mark.parametrize("name", list(WRITERS))
def test_the_checksum_is_compared(name, small_sets, tmp_path):
    """The small files are sound, but they are not the published ones."""
    WRITERS[name](tmp_path)
    path = tmp_path / PATHS[name]
    with pytest.raises(OSError, match="could not be read from") as info:
        load(name, tmp_path)
    message = str(info.value)
    assert str(path.parent) in message
    assert f"{path.name} has {path.stat().st_size:,} bytes with the MD5" in message
    assert "download_if_missing=True" in message


def _labels(*values):
    return gzip.compress(idx(np.array(values, np.uint8)))


def _packed_usps(labels=(1, 10, 4), levels=None):
    levels = usps_levels() if levels is None else levels
    return bz2.compress(libsvm(list(labels), levels).encode())


def _mat(images=None, labels=(1, 10, 3)):
    file = io.BytesIO()
    images = random_images(32, 32, 3, 3) if images is None else images
    savemat(file, {"X": images, "y": np.array(labels)[:, None]}, do_compression=True)
    return file.getvalue()


class _Command:
    """Pickled, this calls a function of the operating system."""

    def __reduce__(self):
        return os.mkdir, ("called",)


def _batch(**changes):
    return pickle.dumps({"labels": [0, 1], **changes}, protocol=4)


DAMAGES = {
    "mnist-empty": ("mnist", b"", "begins with the bytes"),
    "mnist-no-gzip": ("mnist", b"no gzip", "BadGzipFile"),
    "mnist-truncated": ("mnist", _labels(3, 0, 9)[:-9], "EOFError"),
    "mnist-magic-number": (
        "mnist",
        gzip.compress(b"\0\0\x0d" + idx(np.zeros(3, np.uint8))[3:]),
        "begins with the bytes 00000d01",
    ),
    "mnist-count": ("mnist", _labels(3, 0), "expected 0000080100000003"),
    "mnist-short": ("mnist", gzip.compress(idx(np.ones(3, np.uint8))[:-1]), "2 values"),
    "mnist-long": ("mnist", gzip.compress(idx(np.ones(3, np.uint8)) + b"1"), "more"),
    "mnist-label": ("mnist", _labels(3, 10, 9), "between 3 and 10, expected 0 to 9"),
    "usps-no-bzip2": ("usps", b"no bzip2", "Invalid data stream"),
    "usps-truncated": ("usps", _packed_usps()[:-9], "EOFError"),
    "usps-count": ("usps", _packed_usps([1, 2], usps_levels()[:2]), "2 samples"),
    "usps-features": (
        "usps",
        _packed_usps(levels=usps_levels()[:, :255]),
        "line 1 does not have the features 1 to 256",
    ),
    "usps-value": ("usps", _packed_usps(levels=9 * usps_levels()), "between -1 and 1"),
    "usps-nan": ("usps", _packed_usps(levels=np.nan * usps_levels()), "-1 and 1"),
    "usps-label": ("usps", _packed_usps([1, 11, 4]), "1 and 11, expected 1 to 10"),
    "svhn-no-mat": ("svhn", b"no mat", "train_32x32.mat"),
    "svhn-truncated": ("svhn", _mat()[:-900], "train_32x32.mat"),
    "svhn-count": ("svhn", _mat(random_images(32, 32, 3, 2)), r"\(32, 32, 3, 2\)"),
    "svhn-dtype": ("svhn", _mat(np.zeros((32, 32, 3, 3))), "float64, expected uint8"),
    "svhn-label": ("svhn", _mat(labels=(1, 10, 0)), "0 and 10, expected 1 to 10"),
    "cifar10-empty": ("cifar10", b"", "EOFError"),
    "cifar10-truncated": (
        "cifar10",
        _batch(data=np.zeros(9, np.uint8))[:-20],
        "data_b",
    ),
    "cifar10-command": ("cifar10", _batch(data=_Command()), r"needs \w+\.mkdir"),
    "cifar10-eval": ("cifar10", b"cbuiltins\neval\n(V1+1\ntR.", "needs builtins.eval"),
    "cifar10-numpy": (
        "cifar10",
        b"cnumpy\nload\n(Vfile\ntR.",
        "needs numpy.load, but the published files only need numpy arrays",
    ),
    "cifar10-huge-array": (
        "cifar10",
        b"cnumpy\nndarray\n((I1000000000000\nttR.",
        "str",
    ),
    "cifar10-persistent": ("cifar10", b"Poutside\n.", "objects outside"),
    "cifar10-no-dict": ("cifar10", pickle.dumps([1, 2]), "dict with 'data'"),
    "cifar10-no-labels": ("cifar10", pickle.dumps({"data": 1}), "'data' and 'labels'"),
    "cifar10-no-array": ("cifar10", _batch(data=[1, 2]), "are not an array"),
    "cifar10-dtype": ("cifar10", _batch(data=np.zeros(2)), "dtype 'f8', expected 'u1'"),
    "cifar10-count": (
        "cifar10",
        cifar10_batch(random_images(3, 32, 32, 3), [0, 1, 2]),
        r"shape \(3, 3072\), expected \(2, 3072\)",
    ),
    "cifar10-label": (
        "cifar10",
        cifar10_batch(random_images(2, 32, 32, 3), [0, 10]),
        "between 0 and 10, expected 0 to 9",
    ),
    "celeba-empty": ("celeba", b"", "list_attr_celeba.txt"),
    "celeba-truncated": (
        "celeba",
        b"11\nMale Smiling \n000001.jpg 1 -1\n",
        "one line for each of the images 000001.jpg to 000011.jpg",
    ),
    "celeba-value": (
        "celeba",
        b"11\nMale Smiling \n"
        + b"".join(f"{k:06d}.jpg 1 2\n".encode() for k in range(1, 12)),
        "not all 1 and -1",
    ),
    "celeba-header": (
        "celeba",
        b"11\nMale\n" + b"".join(f"{k:06d}.jpg 1 1\n".encode() for k in range(1, 12)),
        "names 1 attributes, expected 2",
    ),
}


@pytest.mark.parametrize(
    ("name", "content", "found"), list(DAMAGES.values()), ids=list(DAMAGES)
)
def test_content_is_checked(
    name, content, found, without_checksums, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    WRITERS[name](tmp_path)
    path = tmp_path / PATHS[name]
    path.write_bytes(content)
    with pytest.raises(OSError, match=found) as info:
        load(name, tmp_path)
    message = str(info.value)
    assert f"could not be read from {path.parent} ({path.name}: " in message
    assert f"replace {path.name} there" in message
    assert not (tmp_path / "called").exists()


@pytest.mark.parametrize("name", ["mnist", "usps"])
def test_a_bomb_is_not_unpacked(name, without_checksums, tmp_path, memory_limit):
    """Small files that unpack to 64 MB."""
    WRITERS[name](tmp_path)
    path = tmp_path / PATHS[name]
    block = bytes(1 << 20)
    header = idx(np.zeros(3, np.uint8))[:8] if name == "mnist" else b""
    pack = gzip.open if name == "mnist" else bz2.open
    with pack(path, "wb") as file:
        file.write(header)
        for _ in range(64):
            file.write(block)
    assert path.stat().st_size < 100_000
    with (
        memory_limit(8 << 20),
        pytest.raises(OSError, match=rf"{path.name}: .* more than the expected"),
    ):
        load(name, tmp_path)


SVHN_SUBSET = "svhn/svhn_test_first10000.npz"
CIFAR10_SUBSET = "cifar10/cifar10_airplane_deer_horse_ship.npz"


def _npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _svhn(**changes):
    arrays = {
        "X": random_images(11, 32, 32, 3),
        "y": np.arange(11) % 10,
        "img_id": np.arange(11) // 2 + 1,
    }
    return _npz(**{**arrays, **changes})


SUBSET_DAMAGES = {
    "no-zip": (b"no zip", "BadZipFile"),
    "truncated": (_svhn()[:-40], "BadZipFile"),
    "no-array": (_npz(X=random_images(11, 32, 32, 3)), r"expected y\.npy too"),
    "count": (_svhn(y=np.arange(10)), r"in y\.npy, an array has shape \(10,\)"),
    "dtype": (_svhn(X=np.zeros((11, 32, 32, 3))), "dtype float64, expected uint8"),
    "objects": (_svhn(y=np.array([_Command()] * 11)), "dtype object, expected integ"),
    "label": (_svhn(y=np.arange(11)), "0 and 10, expected 0 to 9"),
    "house": (_svhn(img_id=np.arange(11)[::-1]), "does not number the houses"),
    "bomb": (_svhn(X=np.zeros((10**6, 32, 32, 3), "u1")[:99_999]), r"\(99999, 32, 32"),
}


@pytest.mark.parametrize(
    ("content", "found"), list(SUBSET_DAMAGES.values()), ids=list(SUBSET_DAMAGES)
)
def test_subset_of_svhn(content, found, small_sets, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data_files.write_svhn_subset(tmp_path)
    path = tmp_path / SVHN_SUBSET
    path.write_bytes(content)
    with pytest.raises(OSError, match=found) as info:
        datasets.load_svhn(data_home=tmp_path)
    assert f"({path.name}: " in str(info.value)
    assert not (tmp_path / "called").exists()


def test_subset_of_cifar10(small_sets, tmp_path):
    data_files.write_cifar10_subset(tmp_path)
    path = tmp_path / CIFAR10_SUBSET
    images = random_images(3, 32, 32, 3)
    path.write_bytes(_npz(X_train=images, y_train=np.array([0, 4, 70])))
    with pytest.raises(OSError, match=rf"{path.name}: .*0 and 70, expected 0 to 9"):
        datasets.load_cifar10(data_home=tmp_path)


def test_an_array_that_is_longer_than_its_header_says(small_sets, tmp_path):
    data_files.write_svhn_subset(tmp_path)
    path = tmp_path / SVHN_SUBSET
    with (
        zipfile.ZipFile(io.BytesIO(_svhn())) as source,
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            more = bytes(1 << 20) if name == "y.npy" else b""
            target.writestr(name, source.read(name) + more)
    with pytest.raises(OSError, match=r"in y\.npy, 1,048,\d+ bytes are packed"):
        datasets.load_svhn(data_home=tmp_path)


class TestArchives:
    def test_a_tar_bomb(self, tmp_path, monkeypatch):
        monkeypatch.setattr(_cifar10, "MAX_UNPACKED_BYTES", 1000)
        archive = tmp_path / "cifar-10-python.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            for k in range(3):
                member = tarfile.TarInfo(f"cifar-10-batches-py/data_batch_{k}")
                member.size = 400
                tar.addfile(member, io.BytesIO(bytes(400)))
        folder = tmp_path / "unpacked"
        folder.mkdir()
        with pytest.raises(ValueError, match="more than 1,000 bytes"):
            _cifar10._unpack(archive, folder, ["data_batch_2"])
        assert list(folder.iterdir()) == []

    def test_only_the_named_files_are_unpacked(self, tmp_path):
        archive = tmp_path / "cifar-10-python.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            link = tarfile.TarInfo("cifar-10-batches-py/data_batch_2")
            link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
            tar.addfile(link)
            for name in ("../../data_batch_1", "../stranger"):
                member = tarfile.TarInfo(name)
                member.size = 1
                tar.addfile(member, io.BytesIO(b"1"))
        folder = tmp_path / "unpacked"
        folder.mkdir()
        _cifar10._unpack(archive, folder, ["data_batch_1", "data_batch_2"])
        assert [path.name for path in folder.iterdir()] == ["data_batch_1"]

    @pytest.mark.parametrize(
        ("names", "found"),
        [
            (["000001.jpg", "000002.jpg"], "000002.jpg would have 2,000,000 bytes"),
            (["000001.jpg", "000009.jpg"], "000009.jpg is not in it"),
        ],
    )
    def test_a_zip_bomb(self, names, found, tmp_path):
        archive = tmp_path / "img_align_celeba.zip"
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("img_align_celeba/000001.jpg", b"1")
            file.writestr("img_align_celeba/000002.jpg", bytes(2_000_000))
        with pytest.raises(ValueError, match=found):
            _celeba_files.unpack_images(archive, tmp_path, names)
        assert [path.name for path in tmp_path.iterdir()] == [archive.name]


class TestCelebAImages:
    @pytest.fixture
    def images(self, without_checksums, tmp_path):
        data_files.write_celeba(tmp_path)
        return tmp_path / "celeba" / "img_align_celeba"

    def test_missing_images(self, images, tmp_path):
        (images / "000003.jpg").unlink()
        with pytest.raises(OSError, match=r"lacks 1 of the 11 images.*000003\.jpg"):
            load("celeba", tmp_path)

    @pytest.mark.parametrize(
        ("size", "kind", "found"),
        [
            ((2_000, 2_000), "JPEG", r"expected \(178, 218\)"),
            ((178, 219), "JPEG", r"size \(178, 219\), expected \(178, 218\)"),
            ((178, 218), "PNG", "cannot identify"),
        ],
    )
    def test_other_images(self, size, kind, found, images, tmp_path):
        Image.new("L", size).save(images / "000003.jpg", format=kind)
        with pytest.raises(OSError, match=rf"000003\.jpg: .*({found})"):
            load("celeba", tmp_path)

    def test_truncated_image(self, images, tmp_path):
        path = images / "000003.jpg"
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(OSError, match=r"000003\.jpg: .*unpack img_align_celeba"):
            load("celeba", tmp_path)

    @pytest.mark.parametrize("file", ["attributes.npz", "male.npy"])
    def test_damaged_cache(self, file, images, tmp_path):
        load("celeba", tmp_path)
        path = tmp_path / "cache" / "celeba_64x64" / file
        path.write_bytes(path.read_bytes()[:-100])
        with pytest.raises(OSError, match=rf"{file}: .*delete the folder"):
            load("celeba", tmp_path)
