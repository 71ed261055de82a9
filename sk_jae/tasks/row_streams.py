"""Rows that are read in a given order, a window at a time, ahead of their use."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray

__all__ = [
    "RowStream",
    "batches_of_rows",
    "blocks_of",
    "order_of_reading",
    "window_ends",
]

# Windows of rows that need not be shuffled can be smaller than the buffer.
_WINDOW_BYTES = 2**23


class RowStream:
    """Reads rows of an array in a given order.

    While the rows of one window are taken, a thread reads those of the next. `close`
    ends the thread.

    Parameters
    ----------
    array : LazyArray
    order : ndarray of int
        Rows of the array.
    ends : sequence of int
        The ends of the windows of `order` that are read at once, in increasing order.
    """

    def __init__(
        self, array: LazyArray, order: NDArray[np.intp], ends: Sequence[int]
    ) -> None:
        self._array, self._order = array, order
        self._windows = iter(zip([0, *ends], ends, strict=False))
        self._thread: ThreadPoolExecutor | None = None
        if len(ends) > 1:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="sk_jae")
        self._next: Future[Any] | None = None
        self._none: NDArray[Any] = np.empty((0, *array.shape[1:]), array.dtype)
        self._values = self._none
        self._places: NDArray[np.intp] | None = None
        self._at = self._n = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def take(self, n: int) -> NDArray[Any]:
        """The next `n` rows."""
        parts: list[NDArray[Any]] = []
        while n or not parts:
            if self._at == self._n:
                self._go_on()
            k = min(n, self._n - self._at)
            rows = slice(self._at, self._at + k)
            places = rows if self._places is None else self._places[rows]
            parts.append(self._values[places])
            self._at += k
            n -= k
        return parts[0] if len(parts) == 1 else np.concatenate(parts)

    def close(self) -> None:
        if self._thread is not None:
            self._thread.shutdown(wait=True, cancel_futures=True)
        self._next = None

    def _go_on(self) -> None:
        """Take the next window, and let the one after it be read."""
        # Two windows are there at once, never three.
        self._values, self._places = self._none, None
        if self._thread is None:
            self._values, self._places = self._read(*next(self._windows))
        else:
            future = self._next or self._submit()
            assert future is not None
            self._values, self._places = future.result()
            self._next = self._submit()
        places = self._places
        self._at, self._n = 0, len(self._values if places is None else places)

    def _submit(self) -> Future[Any] | None:
        window = next(self._windows, None)
        if window is None:
            return None
        assert self._thread is not None
        return self._thread.submit(self._read, *window)

    def _read(self, start: int, end: int) -> Any:
        return self._array.read_once(self._order[start:end])


def window_ends(
    array: LazyArray, order: NDArray[np.intp], multiple: int = 1
) -> list[int]:
    """The ends of windows of a few MB in rows that are read in this order.

    Parameters
    ----------
    array : LazyArray
    order : ndarray of int
    multiple : int, default=1
        What the windows of an array without chunks are a multiple of. Otherwise a
        window ends where a chunk does, if chunks are not larger than it.
    """
    n = max(1, _WINDOW_BYTES // array.row_bytes)
    if not array.has_chunks:
        n = max(multiple, n // multiple * multiple)
        return [*range(n, len(order), n), len(order)]
    chunk = array.chunks_of(order)
    changes = np.flatnonzero(np.diff(chunk)) + 1
    ends, last = [], 0
    for end in [*changes.tolist(), len(order)]:
        if end - last >= n or end == len(order):
            ends.append(end)
            last = end
    return ends


def blocks_of(
    array: SampleArray, multiple: int = 1
) -> Iterator[tuple[slice | NDArray[np.intp], NDArray[Any]]]:
    """All rows of an array as a few blocks, with the places of these rows.

    An array in memory is one block. The rows of one with chunks come in the order in
    which they are there.
    """
    if not isinstance(array, LazyArray):
        yield slice(0, len(array)), array
        return
    order = order_of_reading(array)
    is_sorted = bool((order[1:] > order[:-1]).all())
    ends = window_ends(array, order, multiple)
    with RowStream(array, order, ends) as stream:
        for start, end in zip([0, *ends], ends, strict=False):
            rows = slice(start, end) if is_sorted else order[start:end]
            yield rows, stream.take(end - start)


def batches_of_rows(
    array: SampleArray, batch_size: int
) -> Iterator[tuple[slice | NDArray[np.intp], NDArray[Any]]]:
    """All rows of an array in batches of one size, with the places of these rows."""
    n = len(array)
    if not isinstance(array, LazyArray) or array.is_mapped:
        for start in range(0, n, batch_size):
            rows = slice(start, min(start + batch_size, n))
            yield rows, array[rows]
        return
    order = order_of_reading(array)
    is_sorted = bool((order[1:] > order[:-1]).all())
    with RowStream(array, order, window_ends(array, order)) as stream:
        for start in range(0, n, batch_size):
            rows = slice(start, min(start + batch_size, n))
            values = stream.take(rows.stop - start)
            yield rows if is_sorted else order[rows], values


def order_of_reading(
    array: LazyArray, rows: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """The order in which some rows, or all, are read without reading a chunk twice."""
    rows = np.arange(len(array)) if rows is None else rows
    if not array.has_chunks or array.rows is None:
        return rows
    return rows[np.argsort(array.in_store(rows), kind="stable")]
