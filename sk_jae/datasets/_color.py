"""SVHN and CIFAR-10: color images of 32x32, in full or as prepared subsets."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, overload

import numpy as np

from sk_jae._sklearn_types import Bunch

from ._home import Subset, check_subset, get_data_home, loader_errors

SVHN_DESCR = """\
SVHN, cropped digits of street view house numbers: 73,257 for training, 26,032 for
testing, 32x32 color. For non-commercial use.
Cite: Y. Netzer, T. Wang, A. Coates, A. Bissacco, B. Wu, A. Y. Ng, Reading digits in
natural images with unsupervised feature learning, NIPS workshop, 2011.
"""

CIFAR10_DESCR = """\
CIFAR-10: 50,000 images for training, 10,000 for testing, 10 classes, 32x32 color.
Cite: A. Krizhevsky, Learning multiple layers of features from tiny images, 2009. The
images keep their owners' terms.
"""

SVHN_SUBSET_FILES = ("svhn_test_first10000.npz", "svhn_train_first1083.npz")
CIFAR10_SUBSET_FILE = "cifar10_airplane_deer_horse_ship.npz"
CIFAR10_CLASSES = (
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
)

# The two official SVHN sets number their pictures alike, from 1.
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
    folder. Where they are absent and no download is asked for, the digits come from
    "svhn_test_first10000.npz" and "svhn_train_first1083.npz" if these lie there, split
    so that no house is both in "train" and in "test". That is not the official
    split, and `subset_note` says so: name it beside every figure.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder, see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (73,257), test set (26,032), or both in this order.
        Of the npz files: 9,082 digits, 2,001 digits, or both.
    download_if_missing : bool, default=False
        If True, torchvision downloads the .mat files that are not there. If False,
        nothing is written.
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
            The picture of a house that a digit was cut from. Neighboring digits
            overlap, so pass this as `groups` to a splitter. Pictures of the official
            training set are numbered from 100,001. None for the .mat files, which do
            not tell.
        subset_note : str or None
            What is there, if it is not the complete set.
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
    >>> from sk_jae.datasets import load_svhn
    >>> svhn = load_svhn()  # doctest: +SKIP
    >>> svhn.data.shape, svhn.subset_note  # doctest: +SKIP
    ((73257, 32, 32, 3), None)
    """
    check_subset(subset)
    root = get_data_home(data_home) / "svhn"
    splits = ("train", "test") if subset == "all" else (subset,)
    # One official file rules the subset out: its training part holds official test
    # digits.
    complete = download_if_missing or any(root.glob("*_32x32.mat"))
    has_subset = all((root / file).exists() for file in SVHN_SUBSET_FILES)
    if complete or not has_subset:
        parts = [_read_svhn(root, split, download_if_missing) for split in splits]
        img_id, note = None, None
    else:
        with loader_errors(
            "The subset of SVHN", root, SVHN_SUBSET_FILES, download=False
        ):
            subset_parts, note = _read_svhn_subset(root)
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
        DESCR=SVHN_DESCR,
    )


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
    Where it is absent and no download is asked for, the four classes airplane, deer,
    horse and ship of the paper's Table 1 come from
    "cifar10_airplane_deer_horse_ship.npz" if that lies there; `subset_note` says so.

    Parameters
    ----------
    data_home : path-like, default=None
        The data folder, see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (50,000), test set (10,000), or both in this order.
        Of the npz file: 20,000, 4,000, or both.
    download_if_missing : bool, default=False
        If True, torchvision downloads what is not there. If False, nothing is written.
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
            The names of all ten classes, also where only four have samples.
        subset_note : str or None
            What is there, if it is not the complete set.
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

    See Also
    --------
    cifar10_class_pair : Two classes as two tasks.

    Examples
    --------
    >>> from sk_jae.datasets import load_cifar10
    >>> cifar10 = load_cifar10(subset="test")  # doctest: +SKIP
    >>> cifar10.data.shape  # doctest: +SKIP
    (10000, 32, 32, 3)
    """
    check_subset(subset)
    root = get_data_home(data_home) / "cifar10"
    splits = ("train", "test") if subset == "all" else (subset,)
    complete = download_if_missing or (root / "cifar-10-batches-py").exists()
    if complete or not (root / CIFAR10_SUBSET_FILE).exists():
        parts = [_read_cifar10(root, split, download_if_missing) for split in splits]
        note = None
    else:
        with (
            loader_errors(
                "The subset of CIFAR-10", root, [CIFAR10_SUBSET_FILE], download=False
            ),
            np.load(root / CIFAR10_SUBSET_FILE) as file,
        ):
            parts = [(file[f"X_{split}"], file[f"y_{split}"]) for split in splits]
        found = [CIFAR10_CLASSES[k] for k in np.unique(parts[0][1])]
        note = f"CIFAR-10 subset: {len(found)} of the 10 classes, {', '.join(found)}."

    data = np.concatenate([images for images, _ in parts])
    target = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    if return_X_y:
        return data, target
    return Bunch(
        data=data,
        target=target,
        target_names=np.array(CIFAR10_CLASSES),
        subset_note=note,
        DESCR=CIFAR10_DESCR,
    )


def _read_svhn(root: Path, split: str, download: bool) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import SVHN

    file = SVHN.split_list[split][1]
    with loader_errors("SVHN", root, [file], download) as must_download:
        dataset = SVHN(root, split=split, download=must_download)
        images = np.ascontiguousarray(dataset.data.transpose(0, 2, 3, 1))
        return images, dataset.labels


def _read_svhn_subset(
    root: Path,
) -> tuple[dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]], str]:
    """Split the npz files, at the start of a house, into training and test digits."""
    (X, y, img_id), (X_more, y_more, img_id_more) = (
        _read_npz(root / file, ("X", "y", "img_id")) for file in SVHN_SUBSET_FILES
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


def _read_npz(path: Path, keys: tuple[str, ...]) -> list[np.ndarray]:
    with np.load(path) as file:
        return [file[key] for key in keys]


def _read_cifar10(
    root: Path, split: str, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import CIFAR10

    files = [name for name, _ in (*CIFAR10.train_list, *CIFAR10.test_list)]
    folder = root / CIFAR10.base_folder
    with loader_errors(
        "CIFAR-10", folder, [*files, "batches.meta"], download
    ) as missing:
        dataset = CIFAR10(root, train=split == "train", download=missing)
        return np.ascontiguousarray(dataset.data), np.array(dataset.targets)
