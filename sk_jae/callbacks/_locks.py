"""Locks that the operating system frees when a process ends, however it ends."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path

try:
    import fcntl
except ImportError:  # on Windows, where files in use cannot be removed anyway
    _CAN_LOCK = False
else:
    _CAN_LOCK = True

__all__ = ["Lock"]

# Those who look whether a lock is held take it for a moment.
_PATIENCE, _PAUSE = 1.0, 0.01


class Lock:
    """A lock by a file, which exists while the lock is held.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False if somebody else has it."""
        end = time.monotonic() + _PATIENCE
        while not self._take():
            if time.monotonic() > end:
                return False
            time.sleep(_PAUSE)
        return True

    def is_held(self) -> bool:
        """Whether anybody has the lock; if not, its file is removed."""
        if self.path.exists() and not self._take():
            return True
        self.release()
        return False

    def release(self) -> None:
        """Give the lock back if it is held here, and remove its file."""
        if self._opened is None:
            return
        with suppress(OSError):
            self.path.unlink()
        os.close(self._opened)
        self._opened = None

    def _take(self) -> bool:
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT)
        # The owner of a lock may have removed its file meanwhile.
        if _locked(opened) and _is_at(self.path, opened):
            self._opened = opened
            return True
        os.close(opened)
        return False


def _locked(opened: int) -> bool:
    if _CAN_LOCK:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:  # a file system that has no locks
            return True
    return True


def _is_at(path: Path, opened: int) -> bool:
    try:
        return os.path.samestat(os.fstat(opened), os.stat(path))
    except FileNotFoundError:
        return False
