"""Files of the data sets, which are verified before use and downloaded completely."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from bz2 import BZ2File
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from gzip import GzipFile
from http.client import HTTPException
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

# The longest header of an array that numpy reads.
_MAX_HEADER = 10_000


@dataclass(frozen=True)
class PublishedFile:
    """A file in the form in which it is published, with its MD5 checksum."""

    name: str
    md5: str
    urls: tuple[str, ...] = ()

    def fault(self, folder: Path) -> str | None:
        """Return what is wrong with the file in a folder, None if nothing is."""
        path = folder / self.name
        if not path.is_file():
            return f"{self.name} is missing"
        found = md5_of(path)
        if found == self.md5:
            return None
        return (
            f"{self.name} has {path.stat().st_size:,} bytes with the MD5 checksum "
            f"{found}, expected {self.md5}, so it is incomplete or not the published "
            "file"
        )


# A function that puts files into an empty folder.
Fetch: TypeAlias = Callable[[Path, Sequence[PublishedFile]], None]


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(
            file, lambda: hashlib.md5(usedforsecurity=False)
        ).hexdigest()


def fetch_from_urls(folder: Path, files: Sequence[PublishedFile]) -> None:
    """Download files, each from the first address that has the complete file."""
    from torchvision.datasets.utils import download_url

    for file in files:
        reasons = []
        for url in file.urls:
            try:
                download_url(url, str(folder), file.name, file.md5)
                break
            except (OSError, RuntimeError, HTTPException) as error:
                reasons.append(f"{url}: {error}")
        else:
            raise OSError("; ".join(reasons))


def ensure_files(
    dataset: str,
    folder: Path,
    files: Sequence[PublishedFile],
    download: bool,
    fetch: Fetch = fetch_from_urls,
) -> None:
    """Check that files exist and are complete, or fetch those that are not.

    Parameters
    ----------
    dataset : str
        Name of the data set, for messages.
    folder : pathlib.Path
        Where the files belong.
    files : sequence of PublishedFile
        The files that are needed.
    download : bool
        Whether files may be fetched. They replace the ones in the folder only when all
        of them are complete.
    fetch : callable, default=fetch_from_urls
        Function that puts files into a folder.

    Raises
    ------
    OSError
        If a file is missing or damaged, or cannot be downloaded.
    """
    faults = {file: fault for file in files if (fault := file.fault(folder))}
    if not faults:
        return
    if not download:
        missing = [file.name for file in faults if not (folder / file.name).is_file()]
        if missing:
            raise not_found(dataset, folder, missing)
        raise not_readable(
            dataset, folder, "; ".join(faults.values()), [f.name for f in faults]
        )
    names = ", ".join(file.name for file in faults)
    try:
        parent = folder if folder.exists() else folder.parent
        parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=parent) as temporary:
            fetched = Path(temporary)
            fetch(fetched, list(faults))
            for file in faults:
                if fault := file.fault(fetched):
                    raise OSError(fault)
            folder.mkdir(exist_ok=True)
            for file in faults:
                (fetched / file.name).replace(folder / file.name)
    except Exception as error:
        # A download fails in as many ways as there are networks, and all of them mean
        # the same to the user.
        raise OSError(
            f"{dataset} could not be downloaded into {folder} ({_reason(error)}); put "
            f"{names} there by hand."
        ) from error


def not_found(dataset: str, folder: Path, missing: Sequence[str]) -> OSError:
    return OSError(
        f"{dataset} was not found: put {', '.join(missing)} into {folder}, choose "
        "another data folder with data_home or the environment variable "
        "SK_JAE_DATA, or pass download_if_missing=True."
    )


def not_readable(
    dataset: str, folder: Path, fault: str, files: Sequence[str], *, remedy: str = ""
) -> OSError:
    if not remedy:
        remedy = (
            f"replace {', '.join(files)} there, or pass download_if_missing=True to "
            "have it downloaded again"
        )
    return OSError(f"{dataset} could not be read from {folder} ({fault}); {remedy}.")


@contextmanager
def loader_errors(dataset: str, path: Path, *, remedy: str = "") -> Iterator[None]:
    """Change errors of reading a file to an OSError with the name of the file.

    Parameters
    ----------
    dataset : str
        Name of the data set, for messages.
    path : pathlib.Path
        The file that is read.
    remedy : str, default=""
        What the user can do. By default the file is to be replaced or downloaded
        again.

    Raises
    ------
    OSError
        If the block raises any error. A lack of memory is no fault of the file and is
        passed on.
    """
    try:
        yield
    except MemoryError:
        raise
    except Exception as error:
        # A damaged file fails in as many ways as there are parsers, and all of them
        # mean the same to the user.
        fault = f"{path.name}: {_reason(error)}"
        raise not_readable(
            dataset, path.parent, fault, [path.name], remedy=remedy
        ) from error


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


def read_at_most(file: BinaryIO | BZ2File | GzipFile, n_bytes: int) -> bytes:
    """Read a file to its end; raise a ValueError if it is longer than expected."""
    content = file.read(n_bytes + 1)
    if len(content) > n_bytes:
        raise ValueError(f"it holds more than the expected {n_bytes:,} bytes")
    return content


def check_array(
    found: tuple[int, ...], dtype: np.dtype[Any], shape: tuple[int, ...], kinds: str
) -> None:
    """Raise unless an array has the expected shape and a dtype of the given kinds."""
    if found != shape:
        raise ValueError(f"an array has shape {found}, expected {shape}")
    if dtype.kind not in kinds or (kinds == "u" and dtype != np.uint8):
        expected = "uint8" if kinds == "u" else "integers"
        raise ValueError(f"an array has dtype {dtype}, expected {expected}")


def check_labels(labels: np.ndarray, lowest: int, highest: int) -> None:
    """Raise unless all labels lie in the expected range."""
    if len(labels) and not lowest <= labels.min() <= labels.max() <= highest:
        raise ValueError(
            f"the labels lie between {labels.min()} and {labels.max()}, expected "
            f"{lowest} to {highest}"
        )


def read_npz(
    path: Path, expected: Mapping[str, tuple[tuple[int, ...], str]]
) -> dict[str, np.ndarray]:
    """Read arrays from an npz file, each checked before it is unpacked.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    expected : dict of (shape, kinds)
        For each array its shape and the kinds of its dtype, "u" for uint8 and "iu" for
        integers.

    Returns
    -------
    arrays : dict of ndarray

    Raises
    ------
    ValueError
        If an array is missing, or of another shape or dtype.
    """
    arrays = {}
    with zipfile.ZipFile(path) as archive:
        for key, (shape, kinds) in expected.items():
            name = f"{key}.npy"
            if name not in archive.namelist():
                raise ValueError(
                    f"it holds the arrays {archive.namelist()}, expected {name} too"
                )
            with archive.open(name) as member:
                found, dtype = _read_header(member)
            try:
                check_array(found, dtype, shape, kinds)
                n_bytes = archive.getinfo(name).file_size
                if n_bytes > prod(shape) * dtype.itemsize + _MAX_HEADER:
                    raise ValueError(f"{n_bytes:,} bytes are packed, too many")
            except ValueError as error:
                raise ValueError(f"in {name}, {error}") from None
            with archive.open(name) as member:
                arrays[key] = np.lib.format.read_array(member, allow_pickle=False)
    return arrays


def _read_header(file: Any) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, _, dtype = np.lib.format.read_array_header_1_0(file)
    elif version == (2, 0):
        shape, _, dtype = np.lib.format.read_array_header_2_0(file)
    else:
        raise ValueError(f"an array has format version {version}, expected (1, 0)")
    return shape, dtype
