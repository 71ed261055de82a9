"""Objects that are not arrays themselves: find their arrays, or refuse them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any, TypeGuard

import numpy as np

__all__ = [
    "check_not_nested",
    "check_readable",
    "is_dict",
    "is_foreign",
    "is_torch_dataset",
    "modalities",
    "samples_of",
    "shape_of",
]

_INTERFACES = ("__array__", "__array_interface__", "__array_struct__", "detach")


def samples_of(item: Any) -> Any:
    """Return the array inside an AnnData, and anything else unchanged."""
    return item.X if _is_annotated(item) else item


def is_dict(X: object) -> TypeGuard[Mapping[str, Any]]:
    """Tell whether an object is a mapping; a sparse array of scipy may be one too."""
    return isinstance(X, Mapping) and not hasattr(X, "shape")


def shape_of(item: Any) -> tuple[Any, ...] | None:
    """Return the shape, and None if an object has none or cannot tell it."""
    try:
        shape = item.shape
    except Exception:  # of a nested tensor, of an array in a closed file
        return None
    return shape if isinstance(shape, tuple) else None


def modalities(X: Any) -> Any:
    """Return the dict of tasks inside a MuData, and anything else unchanged."""
    tasks = None if _tells_numpy(X) else getattr(X, "mod", None)
    return tasks if is_dict(tasks) else X


def is_foreign(item: object) -> bool:
    """Tell whether an item of a list is some other object than a row of numbers."""
    if _is_annotated(item):
        return True
    is_collection = hasattr(type(item), "__getitem__") or hasattr(item, "__iter__")
    return is_collection and not _is_readable(item)


def check_readable(item: Any, words: str) -> None:
    """Refuse objects that numpy would read item by item, perhaps without end."""
    if not _is_readable(item):
        raise TypeError(_refusal(item, f"{words} is"))
    while isinstance(item, (list, tuple)):
        of_each_type = {type(value): value for value in item}.values()
        for value in of_each_type:
            # For numpy, every dict and every object without items is a single value.
            is_single = isinstance(value, (dict, set)) or not is_foreign(value)
            if not is_single:
                raise TypeError(_refusal(value, f"{words} holds"))
        item = next((v for v in of_each_type if isinstance(v, (list, tuple))), None)


def check_not_nested(X: object, argument: str) -> None:
    """Refuse lists of lists of lists, which may be images or one table per task."""
    if not isinstance(X, (list, tuple)):
        return
    depth: int = 0
    first: Any = X
    while isinstance(first, (list, tuple)) and len(first):
        depth, first = depth + 1, first[0]
    if depth + len(shape_of(first) or ()) > 2:
        raise ValueError(
            f"{argument} is a {type(X).__name__} of nested lists, which may be one "
            f"array of images or one table per task; give np.asarray({argument}) for "
            f"the one and [np.asarray(x) for x in {argument}] for the other."
        )


def _tells_numpy(item: object) -> bool:
    """Tell whether an object has one of numpy's interfaces for arrays."""
    return any(hasattr(type(item), name) for name in _INTERFACES)


def _is_annotated(item: object) -> bool:
    if _tells_numpy(item) or _is_sparse(item) or _torch_data_bases(item):
        return False
    return hasattr(item, "X")


def _is_sparse(item: object) -> bool:
    return hasattr(item, "toarray")


def _is_readable(item: object) -> bool:
    """Tell whether numpy can convert an object without reading items from it."""
    if _tells_numpy(item) or _is_sparse(item) or _is_annotated(item):
        return True
    if isinstance(item, (Sequence, Number, np.generic, type(None))):
        return True
    try:
        memoryview(item)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def _refusal(item: object, start: str) -> str:
    """Write the message, which says how to get an array."""
    bases = [base for base in type(item).__mro__ if base.__module__ is not None]
    of_torch = {
        b.__name__ for b in bases if b.__module__.startswith("torch.utils.data")
    }
    way = "convert it to an array first"
    if "DataLoader" in of_torch:
        way = "join its batches first, as np.concatenate([x for x, *_ in loader]) does"
    elif of_torch:
        way = "stack its samples first, as np.stack([x for x, *_ in dataset]) does"
    elif hasattr(item, "collect"):
        way = "call its collect() first"
    elif hasattr(item, "__iter__"):
        way = "make a list or an array of it first"
    return f"{start} {_named(item)}, expected an array, a tensor or a dataframe; {way}."


def _torch_data_bases(item: object) -> set[str]:
    """Return the names of the classes of torch.utils.data that an object has."""
    bases = type(item).__mro__
    return {b.__name__ for b in bases if b.__module__.startswith("torch.utils.data")}


def is_torch_dataset(item: object) -> bool:
    """Tell whether an object is a dataset of torch that gives samples by number."""
    if not {"Dataset"} <= _torch_data_bases(item):
        return False
    is_stream = "IterableDataset" in _torch_data_bases(item)
    return not is_stream and hasattr(item, "__len__")


def _named(item: object) -> str:
    name = type(item).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
