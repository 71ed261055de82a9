"""Where rows are kept until they are needed: files, dask, datasets of torch."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import pairwise
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.foreign import is_torch_dataset, shape_of

__all__ = [
    "MappedRows",
    "RowStore",
    "TorchRows",
    "array_store",
    "is_mapped",
    "is_unread",
    "row_bytes",
]

# A chunk is read whole to get one of its rows. Smaller ones are read together, since
# every read of a file takes a time of its own.
_SMALLEST_READ = 2**20

# What arrays and tensors have that are in memory already, or dense in no way.
_IN_MEMORY = ("__array_interface__", "__array_struct__", "__dlpack__", "toarray")


class RowStore:
    """An array of which only the rows that are asked for are read.

    Parameters
    ----------
    item : object
        What the user passed.
    shape : tuple of int
    dtype : dtype
    bounds : ndarray of int or None, default=None
        Where each chunk of rows that is read at once begins, and the end of the last.
        None if any row can be read by itself.
    """

    # Whether errors in reading come from code of the user.
    is_own_code = False

    def __init__(
        self,
        item: Any,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        bounds: NDArray[np.intp] | None = None,
    ) -> None:
        self.item = item
        self.shape = shape
        self.dtype = dtype
        self.bounds = bounds

    def read(self, start: int, stop: int) -> NDArray[Any]:
        """Read rows that are neighbors."""
        return self._checked(self.item[start:stop], stop - start)

    def read_some(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """Read rows in increasing order, each of which is there once."""
        return self._checked(self.item[rows], len(rows))

    def read_rows(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        """Read rows in increasing order, in whole chunks where there are any."""
        n = len(rows)
        if not n or rows[-1] - rows[0] == n - 1:
            first = int(rows[0]) if n else 0
            return self.read(first, first + n)
        if self.bounds is None:
            return self.read_some(rows)
        found: NDArray[Any] = np.empty((n, *self.shape[1:]), self.dtype)
        for start, stop in self._runs(rows):
            first = int(rows[start])
            part = self.read(first, int(rows[stop - 1]) + 1)
            found[start:stop] = part[rows[start:stop] - first]
        return found

    def _runs(self, rows: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
        """Places of rows that are read at once: of one chunk, or all neighbors."""
        assert self.bounds is not None
        chunk = np.searchsorted(self.bounds, rows, side="right")
        ends = [*(np.flatnonzero(np.diff(chunk)) + 1).tolist(), len(rows)]
        start = at = 0
        for before, end in pairwise([0, *ends]):
            is_whole = rows[end - 1] - rows[start] == end - 1 - start
            if before > start and not is_whole:
                yield start, before
                start = before
            at = end
        yield start, at

    def _checked(self, values: Any, n: int) -> NDArray[Any]:
        """The values as an array of the shape and dtype that were promised."""
        if hasattr(values, "toarray"):
            raise TypeError("its rows are sparse, expected dense ones")
        found = np.asarray(values)
        if found.shape != (n, *self.shape[1:]):
            raise ValueError(
                f"{n} of its rows have shape {found.shape}, expected "
                f"{(n, *self.shape[1:])}"
            )
        if found.dtype == self.dtype:
            return found
        if not np.can_cast(found.dtype, self.dtype):
            raise ValueError(
                f"some of its rows are {found.dtype}, expected {self.dtype} as others"
            )
        return found.astype(self.dtype)


class MappedRows(RowStore):
    """Rows of a file that is mapped into memory, which are as near as memory."""

    def __init__(self, item: NDArray[Any]) -> None:
        super().__init__(item, item.shape, item.dtype)
        self._plain = item.view(np.ndarray)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return self._plain[start:stop]

    def read_some(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        return self._plain[rows]


class TorchRows(RowStore):
    """The samples of a map-style dataset of torch, without their labels."""

    is_own_code = True

    def __init__(self, item: Any) -> None:
        first = _sample(item[0]) if len(item) else np.zeros(0)
        super().__init__(item, (len(item), *first.shape), first.dtype)

    def read(self, start: int, stop: int) -> NDArray[Any]:
        return self.read_some(np.arange(start, stop))

    def read_some(self, rows: NDArray[np.intp]) -> NDArray[Any]:
        if not len(rows):
            return np.zeros((0, *self.shape[1:]), self.dtype)
        numbers = rows.tolist()
        if hasattr(self.item, "__getitems__"):
            items = self.item.__getitems__(numbers)
        else:
            items = [self.item[i] for i in numbers]
        samples = [_sample(item) for item in items]
        for i, sample in zip(numbers, samples, strict=True):
            if sample.shape != self.shape[1:]:
                raise ValueError(
                    f"its sample {i} has shape {sample.shape}, expected "
                    f"{self.shape[1:]} as the first one"
                )
        return self._checked(np.stack(samples), len(rows))


def is_unread(item: Any) -> bool:
    """Tell whether an object is like an array that is read when it is indexed."""
    if any(hasattr(item, name) for name in _IN_MEMORY):
        return False
    is_indexed = all(hasattr(item, name) for name in ("shape", "dtype"))
    return is_indexed and hasattr(type(item), "__getitem__")


def array_store(item: Any) -> RowStore | None:
    """Find how the rows of an array are read; None if it is no array in parts."""
    if is_mapped(item):
        return MappedRows(item)
    if is_torch_dataset(item):
        return TorchRows(item)
    # Arrays of dask may not know their number of rows.
    shape = shape_of(item) or ()
    is_known = len(shape) > 1 and all(isinstance(n, Integral) for n in shape)
    if not is_known or not is_unread(item):
        return None
    try:
        dtype = np.dtype(item.dtype)
    except TypeError:
        return None
    if dtype.kind == "O":
        return None
    shape = tuple(map(int, shape))
    return RowStore(item, shape, dtype, _bounds(item, shape, dtype))


def is_mapped(item: object) -> bool:
    """Tell whether an array is a memory map or a view of one."""
    base = item
    while isinstance(base, np.ndarray):
        if isinstance(base, np.memmap):
            return True
        base = base.base
    return False


def row_bytes(shape: tuple[int, ...], dtype: np.dtype[Any]) -> int:
    return max(1, dtype.itemsize * math.prod(shape[1:]))


def _bounds(
    item: Any, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> NDArray[np.intp] | None:
    """Where the parts begin that are read at once."""
    n = shape[0]
    own: Any = getattr(item, "shards", None) or getattr(item, "chunks", None)
    is_file = type(item).__module__.partition(".")[0] == "h5py"
    if own is None and is_file:
        own = (1,)  # a file without chunks is read in parts too
    if not isinstance(own, tuple) or not own or not n:
        return None
    smallest = max(1, _SMALLEST_READ // row_bytes(shape, dtype))
    if isinstance(own[0], Sequence):
        ends = np.cumsum([0, *own[0]], dtype=np.intp)
    else:
        ends = np.append(np.arange(0, n, int(own[0]), dtype=np.intp), n)
    kept = [0]
    for end in ends[1:].tolist():
        if end - kept[-1] >= smallest or end == n:
            kept.append(end)
    return np.unique(np.array(kept, dtype=np.intp))


def _sample(item: Any) -> NDArray[Any]:
    """The first of what a dataset gives for one sample, as an array."""
    if isinstance(item, (tuple, list)):
        item = item[0]
    elif isinstance(item, dict):
        raise TypeError(
            "its samples are dicts, expected an array, or a tuple whose first item is "
            "one; wrap it in a Dataset that gives the array"
        )
    if hasattr(item, "detach"):
        item = item.detach().cpu()
    return np.asarray(item)
