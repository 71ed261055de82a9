"""Arrays whose rows are read when they are needed."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from numbers import Integral
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.row_stores import (
    MappedRows,
    RowStore,
    array_store,
    row_bytes,
)
from sk_jae.tasks.table_rows import TableRows, is_table_dataset

__all__ = [
    "BUFFER_BYTES",
    "FEWEST_ROWS",
    "LazyArray",
    "SampleArray",
    "some_rows",
    "to_lazy",
]

# So much of a task is in memory at a time while its chunks are shuffled, and as much
# again that is read ahead. What is not larger is read once.
BUFFER_BYTES = 2**25

# Rows that stand for all of an array are taken from so many chunks.
_CHUNKS_LOOKED_AT = 32

# Fewer rows tell too little of what the columns are, and more rows or values no more.
FEWEST_ROWS = 20
_MOST_ROWS, _MOST_VALUES = 500, 2**23


class LazyArray:
    """Rows of an array that are read when they are needed.

    Indexing it by rows reads them into a numpy array; `select` chooses rows without
    reading any.

    Parameters
    ----------
    store : RowStore
        Where all rows are.
    words : str
        The words for the task in messages.
    rows : ndarray of int or None, default=None
        The rows of the store that the array has, None for all.
    check : callable or None, default=None
        Called with what is read; it raises an error if the values cannot be used.
    """

    def __init__(
        self,
        store: RowStore,
        words: str,
        rows: NDArray[np.intp] | None = None,
        check: Callable[[NDArray[Any]], object] | None = None,
    ) -> None:
        self.store = store
        self.words = words
        self.rows = rows
        self.check = check
        # The least and the largest value, once they are known.
        self.extremes: tuple[float, float] | None = None
        # The moments of its columns, once they are known.
        self.moments: Any = None

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.store.dtype

    @property
    def shape(self) -> tuple[int, ...]:
        if self.rows is None:
            return self.store.shape
        return (len(self.rows), *self.store.shape[1:])

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return prod(self.shape)

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return self.size * self.itemsize

    @property
    def row_bytes(self) -> int:
        return row_bytes(self.shape, self.dtype)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The names of the features, if the store has any."""
        names: tuple[str, ...] = getattr(self.store, "column_names", ())
        return names

    @property
    def is_mapped(self) -> bool:
        """Whether any row can be had at once, without reading it ahead."""
        return isinstance(self.store, MappedRows)

    @property
    def has_chunks(self) -> bool:
        """Whether rows that are neighbors are read together."""
        return self.store.bounds is not None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, key: Any) -> NDArray[Any]:
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
            key = key[0]
        if isinstance(key, Integral):
            found: NDArray[Any] = self[[int(key)]][0]
            return found
        return self.read(np.arange(len(self))[key])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.asarray(self.read(np.arange(len(self))), dtype=dtype)

    def select(self, rows: NDArray[np.intp]) -> LazyArray:
        """The array of other rows, none of which is read."""
        return LazyArray(self.store, self.words, self.in_store(rows), self.check)

    def with_words(self, words: str) -> LazyArray:
        """The same array with other words for the task in messages."""
        return LazyArray(self.store, words, self.rows, self.check)

    def with_check(self, check: Callable[[NDArray[Any]], object]) -> LazyArray:
        """The same array, of which all that is read is checked."""
        return LazyArray(self.store, self.words, self.rows, check)

    def in_store(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The numbers that rows of this array have in the store."""
        return rows if self.rows is None else self.rows[rows]

    def chunks_of(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """The number of the chunk in which each row is."""
        assert self.store.bounds is not None
        found: NDArray[np.intp] = np.searchsorted(
            self.store.bounds, self.in_store(rows), side="right"
        )
        return found

    def read(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """Read rows in any order."""
        values, places = self.read_once(rows)
        return values if places is None else values[places]

    def read_once(
        self, rows: NDArray[np.intp]
    ) -> tuple[NDArray[Any], NDArray[np.intp] | None]:
        """Read each of some rows once, and say where each of them is in what is read.

        The second value is None if all are there in the order of `rows`.
        """
        own, places = self.in_store(rows), None
        if not self.is_mapped and len(own) > 1 and not (np.diff(own) > 0).all():
            own, places = np.unique(own, return_inverse=True)
        values = self._read(own)
        if self.check is not None and values.size:
            self.check(values)
        return values, places

    def _read(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        try:
            if self.is_mapped:
                return self.store.read_some(rows)
            return self.store.read_rows(rows)
        except OSError as error:
            raise OSError(f"{self.words} cannot be read: {error}") from error
        except Exception as error:
            if self.store.is_own_code and not isinstance(error, TypeError | ValueError):
                error.add_note(f"It was raised when {self.words} was read.")
                raise
            raise ValueError(f"{self.words} cannot be read: {error}") from error

    def spread(self, n: int, rows: NDArray[np.intp] | None = None) -> NDArray[np.intp]:
        """About `n` of some rows that stand for all, and can be read in a moment."""
        rows = np.arange(len(self)) if rows is None else rows
        if not self.has_chunks or len(rows) <= n:
            return _evenly(rows, n)
        chunk = self.chunks_of(rows)
        found = np.unique(chunk)
        within = rows[np.isin(chunk, _evenly(found, _CHUNKS_LOOKED_AT))]
        return _evenly(within, n)


def _evenly(values: NDArray[np.intp], n: int) -> NDArray[np.intp]:
    """At most `n` of some values, evenly spaced."""
    if len(values) <= n:
        return values
    found: NDArray[np.intp] = values[np.linspace(0, len(values) - 1, n).astype(int)]
    return found


SampleArray: TypeAlias = NDArray[Any] | LazyArray


def some_rows(array: SampleArray) -> NDArray[np.float64]:
    """Copy rows from the whole table, as many as tell what its columns are."""
    n = min(_MOST_ROWS, max(FEWEST_ROWS, _MOST_VALUES // array.shape[1]))
    if isinstance(array, LazyArray):
        return array[array.spread(n)].astype(np.float64)
    return array[:: max(1, len(array) // n)][:n].astype(np.float64)


def to_lazy(item: Any, words: str) -> LazyArray | None:
    """Wrap an object whose rows can be read when they are needed; None for others.

    Raises
    ------
    ValueError, TypeError
        If the rows of a dataset cannot be read.
    """
    if isinstance(item, LazyArray):
        return item.with_words(words)
    store: RowStore | None
    try:
        store = TableRows(item) if is_table_dataset(item) else array_store(item)
    except (TypeError, ValueError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{words} cannot be read: {error}") from error
    return None if store is None else LazyArray(store, words)
