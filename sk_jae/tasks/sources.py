"""The objects that a JointArrays keeps for its tasks, which are read by rows.

Arrays, memory maps, arrays that are read when they are indexed (h5py, zarr, dask) and
dataframes of pandas, polars and pyarrow are kept as the user gave them. These libraries
are imported only if something of theirs is unpickled.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from sk_jae.tasks.conversion import to_samples
from sk_jae.tasks.foreign import samples_of
from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray, to_lazy
from sk_jae.tasks.lazy_states import lazy_from_state, lazy_to_state
from sk_jae.tasks.row_stores import is_mapped

__all__ = [
    "NamedSamples",
    "column_dtypes",
    "column_names",
    "from_state",
    "is_dataframe",
    "kind_of_values",
    "opened",
    "rows_of",
    "take",
    "to_rows",
    "to_source",
    "to_state",
]

_DATAFRAMES = {("pandas", "DataFrame"), ("polars", "DataFrame"), ("pyarrow", "Table")}


@dataclass(frozen=True, eq=False)
class NamedSamples:
    """Samples with the names of their features, as an AnnData has them."""

    X: Any
    var_names: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self.X.shape
        return shape

    @property
    def dtype(self) -> Any:
        return self.X.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NamedSamples:
        return NamedSamples(take(self.X, rows, "X"), self.var_names)


def to_source(item: Any, words: str) -> Any:
    """Keep what can be read by rows, and convert anything else to an array."""
    if _library(item):
        return item
    inner, names = samples_of(item), None
    if inner is not item:
        names = column_names(item)
    lazy = None if is_mapped(inner) else to_lazy(inner, words)
    source: Any
    if lazy is None:
        source = to_samples(inner, words)
    else:
        source = inner if hasattr(inner, "shape") else lazy
        names = names or column_names(lazy)
    return source if names is None else NamedSamples(source, names)


def to_rows(item: Any, words: str) -> SampleArray:
    """Make an array of samples, or one whose rows are read when they are needed."""
    inner = samples_of(item)
    lazy = None if is_mapped(inner) else to_lazy(inner, words)
    return to_samples(inner, words) if lazy is None else lazy


def opened(item: Any, words: str) -> Any:
    """What the user gave for a task, files and datasets as arrays that are read later.

    These have a shape, a length and rows that can be chosen, whatever they are.
    """
    inner = samples_of(item)
    lazy = None if is_mapped(inner) else to_lazy(inner, words)
    return inner if lazy is None else lazy


def rows_of(item: Any, rows: NDArray[np.intp]) -> Any:
    """Select rows of what `opened` gives, of the same kind."""
    is_lazy = isinstance(item, LazyArray)
    return item.select(rows) if is_lazy else _safe_indexing(item, rows)


def column_names(item: Any) -> tuple[str, ...] | None:
    """Return the names of the features of a dataframe or AnnData, if all are text."""
    names: tuple[Any, ...] = ()
    for attribute in ("column_names", "columns", "var_names"):
        if hasattr(item, attribute):
            names = tuple(getattr(item, attribute))
            break
    return names if names and all(isinstance(name, str) for name in names) else None


def column_dtypes(item: Any) -> tuple[str, ...] | None:
    """Return the dtypes of the features that have names, as their library writes them.

    They are None where there are no names, and for tables of other libraries.
    """
    names, library = column_names(item), _library(item)
    if names is None:
        return None
    if library:
        types = item.schema.types if library == "pyarrow" else item.dtypes
        return tuple(map(str, types))
    dtype = getattr(samples_of(item), "dtype", None)
    return None if dtype is None else (str(dtype),) * len(names)


def take(source: Any, rows: NDArray[np.intp], words: str) -> Any:
    """Select rows, without a copy if they are neighbors in an array."""
    n = len(rows)
    neighbors = (
        n > 0 and rows[-1] - rows[0] == n - 1 and bool((np.diff(rows) == 1).all())
    )
    if neighbors and n == source.shape[0]:
        return source
    library = _library(source)
    if library == "pandas":
        return source.iloc[rows]
    if library == "pyarrow":
        return source.take(rows)
    if isinstance(source, NamedSamples):
        return source[rows]
    if neighbors and isinstance(source, np.ndarray):
        return source[rows[0] : rows[-1] + 1]
    if not library and (lazy := to_lazy(source, words)) is not None:
        return lazy.select(rows)
    return source[rows]


def kind_of_values(source: Any) -> str:
    """Return the dtype of an array, or the name of the class of a dataframe."""
    return type(source).__name__ if _library(source) else str(source.dtype)


def to_state(source: Any) -> Any:
    """Describe the content of a source, in the same way for equal content."""
    library = _library(source)
    if library == "pandas":
        return {
            "library": library,
            "names": tuple(source.columns),
            "columns": [
                _plain_column(source.iloc[:, i]) for i in range(source.shape[1])
            ],
            "index": (_plain_column(source.index), source.index.name),
        }
    if library == "polars":
        buffer = io.BytesIO()
        source.rechunk().write_ipc_stream(buffer)
        return {"library": library, "stream": buffer.getvalue()}
    if library == "pyarrow":
        buffer = io.BytesIO()
        with import_module("pyarrow").ipc.new_stream(buffer, source.schema) as stream:
            stream.write_table(source.combine_chunks())
        return {"library": library, "stream": buffer.getvalue()}
    if isinstance(source, NamedSamples):
        return {"library": "", "names": source.var_names, "X": to_state(source.X)}
    if not isinstance(source, np.ndarray):
        return lazy_to_state(source)
    # joblib hashes strides, and those of an empty array depend on how it was made.
    return source if source.size else np.zeros(source.shape, source.dtype)


def from_state(state: Any) -> Any:
    """Make a source from the description by `to_state`."""
    if not isinstance(state, dict):
        return state
    if state["library"] == "rows":
        return lazy_from_state(state)
    if not state["library"]:
        return NamedSamples(from_state(state["X"]), state["names"])
    library = import_module(state["library"])
    if state["library"] == "pandas":
        values, name = state["index"]
        index = library.Index(values, name=name)
        columns = dict(enumerate(state["columns"]))
        frame = library.DataFrame(columns, index=index)
        frame.columns = list(state["names"])
        return frame
    if state["library"] == "polars":
        return library.read_ipc_stream(io.BytesIO(state["stream"]))
    return library.ipc.open_stream(state["stream"]).read_all()


def is_dataframe(item: object) -> bool:
    """Tell whether an object is a dataframe of pandas, polars or pyarrow."""
    return bool(_library(item))


def _library(item: object) -> str:
    """Return the library of a dataframe, and an empty text for anything else."""
    for base in type(item).__mro__:
        library = base.__module__.partition(".")[0]
        if (library, base.__name__) in _DATAFRAMES:
            return library
    return ""


def _plain_column(column: Any) -> Any:
    """Copy the values of a column or an index of pandas."""
    if getattr(column, "nlevels", 1) > 1:
        return column.copy()
    is_numpy = isinstance(column.dtype, np.dtype)
    return np.array(column) if is_numpy else column.array.copy()
