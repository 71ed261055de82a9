"""Small files in the formats of the published data sets."""

from __future__ import annotations

import bz2
import gzip
import pickle
from pathlib import Path

import numpy as np
from PIL import Image
from scipy.io import savemat

from tests.helpers.files import random_images

# Samples of each small set.
SIZES = {"train": 3, "test": 2}
CLASSES = (
    "airplane automobile bird cat deer dog frog horse ship truck".split()  # noqa: SIM905
)
# Of every face of CelebA: its brightness, whether male, whether smiling, its partition.
FACES = np.array(
    [(20 + 18 * k, k % 3 == 0, k % 2, [0, 0, 0, 0, 2, 2, 1, 1, 1, 2, 0][k])
     for k in range(11)]
)  # fmt: skip


def idx(array: np.ndarray) -> bytes:
    """MNIST's own format."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return header + array.tobytes()


def write_mnist(home: Path) -> tuple[np.ndarray, np.ndarray]:
    images, labels = random_images(5, 28, 28), np.array([3, 0, 9, 1, 7], np.uint8)
    raw = home / "mnist" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for prefix, rows in (("train", slice(0, 3)), ("t10k", slice(3, 5))):
        for kind, array in (("images-idx3", images), ("labels-idx1", labels)):
            path = raw / f"{prefix}-{kind}-ubyte.gz"
            path.write_bytes(gzip.compress(idx(array[rows])))
    return images, labels.astype(np.int64)


def libsvm(labels: list[int], levels: np.ndarray) -> str:
    """The text format of USPS."""
    lines = [
        f"{label} " + " ".join(f"{k}:{v}" for k, v in enumerate(row, start=1))
        for label, row in zip(labels, levels, strict=True)
    ]
    return "\n".join(lines)


def usps_levels() -> np.ndarray:
    """Pixel values as published, in [-1, 1]."""
    return np.random.default_rng(0).uniform(-1, 1, (3, 256)).round(4)


def write_usps(home: Path) -> np.ndarray:
    (home / "usps").mkdir()
    packed = bz2.compress(libsvm([1, 10, 4], usps_levels()).encode())
    (home / "usps" / "usps.bz2").write_bytes(packed)
    return np.array([0, 9, 3])


def write_svhn(home: Path) -> tuple[np.ndarray, np.ndarray]:
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


def write_svhn_subset(home: Path) -> None:
    """Houses 1, 1, 2, 2, ... in the test file and 1, 1, 2 in the train file."""
    (home / "svhn").mkdir(exist_ok=True)
    for name, n in (("test_first10000", 11), ("train_first1083", 3)):
        np.savez(
            home / "svhn" / f"svhn_{name}.npz",
            X=random_images(n, 32, 32, 3),
            y=np.arange(n) % 10,
            img_id=np.arange(n) // 2 + 1,
        )


def cifar10_batch(images: np.ndarray, labels: list[int]) -> bytes:
    data = images.transpose(0, 3, 1, 2).reshape(len(images), 3072)
    # The version of the format in which the arrays' bytes are written as such.
    return pickle.dumps({"data": data, "labels": labels}, protocol=4)


def write_cifar10(home: Path) -> tuple[np.ndarray, np.ndarray]:
    folder = home / "cifar10" / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    images, labels = random_images(12, 32, 32, 3), np.arange(12) % 10
    names = [f"data_batch_{k}" for k in range(1, 6)] + ["test_batch"]
    for k, name in enumerate(names):
        rows = slice(2 * k, 2 * k + 2)
        batch = cifar10_batch(images[rows], labels[rows].tolist())
        (folder / name).write_bytes(batch)
    return images, labels


def write_cifar10_subset(home: Path) -> tuple[np.ndarray, np.ndarray]:
    (home / "cifar10").mkdir()
    images, labels = random_images(5, 32, 32, 3), np.array([4, 7, 8, 8, 0])
    np.savez(
        home / "cifar10" / "cifar10_airplane_deer_horse_ship.npz",
        X_train=images[:3],
        y_train=labels[:3],
        X_test=images[3:],
        y_test=labels[3:],
        names=np.array(CLASSES),
    )
    return images, labels


def write_celeba(home: Path) -> None:
    folder = home / "celeba"
    (folder / "img_align_celeba").mkdir(parents=True)
    names = [f"{k + 1:06d}.jpg" for k in range(len(FACES))]
    for name, (brightness, *_) in zip(names, FACES, strict=True):
        face = np.full((218, 178, 3), brightness, dtype=np.uint8)
        # What a square in the middle must not show.
        face[:10] = face[-10:] = 255
        Image.fromarray(face).save(folder / "img_align_celeba" / name)

    def write(file, rows, header=""):
        lines = [" ".join(map(str, (n, *r))) for n, r in zip(names, rows, strict=True)]
        (folder / file).write_text(header + "\n".join(lines) + "\n")

    signs = FACES[:, 1:3] * 2 - 1
    write("list_attr_celeba.txt", signs, f"{len(names)}\nMale Smiling \n")
    write("list_eval_partition.txt", FACES[:, 3:])
