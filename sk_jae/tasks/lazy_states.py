"""What a pickle holds of an array that is read when it is needed: where it is."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from sk_jae.tasks.lazy_arrays import LazyArray, to_lazy
from sk_jae.tasks.row_stores import MappedRows, TorchRows
from sk_jae.tasks.table_rows import TableRows

__all__ = ["lazy_from_state", "lazy_to_state"]

# The arrays of these can be pickled, and are read by the process that gets them.
_PICKLED_BY_PLACE = ("dask", "zarr")


def lazy_to_state(source: Any) -> Any:
    """Describe where the rows are, or hold them if no other process can find them."""
    lazy = to_lazy(source, "X")
    if lazy is None:
        return np.asarray(source)
    place = _place_of(lazy)
    if place is None:
        values = np.asarray(lazy)
        return values if values.size else np.zeros(values.shape, values.dtype)
    is_item = lazy is not source and not isinstance(source, LazyArray)
    return {"library": "rows", "place": place, "rows": lazy.rows, "is_item": is_item}


def lazy_from_state(state: dict[str, Any]) -> Any:
    """Make the array again from the description by `lazy_to_state`."""
    place = state["place"]
    if isinstance(place, dict):
        file = import_module("h5py").File(place["file"], "r")
        place = file[place["name"]]
    if state["is_item"]:
        return place
    lazy = to_lazy(place, "X")
    assert lazy is not None
    return lazy if state["rows"] is None else lazy.select(state["rows"])


def _place_of(lazy: LazyArray) -> Any:
    """What another process finds the rows by, or None."""
    item = lazy.store.item
    library = type(item).__module__.partition(".")[0]
    known = isinstance(lazy.store, MappedRows | TableRows | TorchRows)
    if known or library in _PICKLED_BY_PLACE:
        return item
    if library == "h5py" and item.file.driver != "core":
        path = Path(item.file.filename).absolute()
        if path.is_file():
            # A changed file is other content.
            modified = path.stat().st_mtime_ns
            return {"file": str(path), "name": item.name, "modified": modified}
    return None
