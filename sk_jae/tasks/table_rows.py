"""Rows of the datasets of pyarrow, which are files of Parquet or the like."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.row_stores import RowStore

__all__ = ["TableRows", "is_table_dataset"]


def is_table_dataset(item: object) -> bool:
    """Tell whether an object is a `pyarrow.dataset.Dataset`."""
    return any(
        base.__name__ == "Dataset" and base.__module__.startswith("pyarrow.")
        for base in type(item).__mro__
    )


class TableRows(RowStore):
    """The rows of a pyarrow dataset: its columns, or its only column, of lists.

    Attributes
    ----------
    column_names : tuple of str
        Empty if the only column holds the whole sample.
    """

    def __init__(self, item: Any) -> None:
        self._parts = _parts_of(item)
        counts = [_n_rows(part) for part in self._parts]
        bounds = np.cumsum([0, *counts], dtype=np.intp)
        self.column_names: tuple[str, ...] = ()
        fields = list(item.schema)
        shape = _shape_of_lists(fields[0].type) if len(fields) == 1 else ()
        if shape:
            dtype = _numpy_dtype(fields[0].type.value_type)
        else:
            self.column_names = tuple(item.schema.names)
            shape = (len(fields),)
            dtypes = [_numpy_dtype(field.type) for field in fields]
            dtype = np.result_type(*dtypes) if dtypes else np.dtype(np.float64)
        super().__init__(item, (int(bounds[-1]), *shape), dtype, np.unique(bounds))
        self._parts = [p for p, n in zip(self._parts, counts, strict=True) if n]

    def read(self, start: int, stop: int) -> NDArray[Any]:
        found: NDArray[Any] = np.empty((stop - start, *self.shape[1:]), self.dtype)
        assert self.bounds is not None
        k = int(np.searchsorted(self.bounds, start, side="right")) - 1
        at = start
        while at < stop:
            first, end = int(self.bounds[k]), min(stop, int(self.bounds[k + 1]))
            self._fill(found[at - start : end - start], k, at - first)
            at, k = end, k + 1
        return found

    def _fill(self, found: NDArray[Any], k: int, start: int) -> None:
        """Read rows of one row group into an array."""
        names = self.item.schema.names
        # Threads of pyarrow's own would read ahead, and hold what they have read.
        table = self._parts[k].to_table(
            schema=self.item.schema, columns=names, use_threads=False
        )
        table = table.slice(start, len(found))
        for name in names:
            if table.column(name).null_count:
                raise ValueError(f"its column {name!r} has missing values")
        if self.column_names:
            for j in range(len(names)):
                found[:, j] = table.column(j).to_numpy()
            return
        at = 0
        for chunk in table.column(0).chunks:
            values = getattr(chunk, "storage", chunk).flatten()
            own = values.to_numpy(zero_copy_only=False).reshape(-1, *self.shape[1:])
            found[at : at + len(own)] = own
            at += len(own)


def _parts_of(item: Any) -> list[Any]:
    """The row groups of all files, or the files where they have no such groups."""
    parts: list[Any] = []
    for fragment in item.get_fragments():
        if hasattr(fragment, "split_by_row_group"):
            parts += fragment.split_by_row_group()
        else:
            parts.append(fragment)
    return parts


def _n_rows(part: Any) -> int:
    groups = getattr(part, "row_groups", None)
    if groups is None:
        return int(part.count_rows())
    return sum(group.num_rows for group in groups)


def _shape_of_lists(kind: Any) -> tuple[int, ...]:
    """The shape of the values of a column, () if these are numbers."""
    pyarrow = import_module("pyarrow")
    if isinstance(kind, pyarrow.FixedShapeTensorType):
        return tuple(kind.shape)
    if pyarrow.types.is_fixed_size_list(kind):
        return (kind.list_size,)
    return ()


def _numpy_dtype(kind: Any) -> np.dtype[Any]:
    """The dtype of a column, or a `TypeError`."""
    try:
        dtype: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
    except NotImplementedError as error:
        raise TypeError(f"it has a column of {kind}, expected numbers") from error
    return dtype
