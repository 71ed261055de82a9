"""MNIST and USPS: grayscale digits."""

from __future__ import annotations

import gzip
import os
from pathlib import Path
from typing import Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._home import Subset, check_subset, get_data_home, loader_errors

MNIST_DESCR = """\
MNIST handwritten digits: 60,000 for training, 10,000 for testing, 28x28 gray.
Cite: Y. LeCun, L. Bottou, Y. Bengio, P. Haffner, Gradient-based learning applied
to document recognition, Proceedings of the IEEE 86(11), 1998. The digits keep
their owners' terms.
"""

USPS_DESCR = """\
USPS digits from scanned mail: 7,291 for training, 2,007 for testing, 16x16 gray,
in the smoothed version of the LIBSVM collection.
Cite: J. J. Hull, A database for handwritten text recognition research, IEEE
Transactions on Pattern Analysis and Machine Intelligence 16(5), 1994. The digits
keep their owners' terms.
"""


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

    The files are read from "mnist/MNIST/raw" in the data folder, unpacked or as the
    .gz files that they are published as.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder, see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (60,000), test set (10,000), or both in this order.
    download_if_missing : bool, default=False
        If True, torchvision downloads what is not there. If False, nothing is written.
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
            Always the complete set.
        DESCR : str
            Description, citation and terms.
    (data, target) : tuple of ndarray if `return_X_y` is True
        The first two attributes alone.

    Raises
    ------
    OSError
        If a file is missing or damaged, or cannot be downloaded.
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
    splits = ("train", "test") if subset == "all" else (subset,)
    parts = [_read_mnist(root, split, download_if_missing) for split in splits]
    return digits_bunch(parts, MNIST_DESCR, return_X_y)


@overload
def load_usps(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_usps(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...
def load_usps(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: Subset = "train",
    download_if_missing: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Load the USPS digits, 16x16.

    The files "usps.bz2" (training) and "usps.t.bz2" (test) are read from "usps" in the
    data folder.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder, see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (7,291), test set (2,007), or both in this order.
    download_if_missing : bool, default=False
        If True, torchvision downloads what is not there. If False, nothing is written.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    usps : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : ndarray of shape (n_samples, 16, 16), dtype uint8
            Images, from 0 (background) to 255.
        target : ndarray of shape (n_samples,), dtype int64
            The digits 0-9.
        target_names : ndarray of shape (10,)
            The names of the classes.
        subset_note : None
            Always the complete set.
        DESCR : str
            Description, citation and terms.
    (data, target) : tuple of ndarray if `return_X_y` is True
        The first two attributes alone.

    Raises
    ------
    OSError
        If a file is missing or damaged, or cannot be downloaded.
    ValueError
        If `subset` is not one of the three names.

    Examples
    --------
    >>> from sk_jae.datasets import load_usps
    >>> X, y = load_usps(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    ((2007, 16, 16), (2007,))
    """
    check_subset(subset)
    root = get_data_home(data_home) / "usps"
    splits = ("train", "test") if subset == "all" else (subset,)
    parts = [_read_usps(root, split, download_if_missing) for split in splits]
    return digits_bunch(parts, USPS_DESCR, return_X_y)


def digits_bunch(
    parts: list[tuple[np.ndarray, np.ndarray]], descr: str, return_X_y: bool
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Join the parts of a set of digits and wrap them as the caller wants."""
    data = np.concatenate([images for images, _ in parts])
    target = np.concatenate([labels for _, labels in parts])
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.arange(10),
        subset_note=None,
        DESCR=descr,
    )


def _read_mnist(
    root: Path, split: str, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import MNIST

    raw = root / "MNIST" / "raw"
    packed = [Path(file) for file, _ in MNIST.resources]
    images, labels = (
        raw / f"{'train' if split == 'train' else 't10k'}-{kind}-ubyte.gz"
        for kind in ("images-idx3", "labels-idx1")
    )
    unpacked = all((raw / file.stem).exists() for file in packed)
    if not unpacked and images.exists() and labels.exists():
        # torchvision reads unpacked files only and unpacks only when it downloads;
        # the data folder may be read-only.
        with loader_errors("MNIST", raw, [images.name, labels.name], download=False):
            return _read_idx(images), _read_idx(labels).astype(np.int64)
    with loader_errors(
        "MNIST",
        raw,
        [file.stem if unpacked else file.name for file in packed],
        download,
    ) as must_download:
        dataset = MNIST(root, train=split == "train", download=must_download)
        return dataset.data.numpy(), dataset.targets.numpy()


def _read_idx(path: Path) -> np.ndarray:
    """Read a packed file of MNIST's own format: unsigned bytes of 1 to 3 dimensions."""
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\x00\x00\x08":
        raise ValueError(f"{path.name} does not hold unsigned bytes in idx format")
    n_dims = content[3]
    shape = np.frombuffer(content, ">u4", count=n_dims, offset=4)
    values = np.frombuffer(content, np.uint8, offset=4 + 4 * n_dims)
    # frombuffer's view of bytes is read-only.
    return values.reshape(shape).copy()


def _read_usps(root: Path, split: str, download: bool) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import USPS

    file = USPS.split_list[split][1]
    with loader_errors("USPS", root, [file], download) as must_download:
        dataset = USPS(root, train=split == "train", download=must_download)
        return dataset.data, np.array(dataset.targets, dtype=np.int64)
