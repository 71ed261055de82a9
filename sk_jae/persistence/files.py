"""Files of states: what is in them, and what is checked when they are read.

A file is a zip archive of three members::

    metadata.json         format and version, the versions of the libraries, the kind
                          of the state, and the state without its numeric arrays
    weights.safetensors   the numeric arrays
    SHA256SUMS            the checksums of these two, as `sha256sum` writes them
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from numpy.typing import NDArray

from sk_jae.exceptions import DamagedFileError, NotSavableError, UnknownFormatError
from sk_jae.persistence.archive import (
    LARGEST,
    ArchiveWriter,
    Member,
    find_members,
    opened_member,
)
from sk_jae.persistence.atomic import atomic_file
from sk_jae.persistence.json_text import read_json, write_json
from sk_jae.persistence.json_values import decode, encode
from sk_jae.persistence.tensors import contents_of, read_tensors
from sk_jae.persistence.versions import PACKAGE, written_versions

__all__ = ["FORMAT_VERSION", "StoredState", "read_state", "write_state"]

FORMAT_VERSION = 1

_METADATA, _WEIGHTS, _SUMS = "metadata.json", "weights.safetensors", "SHA256SUMS"
# Text grows when it is read, at worst about twentyfold.
_LONGEST_TEXT = 2**25
_LONGEST_SUMS = 1000

_OTHER_FORMATS = {
    b"\x80": "a pickle",
    b"PK": "a file of torch.save or another zip archive",
    b"\x1f\x8b": "a compressed file, as joblib writes them",
    b"\x89HDF": "an HDF5 file",
}


@dataclass
class StoredState:
    """A state that was read.

    Attributes
    ----------
    state : dict
    versions : dict of {str: str}
        The versions of this package, of Python and of the libraries that wrote it.
    """

    state: Any
    versions: dict[str, str]


def write_state(path: str | os.PathLike[str], kind: str, state: Any) -> None:
    """Write a state to a file, whole or not at all.

    Equal states give equal bytes.

    Parameters
    ----------
    path : path-like
        An earlier file there is replaced.
    kind : str
        What the state is of; :func:`read_state` asks for it.
    state : dict, list, tuple, number, text or numpy array
        Numpy arrays may be anywhere in it. The names of numeric arrays in the file are
        their paths in the state.

    Raises
    ------
    NotSavableError
        If the state holds something else; nothing is written.
    OSError
        If the file cannot be written.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from sk_jae.persistence import read_state, write_state
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "codes.jae")
    ...     write_state(path, "codes", {"codes": np.ones(3), "task": "pen"})
    ...     read_state(path, "codes").state
    {'codes': array([1., 1., 1.]), 'task': 'pen'}
    """
    arrays: dict[str, NDArray[Any]] = {}
    text = write_json(
        {
            "format": PACKAGE,
            "format_version": FORMAT_VERSION,
            "kind": kind,
            "versions": written_versions(),
            "state": encode(state, arrays),
        }
    )
    if len(text) > _LONGEST_TEXT:
        raise NotSavableError(
            f"Without its weights, the state has {len(text):,} bytes of text, expected "
            f"at most {_LONGEST_TEXT:,}; pickle the estimator instead."
        )
    weights = contents_of(arrays)
    if (total := len(text) + sum(map(len, weights))) > LARGEST:
        raise NotSavableError(
            f"The state has {total:,} bytes, expected at most {LARGEST:,}; save "
            "module_.state_dict() with torch.save, or pickle the estimator."
        )
    with atomic_file(path) as file:
        archive = ArchiveWriter(file)
        sums = {
            _METADATA: archive.add(_METADATA, [text]),
            _WEIGHTS: archive.add(_WEIGHTS, weights),
        }
        archive.add(_SUMS, [_checksums(sums)])
        archive.finish()


def read_state(path: str | os.PathLike[str], kind: str) -> StoredState:
    """Read a state that :func:`write_state` has written.

    Nothing in the file is run, and nothing is imported by a name in it. Each array has
    memory of its own, and beside these, little is used.

    Parameters
    ----------
    path : path-like
    kind : str
        As in :func:`write_state`.

    Returns
    -------
    stored : StoredState

    Raises
    ------
    UnknownFormatError
        If the file is of another format, a newer one, or of another kind.
    DamagedFileError
        If any byte is not as it was written.
    OSError
        If the file cannot be read.
    """
    with _opened(path) as (file, size), _naming(path):
        _check_begin(file)
        members = find_members(file, size)
        text, text_sum = _read_text(file, members[_METADATA], _LONGEST_TEXT)
        metadata = read_json(text)
        _check_format(metadata, kind)
        if list(members) != [_METADATA, _WEIGHTS, _SUMS]:
            raise DamagedFileError("it has other members than it should have")
        with opened_member(file, members[_WEIGHTS]) as weights:
            arrays = read_tensors(weights)
        sums = {_METADATA: text_sum, _WEIGHTS: weights.hexdigest()}
        if _read_text(file, members[_SUMS], _LONGEST_SUMS)[0] != _checksums(sums):
            raise DamagedFileError("a checksum is not that of the content")
        _check_all_used(metadata["state"], arrays)
        return StoredState(decode(metadata["state"], arrays), metadata["versions"])


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[tuple[BinaryIO, int]]:
    """Open a file, which a pipe or a device is not: these may never end."""
    name, mode = os.fspath(path), os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "this is a folder, expected a file", name)
    if not stat.S_ISREG(mode):
        raise UnknownFormatError(f"{name} is no regular file.")
    with open(path, "rb") as file:
        yield file, os.fstat(file.fileno()).st_size


@contextmanager
def _naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """Add the path and the advice to what is wrong with a file."""
    name = os.fspath(path)
    try:
        yield
    except DamagedFileError as error:
        raise DamagedFileError(
            f"{name} is damaged or was changed: {error}. Nothing was loaded; take "
            "another copy of the file, or save the estimator again."
        ) from error
    except UnknownFormatError as error:
        raise UnknownFormatError(
            f"{name} cannot be read by this version of {PACKAGE}: {error}; "
            "expected a file that the method save has written."
        ) from error


def _check_begin(file: BinaryIO) -> None:
    """Refuse what is of another format, and say which it may be."""
    begin = file.read(30 + len(_METADATA))
    if begin.startswith(b"PK") and begin.endswith(_METADATA.encode()):
        return
    kinds = [kind for mark, kind in _OTHER_FORMATS.items() if begin.startswith(mark)]
    like = kinds[0] if kinds else "neither a zip archive nor a pickle"
    raise UnknownFormatError(f"it looks like {like}")


def _check_format(metadata: Any, kind: str) -> None:
    """Refuse what was written in another format, before anything else is read."""
    if not isinstance(metadata, dict) or metadata.get("format") != PACKAGE:
        raise UnknownFormatError("its metadata.json is of something else")
    version = metadata.get("format_version")
    versions = metadata.get("versions")
    if (
        type(version) is not int
        or version < 1
        or not isinstance(versions, dict)
        or not all(type(text) is str for text in versions.values())
    ):
        raise DamagedFileError("its versions are none")
    if version > FORMAT_VERSION:
        raise UnknownFormatError(
            f"it has the format {version}, written by {PACKAGE} "
            f"{versions.get(PACKAGE)}, and the newest that is known here is "
            f"{FORMAT_VERSION}; update {PACKAGE}"
        )
    if metadata.get("kind") != kind:
        raise UnknownFormatError(
            f"it holds a {str(metadata.get('kind'))[:30]}, not a {kind}"
        )
    if set(metadata) != {"format", "format_version", "kind", "versions", "state"}:
        raise DamagedFileError("its text has other names than it should have")


def _check_all_used(state: Any, arrays: dict[str, NDArray[Any]]) -> None:
    """Refuse arrays that nothing refers to, and those that are referred to twice."""
    names: list[Any] = []
    waiting = [state]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting += value
        elif isinstance(value, dict):
            names += [value["$array"]] if "$array" in value else []
            waiting += value.values()
    if len(names) != len(arrays) or set(map(str, names)) != set(arrays):
        raise DamagedFileError("its text and its tensors do not belong together")


def _read_text(file: BinaryIO, member: Member, longest: int) -> tuple[bytes, str]:
    """The content of a short member, and its SHA-256."""
    if member.size > longest:
        raise DamagedFileError(f"its {member.name} is longer than it can be")
    with opened_member(file, member) as reader:
        content = reader.read(member.size)
    return content, reader.hexdigest()


def _checksums(sums: dict[str, str]) -> bytes:
    return "".join(f"{sum_}  {name}\n" for name, sum_ in sums.items()).encode("ascii")
