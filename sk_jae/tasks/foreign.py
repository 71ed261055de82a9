"""Objects that are no arrays themselves: what they hold, or why they are refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Number
from typing import Any

import numpy as np

__all__ = [
    "check_not_nested",
    "check_readable",
    "is_foreign",
    "modalities",
    "samples_of",
]

_INTERFACES = ("__array__", "__array_interface__", "__array_struct__", "detach")


def samples_of(item: Any) -> Any:
    """The array inside an annotated one (AnnData), anything else as it is."""
    return item.X if _is_annotated(item) else item


def modalities(X: Any) -> Any:
    """The dict of tasks inside an object that holds several (MuData), or `X` itself."""
    tasks = None if _tells_numpy(X) else getattr(X, "mod", None)
    return tasks if isinstance(tasks, Mapping) else X


def is_foreign(item: object) -> bool:
    """Whether an item of a list is an object of its own kind, and no row of numbers."""
    if _is_annotated(item):
        return True
    is_collection = hasattr(type(item), "__getitem__") or hasattr(item, "__iter__")
    return is_collection and not _is_readable(item)


def check_readable(item: Any, words: str) -> None:
    """Refuse objects that numpy would read item by item, perhaps without an end."""
    if not _is_readable(item):
        raise TypeError(_refusal(item, f"{words} is"))
    while isinstance(item, (list, tuple)):
        of_each_type = {type(value): value for value in item}.values()
        for value in of_each_type:
            # To numpy, whatever has no items and every dict is a single value.
            is_single = isinstance(value, (dict, set)) or not is_foreign(value)
            if not is_single:
                raise TypeError(_refusal(value, f"{words} holds"))
        item = next((v for v in of_each_type if isinstance(v, (list, tuple))), None)


def check_not_nested(X: object, argument: str) -> None:
    """Refuse lists of lists of lists: they may be images, or one table per task."""
    if not isinstance(X, (list, tuple)):
        return
    depth: int = 0
    first: Any = X
    while isinstance(first, (list, tuple)) and len(first):
        depth, first = depth + 1, first[0]
    if depth + len(getattr(first, "shape", ())) > 2:
        raise ValueError(
            f"{argument} is a {type(X).__name__} of nested lists, which may be one "
            f"array of images or one table per task; give np.asarray({argument}) for "
            f"the one and [np.asarray(x) for x in {argument}] for the other."
        )


def _tells_numpy(item: object) -> bool:
    """Whether an object tells numpy which array it is."""
    return any(hasattr(type(item), name) for name in _INTERFACES)


def _is_annotated(item: object) -> bool:
    if _tells_numpy(item) or _is_sparse(item) or _torch_data_bases(item):
        return False
    return hasattr(item, "X")


def _is_sparse(item: object) -> bool:
    return hasattr(item, "toarray")


def _is_readable(item: object) -> bool:
    """Whether numpy takes an object for an array, or for a single value."""
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
    """The message, with the way to an array."""
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
    """The classes of torch.utils.data that an object is one of, by name."""
    bases = type(item).__mro__
    return {b.__name__ for b in bases if b.__module__.startswith("torch.utils.data")}


def _named(item: object) -> str:
    name = type(item).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
