"""USPS: grayscale digits of 16x16."""

from __future__ import annotations

import bz2
import os
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
USPS digits from scanned mail: 7,291 for training, 2,007 for testing, 16x16 gray,
in the smoothed version of the LIBSVM collection.
Cite: J. J. Hull, A database for handwritten text recognition research, IEEE
Transactions on Pattern Analysis and Machine Intelligence 16(5), 1994. The digits
keep their owners' terms.
"""

SIZES = {"train": 7_291, "test": 2_007}

# No line of the published files has more than 3,500.
MAX_LINE_BYTES = 4_096


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
        The data folder; see :func:`~sk_jae.datasets.get_data_home`.
    subset : {"train", "test", "all"}, default="train"
        The official training set (7,291), test set (2,007), or both, in this order.
    download_if_missing : bool, default=False
        If True, torchvision downloads files that are missing or incomplete. If False,
        nothing is written.
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
    >>> from sk_jae.datasets import load_usps
    >>> X, y = load_usps(subset="test", return_X_y=True)  # doctest: +SKIP
    >>> X.shape, y.shape  # doctest: +SKIP
    ((2007, 16, 16), (2007,))
    """
    check_subset(subset)
    root = get_data_home(data_home) / "usps"
    parts = [
        _read_usps(root, split, download_if_missing) for split in splits_of(subset)
    ]
    return digits_bunch(parts, DESCR, return_X_y)


def _read_usps(
    root: Path, split: Split, download: bool
) -> tuple[np.ndarray, np.ndarray]:
    from torchvision.datasets import USPS

    url, name, md5 = USPS.split_list[split]
    ensure_files("USPS", root, [PublishedFile(name, md5, (url,))], download)
    n = SIZES[split]
    with loader_errors("USPS", root / name):
        with bz2.open(root / name) as file:
            content = read_at_most(file, n * MAX_LINE_BYTES)
        lines = content.decode().splitlines()
        if len(lines) != n:
            raise ValueError(f"it holds {len(lines):,} samples, expected {n:,}")
        return _parse_libsvm([line.split() for line in lines])


def _parse_libsvm(rows: list[list[str]]) -> tuple[np.ndarray, np.ndarray]:
    """Read images and labels from lines such as ``7 1:-0.5 2:0.25 ...``."""
    places = [str(k) for k in range(1, 257)]
    values = []
    for number, (_, *features) in enumerate(rows, start=1):
        pairs = [feature.partition(":") for feature in features]
        if [place for place, _, _ in pairs] != places:
            raise ValueError(
                f"line {number} does not have the features 1 to 256 in order"
            )
        values.append([value for _, _, value in pairs])
    pixels = np.array(values, dtype=np.float32)
    if not (np.abs(pixels) <= 1).all():
        raise ValueError("the values of its pixels do not all lie between -1 and 1")
    labels = np.array([int(row[0]) for row in rows], dtype=np.int64)
    check_labels(labels, 1, 10)
    images = ((pixels + 1) / 2 * 255).astype(np.uint8)
    return images.reshape(-1, 16, 16), labels - 1
