"""MNIST: grayscale digits of 28x28."""

from __future__ import annotations

import gzip
import os
from math import prod
from pathlib import Path
from typing import Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._files import (
    PublishedFile,
    check_labels,
    ensure_files,
    loader_errors,
    read_at_most,
)
from ._home import (
    Split,
    Subset,
    check_subset,
    digits_bunch,
    get_data_home,
    splits_of,
)

DESCR = """\
MNIST handwritten digits: 60,000 for training, 10,000 for testing, 28x28 gray.
Cite: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied
to document recognition, Proceedings of the IEEE 86(11), 1998. The digits keep
their owners' terms.
"""

SIZES = {"train": 60_000, "test": 10_000}


@overload
def load_mnist(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_mnist(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...
def load_mnist(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: Subset = "train",
    download_if_missing: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Load the MNIST digits, 28x28.

    The files are read from "mnist/MNIST/raw" in the data folder. They may be the .gz
    files that are published or unpacked.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (60,000), test set (10,000), or both, in this order.
    download_if_missing : bool, default=False
        If True, torchvision downloads files that are missing or incomplete. If False,
        nothing is written.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    mnist : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : ndarray of shape (n_samples, 28, 28), dtype uint8
            Images, from 0 (background) to 255.
        target : ndarray of shape (n_samples,), dtype int64
            The digits 0-9.
        target_names : ndarray of shape (10,)
            The names of the classes.
        subset_note : None
            Always None, because the set is complete.
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

    Examples
    --------
    >>> from sk_jae.datasets import load_mnist
    >>> X, y = load_mnist(return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    ((60000, 28, 28), (60000,))
    """
    check_subset(subset)
    root = get_data_home(data_home) / "mnist"
    parts = [
        _read_mnist(root, split, download_if_missing) for split in splits_of(subset)
    ]
    return digits_bunch(parts, DESCR, return_X_y)


def _read_mnist(
    root: Path, split: Split, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import MNIST

    raw = root / "MNIST" / "raw"
    prefix = "train" if split == "train" else "t10k"
    files = [
        PublishedFile(name, md5, tuple(mirror + name for mirror in MNIST.mirrors))
        for name, md5 in MNIST.resources
        if name.startswith(prefix)
    ]
    n = SIZES[split]
    shapes = [(n, 28, 28) if "images" in file.name else (n,) for file in files]
    arrays = [
        _read_unpacked_mnist(raw, file, shape, download)
        for file, shape in zip(files, shapes, strict=True)
    ]
    packed = [f for f, array in zip(files, arrays, strict=True) if array is None]
    ensure_files("MNIST", raw, packed, download)
    images, labels = (
        _read_idx(raw / file.name, shape) if array is None else array
        for file, shape, array in zip(files, shapes, arrays, strict=True)
    )
    return images, labels.astype(np.int64)


def _read_unpacked_mnist(
    raw: Path, file: PublishedFile, shape: tuple[int, ...], download: bool
) -> np.ndarray | None:
    """Read an unpacked file; None if the packed file is to be read instead."""
    path = raw / file.name.removesuffix(".gz")
    # The packed file comes first because only that has a published checksum.
    if (raw / file.name).is_file() or not path.is_file():
        return None
    try:
        return _read_idx(path, shape)
    except OSError:
        if download:
            return None
        raise


def _read_idx(path: Path, shape: tuple[int, ...]) -> np.ndarray:
    """Read a file in the idx format of MNIST, packed or not, of unsigned bytes."""
    header = bytes([0, 0, 8, len(shape)]) + np.array(shape, ">u4").tobytes()
    opened = gzip.open if path.suffix == ".gz" else open
    with loader_errors("MNIST", path):
        with opened(path, "rb") as file:
            found = file.read(len(header))
            if found != header:
                raise ValueError(
                    f"it begins with the bytes {found.hex()}, expected {header.hex()} "
                    f"(idx format, unsigned bytes, shape {shape})"
                )
            content = read_at_most(file, prod(shape))
        if len(content) < prod(shape):
            raise ValueError(
                f"it holds {len(content):,} values, expected {prod(shape):,} for an "
                f"array of shape {shape}"
            )
        # A view of bytes would be read-only.
        values = np.frombuffer(content, np.uint8).reshape(shape).copy()
        if len(shape) == 1:
            check_labels(values, 0, 9)
    return values
