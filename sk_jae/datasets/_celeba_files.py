"""The published files of CelebA: text tables and a folder of images."""

from __future__ import annotations

import os
import shutil
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ._files import (
    PublishedFile,
    check_array,
    check_labels,
    ensure_files,
    loader_errors,
    not_found,
    not_readable,
)

IMAGES = "img_align_celeba"
ATTRIBUTES_FILE = "list_attr_celeba.txt"
PARTITIONS_FILE = "list_eval_partition.txt"
PARTITIONS = ("train", "valid", "test")

N_FACES = 202_599
N_ATTRIBUTES = 40
IMAGE_SIZE = (178, 218)

# An image has 116,412 bytes before it is compressed.
MAX_IMAGE_BYTES = 1_000_000


def ensure_celeba(folder: Path, download: bool) -> None:
    """Check that the tables and all images exist, or fetch those that do not.

    Parameters
    ----------
    folder : pathlib.Path
        The folder "celeba".
    download : bool
        Whether files may be downloaded, for which the package gdown is needed.

    Raises
    ------
    OSError
        If a file is missing or damaged, or cannot be downloaded.
    """
    from torchvision.datasets import CelebA

    md5s = {name: md5 for _, md5, name in CelebA.file_list}
    tables = [
        PublishedFile(name, md5s[name]) for name in (ATTRIBUTES_FILE, PARTITIONS_FILE)
    ]
    absent = [file.name for file in tables if not (folder / file.name).is_file()]
    if not download and not (folder / IMAGES).is_dir():
        raise not_found("CelebA", folder, [*absent, IMAGES])
    ensure_files("CelebA", folder, tables, download, _fetch_from_google_drive)
    missing = _missing_images(folder)
    if not missing:
        return
    if not download:
        fault = (
            f"{IMAGES} lacks {len(missing):,} of the {N_FACES:,} images, such as "
            f"{missing[0]}"
        )
        raise not_readable("CelebA", folder, fault, [IMAGES])
    archive = PublishedFile(f"{IMAGES}.zip", md5s[f"{IMAGES}.zip"])
    ensure_files("CelebA", folder, [archive], download, _fetch_from_google_drive)
    with loader_errors("CelebA", folder / archive.name):
        unpack_images(folder / archive.name, folder, missing)


def _fetch_from_google_drive(folder: Path, files: Sequence[PublishedFile]) -> None:
    from torchvision.datasets import CelebA
    from torchvision.datasets.utils import download_file_from_google_drive

    identifiers = {name: identifier for identifier, _, name in CelebA.file_list}
    for file in files:
        download_file_from_google_drive(
            identifiers[file.name], str(folder), file.name, file.md5
        )


def _missing_images(folder: Path) -> list[str]:
    images = folder / IMAGES
    present = set(os.listdir(images)) if images.is_dir() else set()
    return [name for name in image_names() if name not in present]


def image_names() -> list[str]:
    return [f"{k:06d}.jpg" for k in range(1, N_FACES + 1)]


def unpack_images(archive: Path, folder: Path, missing: Sequence[str]) -> None:
    """Unpack images of the published archive, and no other files.

    Parameters
    ----------
    archive : pathlib.Path
        The zip file.
    folder : pathlib.Path
        Where the folder of images is or will be.
    missing : sequence of str
        Names of the images to unpack.

    Raises
    ------
    ValueError
        If an image is not in the archive or would be too large.
    """
    with (
        zipfile.ZipFile(archive) as file,
        tempfile.TemporaryDirectory(dir=folder) as temporary,
    ):
        packed = {member.filename: member for member in file.infolist()}
        for name in missing:
            member = packed.get(f"{IMAGES}/{name}")
            if member is None:
                raise ValueError(f"{IMAGES}/{name} is not in it")
            if member.file_size > MAX_IMAGE_BYTES:
                raise ValueError(
                    f"{IMAGES}/{name} would have {member.file_size:,} bytes, "
                    f"expected at most {MAX_IMAGE_BYTES:,}"
                )
        (folder / IMAGES).mkdir(exist_ok=True)
        for name in missing:
            target = Path(temporary) / name
            with (
                file.open(f"{IMAGES}/{name}") as content,
                target.open("wb") as unpacked,
            ):
                shutil.copyfileobj(content, unpacked)
            target.replace(folder / IMAGES / name)


def read_tables(folder: Path) -> tuple[list[str], list[str], np.ndarray, np.ndarray]:
    """Read the attributes and the partition of each image from the text files.

    Parameters
    ----------
    folder : pathlib.Path
        The folder "celeba".

    Returns
    -------
    names : list of str
        The names of the attributes.
    files : list of str
        The file name of every image.
    attributes : ndarray of shape (n_faces, n_attributes), dtype uint8
        1 where a face has the attribute, else 0.
    partitions : ndarray of shape (n_faces,), dtype int64
        0, 1 and 2 for training, validation and test.
    """
    path = folder / ATTRIBUTES_FILE
    with loader_errors("CelebA", path):
        _, header, *rows = _lines(path)
        signs = _numbers(rows, N_ATTRIBUTES)
        if len(header) != N_ATTRIBUTES:
            raise ValueError(
                f"it names {len(header)} attributes, expected {N_ATTRIBUTES}"
            )
        if not (np.abs(signs) == 1).all():
            raise ValueError("its values are not all 1 and -1")
    path = folder / PARTITIONS_FILE
    with loader_errors("CelebA", path):
        partitions = _numbers(_lines(path), 1)[:, 0]
        check_labels(partitions, 0, len(PARTITIONS) - 1)
    return header, image_names(), (signs == 1).astype(np.uint8), partitions


def _lines(path: Path) -> list[list[str]]:
    return [line.split() for line in path.read_text().splitlines()]


def _numbers(rows: list[list[str]], n_columns: int) -> np.ndarray:
    """Return the numbers after the names of the images, which must be in order."""
    if [row[0] for row in rows] != image_names():
        raise ValueError(
            f"it does not have one line for each of the images {image_names()[0]} to "
            f"{image_names()[-1]} in order"
        )
    numbers = np.array([row[1:] for row in rows], dtype=np.int64)
    check_array(numbers.shape, numbers.dtype, (N_FACES, n_columns), "iu")
    return numbers


def open_image(path: Path) -> Any:
    """Return an image in color, whose size is checked before it is decoded."""
    from PIL import Image

    remedy = f"unpack {IMAGES}.zip again"
    with (
        loader_errors("CelebA", path, remedy=remedy),
        Image.open(path, formats=["JPEG"]) as image,
    ):
        if image.size != IMAGE_SIZE:
            raise ValueError(f"it has the size {image.size}, expected {IMAGE_SIZE}")
        return image.convert("RGB")
