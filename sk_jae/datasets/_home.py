"""The folder and the parts of the data sets, and the form of what loaders return."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np

from sk_jae._sklearn_types import Bunch

Split: TypeAlias = Literal["train", "test"]
Subset: TypeAlias = Literal["train", "test", "all"]

SUBSETS = ("train", "test", "all")


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder in which the loaders look for their files.

    Parameters
    ----------
    data_home : path-like, default=None
        The folder, in which "~" is replaced by the home folder. If None, the folder is
        the value of the environment variable `SK_JAE_DATA` or, if that is not set,
        "~/sk_jae_data".

    Returns
    -------
    data_home : pathlib.Path
        The folder. It does not have to exist; only a download creates it.

    Raises
    ------
    TypeError
        If `data_home` is not a path.

    Examples
    --------
    >>> from sk_jae.datasets import get_data_home
    >>> get_data_home("my_data").name
    'my_data'
    """
    if data_home is None:
        data_home = os.environ.get("SK_JAE_DATA") or "~/sk_jae_data"
    if not isinstance(data_home, (str, os.PathLike)):
        raise TypeError(
            f"data_home is {data_home!r} of type {type(data_home).__name__}, expected "
            "the path of a folder as text or pathlib.Path."
        )
    return Path(data_home).expanduser()


def check_subset(subset: str, known: Sequence[str] = SUBSETS) -> None:
    """Raise a ValueError if `subset` is not one of the known names."""
    if subset not in known:
        raise ValueError(f"subset must be one of {known}, got {subset!r} instead.")


def splits_of(subset: Subset) -> tuple[Split, ...]:
    """Return the official parts that make up a subset."""
    return ("train", "test") if subset == "all" else (subset,)


def digits_bunch(
    parts: list[tuple[np.ndarray, np.ndarray]], descr: str, return_X_y: bool
) -> Bunch | tuple[np.ndarray, np.ndarray]:
    """Join the parts of MNIST or USPS, and return them in the form that is wanted."""
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
