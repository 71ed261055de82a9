"""SVHN: color images of 32x32, in full or as a prepared subset."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._files import (
    PublishedFile,
    check_array,
    check_labels,
    ensure_files,
    loader_errors,
    read_npz,
)
from ._home import Split, Subset, check_subset, get_data_home, splits_of

DESCR = """\
SVHN, cropped digits of street view house numbers: 73,257 for training, 26,032 for
testing, 32x32 color. For non-commercial use.
Cite: Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng, Reading digits in
natural images with unsupervised feature learning, NIPS workshop, 2011.
"""

SIZES = {"train": 73_257, "test": 26_032}
# The files of the prepared subset, with their numbers of digits.
SUBSET_SIZES = {"svhn_test_first10000.npz": 10_000, "svhn_train_first1083.npz": 1_083}

# Both official SVHN sets number their pictures from 1.
OFFICIAL_TRAIN_OFFSET = 100_000


@overload
def load_svhn(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[False] = ...,
) -> Bunch: ...
@overload
def load_svhn(
    *,
    data_home: str | os.PathLike[str] | None = ...,
    subset: Subset = ...,
    download_if_missing: bool = ...,
    return_X_y: Literal[True],
) -> tuple[np.ndarray, np.ndarray]: ...
def load_svhn(
    *,
    data_home: str | os.PathLike[str] | None = None,
    subset: Subset = "train",
    download_if_missing: bool = False,
    return_X_y: bool = False,
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Load the SVHN house number digits, 32x32 in color.

    The files "train_32x32.mat" and "test_32x32.mat" are read from "svhn" in the data
    folder. If neither of them exists and no download is wanted, but the files
    "svhn_test_first10000.npz" and "svhn_train_first1083.npz" are there, these are read
    instead and split so that no house is both in "train" and in "test". That is not the
    official split, and `subset_note` says so; mention it with every result.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (73,257), test set (26,032), or both, in this order.
        In the npz files these are 9,082 digits, 2,001 digits, or both.
    download_if_missing : bool, default=False
        If True, torchvision downloads .mat files that are missing or incomplete. If
        False, nothing is written.
    return_X_y : bool, default=False
        If True, return `(data, target)` instead of a Bunch.

    Returns
    -------
    svhn : :class:`~sklearn.utils.Bunch`
        Dictionary-like object with these attributes.

        data : ndarray of shape (n_samples, 32, 32, 3), dtype uint8
            Images, red, green and blue from 0 to 255.
        target : ndarray of shape (n_samples,), dtype int64
            The digits 0-9.
        target_names : ndarray of shape (10,)
            The names of the classes.
        img_id : ndarray of shape (n_samples,), dtype int64, or None
            The number of the picture of a house from which each digit was cut.
            Neighboring digits overlap, so pass this as `groups` to a splitter. Pictures
            of the official training set are numbered from 100,001. It is None for the
            .mat files, which do not contain it.
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

    Examples
    --------
    >>> from sk_jae.datasets import load_svhn
    >>> svhn = load_svhn()  # doctest: +SKIP
    >>> svhn.data.shape, svhn.subset_note  # doctest: +SKIP
    ((73257, 32, 32, 3), None)
    """
    check_subset(subset)
    root = get_data_home(data_home) / "svhn"
    splits = splits_of(subset)
    # The subset is not used beside an official file, because its training part holds
    # official test digits.
    complete = download_if_missing or any(root.glob("*_32x32.mat"))
    has_subset = all((root / file).exists() for file in SUBSET_SIZES)
    if complete or not has_subset:
        parts = [_read_official(root, split, download_if_missing) for split in splits]
        img_id, note = None, None
    else:
        subset_parts, note = _read_subset(root)
        parts = [subset_parts[split][:2] for split in splits]
        img_id = np.concatenate([subset_parts[split][2] for split in splits])

    data = np.concatenate([images for images, _ in parts])
    target = np.concatenate([labels for _, labels in parts])
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.arange(10),
        img_id=img_id,
        subset_note=note,
        DESCR=DESCR,
    )


def _read_official(
    root: Path, split: Split, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from scipy.io import loadmat, whosmat
    from torchvision.datasets import SVHN

    url, name, md5 = SVHN.split_list[split]
    ensure_files("SVHN", root, [PublishedFile(name, md5, (url,))], download)
    n = SIZES[split]
    with loader_errors("SVHN", root / name):
        headers = {key: shape for key, shape, _ in whosmat(root / name)}
        expected = {"X": (32, 32, 3, n), "y": (n, 1)}
        # The shapes are compared before the arrays are unpacked.
        found = {key: headers.get(key) for key in expected}
        if found != expected:
            raise ValueError(f"its arrays have the shapes {found}, expected {expected}")
        arrays: dict[str, Any] = loadmat(root / name, variable_names=list(expected))
        images, labels = arrays["X"], arrays["y"].ravel()
        check_array(images.shape, images.dtype, expected["X"], "u")
        check_array(labels.shape, labels.dtype, (n,), "iu")
        check_labels(labels, 1, 10)
    # In the files, the digit 0 has the label 10.
    digits = labels.astype(np.int64) % 10
    return np.ascontiguousarray(images.transpose(3, 0, 1, 2)), digits


def _read_subset(
    root: Path,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]], str]:
    """Read the npz files and split them, at the start of a house, into two parts."""
    (X, y, img_id), (X_more, y_more, img_id_more) = (
        _read_subset_file(root / name, n) for name, n in SUBSET_SIZES.items()
    )
    start = int(np.flatnonzero(img_id == img_id[len(img_id) * 8 // 10])[0])
    parts = {
        "train": (
            np.concatenate([X[:start], X_more]),
            np.concatenate([y[:start], y_more]),
            np.concatenate([img_id[:start], img_id_more + OFFICIAL_TRAIN_OFFSET]),
        ),
        "test": (X[start:], y[start:], img_id[start:]),
    }
    note = (
        f"{len(parts['train'][1]):,}-digit subset of SVHN, tested on "
        f"{len(y) - start:,} digits of other houses; not the official split."
    )
    return parts, note


def _read_subset_file(path: Path, n: int) -> list[np.ndarray]:
    shapes = {"X": ((n, 32, 32, 3), "u"), "y": ((n,), "iu"), "img_id": ((n,), "iu")}
    with loader_errors("The subset of SVHN", path, remedy=f"replace {path.name} there"):
        arrays = read_npz(path, shapes)
        check_labels(arrays["y"], 0, 9)
        if (np.diff(arrays["img_id"]) < 0).any() or arrays["img_id"].min() < 1:
            raise ValueError("img_id does not number the houses in order from 1 on")
    return [arrays["X"], *(arrays[key].astype(np.int64) for key in ("y", "img_id"))]
