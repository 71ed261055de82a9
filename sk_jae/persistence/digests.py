"""The SHA-256 of what is read or written at the same time."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from types import TracebackType
from typing import Self

__all__ = ["Digest"]

# Below this, starting a thread takes longer than hashing.
_MUCH = 2**20


class Digest:
    """The SHA-256 of pieces of memory, of many of them in a thread of its own.

    The hash takes longer than reading or writing what is hashed, and needs no lock of
    Python. The pieces must stay as they are until the block is left.

    Parameters
    ----------
    size : int
        The number of bytes of all pieces.
    """

    def __init__(self, size: int) -> None:
        self._hash = hashlib.sha256()
        self._thread = ThreadPoolExecutor(max_workers=1) if size > _MUCH else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._thread is not None:
            self._thread.shutdown(cancel_futures=kind is not None)

    def update(self, piece: bytes | memoryview) -> None:
        """Add the next piece."""
        if self._thread is not None:
            try:
                self._thread.submit(self._hash.update, piece)
                return
            except RuntimeError:  # Python is ending and starts no threads
                self._thread.shutdown()
                self._thread = None
        self._hash.update(piece)

    def hexdigest(self) -> str:
        """The hash of all pieces, after the block."""
        return self._hash.hexdigest()
