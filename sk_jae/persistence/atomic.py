"""Files that are written whole or not at all."""

from __future__ import annotations

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

__all__ = ["atomic_file"]


@contextmanager
def atomic_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a file for writing that takes its place only when it is complete.

    The content goes into a temporary file of the same folder, which is brought to the
    disk and then renamed. Whatever happens before, an earlier file at this path stays
    as it is. The temporary file is removed after an error; a process that is killed
    leaves it behind, with a name that begins with ".sk_jae-".

    Parameters
    ----------
    path : path-like
        Where the file will be. If it is a link, the file that it leads to is replaced.

    Yields
    ------
    file : binary file

    Raises
    ------
    OSError
        If the folder does not exist, if what is at this path is no file, or if
        writing fails, for example because the disk is full.
    """
    target = Path(os.path.realpath(path))
    mode = _mode_of(target)
    temporary = target.parent / f".sk_jae-{secrets.token_hex(8)}.tmp"
    try:
        with open(temporary, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            temporary.unlink()
        raise
    _sync_folder(target.parent)


def _mode_of(target: Path) -> int | None:
    """The permissions of the file that is to be replaced, None if there is none."""
    if not target.parent.is_dir():
        raise FileNotFoundError(
            errno.ENOENT, "the folder to save in does not exist", str(target.parent)
        )
    try:
        found = target.stat().st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        raise IsADirectoryError(
            errno.EISDIR, "this is a folder, expected the path of a file", str(target)
        )
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "only a regular file can be replaced", str(target))
    return stat.S_IMODE(found)


def _sync_folder(folder: Path) -> None:
    """Bring the new name of a file to the disk, where the system can do that."""
    if os.name != "posix":
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        # Some network file systems cannot; the file is complete all the same.
        with suppress(OSError):
            os.fsync(opened)
    finally:
        os.close(opened)
