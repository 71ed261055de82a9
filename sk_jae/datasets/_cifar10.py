"""CIFAR-10: color images of 32x32, in full or as a prepared subset."""

from __future__ import annotations

import os
import shutil
import tarfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import IO, Literal, cast, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._files import (
    PublishedFile,
    check_array,
    check_labels,
    ensure_files,
    fetch_from_urls,
    loader_errors,
    read_npz,
)
from ._home import Split, Subset, check_subset, get_data_home, splits_of
from ._pickled_arrays import PickledArray, load_pickle

DESCR = """\
CIFAR-10: 50,000 images for training, 10,000 for testing, 10 classes, 32x32 color.
Cite: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009. The
images keep their owners' terms.
"""

SUBSET_FILE = "cifar10_airplane_deer_horse_ship.npz"
SUBSET_SIZES = {"train": 20_000, "test": 4_000}
CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)
BATCH_SIZE = 10_000

# The published archive unpacks to 186 million bytes.
MAX_UNPACKED_BYTES = 200_000_000


@overload
def load_cifar10(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_cifar10(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...
def load_cifar10(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: Subset = "train",
    download_if_missing: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Load the CIFAR-10 images, 32x32 in color.

    The unpacked folder "cifar-10-batches-py" is read from "cifar10" in the data folder.
    If that folder does not exist and no download is wanted, but the file
    "cifar10_airplane_deer_horse_ship.npz" is in "cifar10", that file is read instead.
    It has the four classes of the paper's Table 1, and `subset_note` says so.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (50,000), test set (10,000), or both, in this order.
        In the npz file these are 20,000 images, 4,000 images, or both.
    download_if_missing : bool, default=False
        If True, torchvision downloads files that are missing or incomplete. If False,
        nothing is written.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    cifar10 : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : ndarray of shape (n_samples, 32, 32, 3), dtype uint8
            Images, red, green and blue from 0 to 255.
        target : ndarray of shape (n_samples,), dtype int64
            The class of each image, a position in `target_names`.
        target_names : ndarray of shape (10,)
            The names of all ten classes, even if only four of them have samples.
        subset_note : str or None
            Description of what was read if it is not the complete set, else None.
        DESCR : str
            Description, citation and terms of use.
    (data, target) : tuple of ndarray if `return_X_y` is True
        Only `data` and `target`.

    Raises
    ------
    OSError
        If a file is missing, incomplete or not the expected one, or if it cannot be
        downloaded.
    ValueError
        If `subset` is not one of the three names.

    See Also
    --------
    cifar10_class_pair : Makes two tasks of two classes.

    Examples
    --------
    >>> from sk_jae.datasets import load_cifar10
    >>> cifar10 = load_cifar10(subset="test")  # doctest: +SKIP
    >>> cifar10.data.shape  # doctest: +SKIP
    (10000, 32, 32, 3)
    """
    check_subset(subset)
    root = get_data_home(data_home) / "cifar10"
    note = None
    complete = download_if_missing or (root / "cifar-10-batches-py").exists()
    if complete or not (root / SUBSET_FILE).exists():
        parts = [
            _read_official(root, split, download_if_missing)
            for split in splits_of(subset)
        ]
    else:
        parts = [_read_subset(root / SUBSET_FILE, split) for split in splits_of(subset)]
        found = [CLASSES[k] for k in np.unique(parts[0][1])]
        note = f"CIFAR-10 subset: {len(found)} of the 10 classes, {', '.join(found)}."

    data = np.concatenate([images for images, _ in parts])
    target = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.array(CLASSES),
        subset_note=note,
        DESCR=DESCR,
    )


def _read_official(
    root: Path, split: Split, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import CIFAR10

    folder = root / CIFAR10.base_folder
    batches = CIFAR10.train_list if split == "train" else CIFAR10.test_list
    files = [PublishedFile(name, md5) for name, md5 in batches]
    ensure_files("CIFAR-10", folder, files, download, partial(_fetch, root))
    parts = [_read_batch(folder / file.name) for file in files]
    images, labels = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    images = images.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), labels


def _fetch(root: Path, folder: Path, files: Sequence[PublishedFile]) -> None:
    """Unpack files of the published archive, which is downloaded if it is not there."""
    from torchvision.datasets import CIFAR10

    archive = PublishedFile(CIFAR10.filename, CIFAR10.tgz_md5, (CIFAR10.url,))
    source = root
    if archive.fault(root):
        fetch_from_urls(folder, [archive])
        source = folder
    _unpack(source / archive.name, folder, [file.name for file in files])


def _unpack(archive: Path, folder: Path, names: Sequence[str]) -> None:
    """Unpack only the named files, unless the archive is too large."""
    n_bytes = 0
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            n_bytes += member.size
            if n_bytes > MAX_UNPACKED_BYTES:
                raise ValueError(
                    f"{archive.name} would unpack to more than "
                    f"{MAX_UNPACKED_BYTES:,} bytes, so it is not the published archive"
                )
            name = member.name.rpartition("/")[2]
            if name in names and member.isreg():
                content = cast(IO[bytes], tar.extractfile(member))
                with content, (folder / name).open("wb") as file:
                    shutil.copyfileobj(content, file)


def _read_batch(path: Path) -> tuple[np.ndarray, np.ndarray]:
    with loader_errors("CIFAR-10", path):
        batch = load_pickle(path)
        if not isinstance(batch, dict) or not {"data", "labels"} <= set(batch):
            raise ValueError("it does not hold a dict with 'data' and 'labels'")
        if not isinstance(batch["data"], PickledArray):
            raise ValueError("its 'data' are not an array")
        images, labels = batch["data"].values, np.array(batch["labels"])
        check_array(images.shape, images.dtype, (BATCH_SIZE, 3072), "u")
        check_array(labels.shape, labels.dtype, (BATCH_SIZE,), "iu")
        check_labels(labels, 0, 9)
    return images, labels


def _read_subset(path: Path, split: Split) -> tuple[np.ndarray, np.ndarray]:
    n = SUBSET_SIZES[split]
    images, labels = f"X_{split}", f"y_{split}"
    remedy = f"replace {path.name} there"
    with loader_errors("The subset of CIFAR-10", path, remedy=remedy):
        arrays = read_npz(path, {images: ((n, 32, 32, 3), "u"), labels: ((n,), "iu")})
        check_labels(arrays[labels], 0, 9)
    return arrays[images], arrays[labels]
