"""Where the data lie, and what is said when they do not."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, TypeAlias

Subset: TypeAlias = Literal["train", "test", "all"]

SUBSETS = ("train", "test", "all")


def get_data_home(data_home: str | os.PathLike[str] | None = None) -> Path:
    """Return the folder in which the loaders look for their files.

    Parameters
    ----------
    data_home : path-like, default=None
        The folder itself; "~" is expanded. If None, the environment variable
        `SK_JAE_DATA` names it, and without that it is "~/sk_jae_data".

    Returns
    -------
    data_home : pathlib.Path
        The folder, which need not exist: only a download creates it.

    Examples
    --------
    >>> from sk_jae.datasets import get_data_home
    >>> get_data_home("my_data").name
    'my_data'
    """
    if data_home is None:
        data_home = os.environ.get("SK_JAE_DATA") or "~/sk_jae_data"
    return Path(data_home).expanduser()


def check_subset(subset: str, known: Sequence[str] = SUBSETS) -> None:
    """Raise if `subset` is none of the `known` names."""
    if subset not in known:
        raise ValueError(f"subset must be one of {known}, got {subset!r} instead.")


@contextmanager
def loader_errors(
    name: str, folder: Path, files: Sequence[str], download: bool
) -> Iterator[bool]:
    """Yield whether to download; raise OSErrors that say which file goes where."""
    missing = [file for file in files if not (folder / file).exists()]
    if missing and not download:
        raise OSError(
            f"{name} was not found: put {', '.join(missing)} into {folder}, choose "
            "another data folder with data_home or the environment variable "
            "SK_JAE_DATA, or pass download_if_missing=True."
        )
    try:
        yield bool(missing)
    except Exception as error:
        # A damaged file fails in as many ways as there are parsers, and a refused
        # download in as many as there are networks: all mean the same to the user.
        if missing:
            failure = f"could not be downloaded into {folder}"
            remedy = f"put {', '.join(missing)} there by hand"
        else:
            failure = f"could not be read from {folder}"
            remedy = f"replace {', '.join(files)} there"
        reason = " ".join(str(error).split())
        raise OSError(
            f"{name} {failure} ({type(error).__name__}: {reason}); {remedy}."
        ) from error
