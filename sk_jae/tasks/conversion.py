"""From what users pass to numpy arrays, and the words for a task in messages."""

from __future__ import annotations

import numbers
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

UNLABELED = -1

ENCODE_LABELS = (
    "encode the labels as integers first, for example with "
    "sklearn.preprocessing.LabelEncoder"
)


def describe_task(t: int, names: tuple[str, ...] | None, argument: str = "X") -> str:
    """The words for a task in messages: ``task 0 (X[0])``, ``task 'usps'``."""
    if names is None:
        return f"task {t} ({argument}[{t}])"
    name = repr(names[t])
    return f"task {name}" if argument == "X" else f"task {name} ({argument}[{name}])"


def to_array(item: Any, label: str) -> NDArray[Any]:
    """`item` as an array, not copied if it need not be; `label` is for messages."""
    if isinstance(item, np.memmap):
        return item
    if hasattr(item, "toarray"):
        raise TypeError(
            f"{label} is sparse, expected a dense array; call its toarray() first."
        )
    if np.ma.is_masked(item):
        raise ValueError(
            f"{label} has masked values, expected an array without; fill them first."
        )
    try:
        if hasattr(item, "detach"):  # a torch tensor, without importing torch
            item = item.detach().cpu().numpy()
        return np.asarray(item)
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(f"{label} cannot become a numpy array: {error}") from error


def to_samples(item: Any, label: str) -> NDArray[Any]:
    """The samples of one task, of shape (n_samples, ...)."""
    if item is None:
        raise TypeError(
            f"{label} is None, expected samples: a JointArrays holds every task; to "
            "skip a task at prediction, pass a plain list or dict."
        )
    array = to_array(item, label)
    if array.ndim < 2:
        raise ValueError(
            f"{label} has shape {array.shape}, expected at least 2 dimensions "
            "(n_samples, n_features); reshape the array."
        )
    return array


def to_labels(item: Any, label: str) -> NDArray[Any]:
    """One label per sample: int64, floating-point, boolean or text."""
    labels = to_array(item, label)
    if labels.ndim != 1:
        raise ValueError(
            f"{label} has shape {labels.shape}, expected 1 dimension with one label "
            "per sample; ravel the array."
        )
    if labels.dtype == object:
        if all(isinstance(value, str) for value in labels):
            labels = labels.astype(str)
        elif all(isinstance(value, numbers.Integral) for value in labels):
            _check_64_bits(labels, label)
            labels = labels.astype(np.int64)
    if labels.dtype.kind in "iu":
        _check_64_bits(labels, label)
        return labels.astype(np.int64, copy=False)
    if kind_of(labels) == "text":
        # A list like ["cat", -1] has become text by now, its -1 included.
        if (labels == str(UNLABELED)).any():
            raise TypeError(
                f"{label} holds text together with the mark {UNLABELED} of unlabeled "
                f"samples; {ENCODE_LABELS}."
            )
    elif labels.dtype.kind not in "bf":
        raise TypeError(
            f"{label} has dtype {labels.dtype}, expected integers or text alone; "
            f"{ENCODE_LABELS}, and mark unlabeled samples with {UNLABELED}."
        )
    elif np.isnan(labels).any():
        raise ValueError(
            f"{label} holds NaN; mark unlabeled samples with {UNLABELED} instead."
        )
    return labels


def _check_64_bits(labels: NDArray[Any], label: str) -> None:
    if labels.size and not -(2**63) <= labels.min() <= labels.max() < 2**63:
        raise ValueError(
            f"{label} holds integers of more than 64 bits; {ENCODE_LABELS}."
        )


def is_per_task(y: Any) -> bool:
    """Whether `y` is a list or dict of labels per task rather than flat."""
    return isinstance(y, Mapping) or (
        isinstance(y, (list, tuple)) and any(v is None or _is_array(v) for v in y)
    )


def _is_array(value: Any) -> bool:
    return not isinstance(value, (str, bytes)) and hasattr(value, "__len__")


def items_per_task(
    parts: Any, n_tasks: int, names: tuple[str, ...] | None, argument: str
) -> list[Any]:
    """The items of a list or dict in the order of the tasks, None where missing."""
    if isinstance(parts, Mapping) and names is not None:
        for name in parts:
            if name not in names:
                raise ValueError(
                    f"{argument} has an unknown task {name!r}, expected some of "
                    f"{', '.join(map(repr, names))}."
                )
        return [parts.get(name) for name in names]
    if not isinstance(parts, (list, tuple)):
        raise TypeError(
            f"{argument} is {type(parts).__name__}, expected a "
            f"{'list' if names is None else 'list or dict'} with one item for each of "
            f"the {n_tasks} tasks."
        )
    if len(parts) != n_tasks:
        raise ValueError(
            f"{argument} has {len(parts)} items, expected one for each of the "
            f"{n_tasks} tasks."
        )
    return list(parts)


def to_parts(
    items: list[Any], lengths: list[int], names: tuple[str, ...] | None, argument: str
) -> list[NDArray[Any]]:
    """Arrays of the given lengths that can be joined into one."""
    labels = [describe_task(t, names, argument) for t in range(len(items))]
    parts: list[NDArray[Any]] = []
    for item, length, label in zip(items, lengths, labels, strict=True):
        if item is None:
            raise TypeError(f"{label} is None, expected one value per sample.")
        part = to_array(item, label)
        if part.ndim == 0 or len(part) != length:
            raise ValueError(
                f"{label} has shape {part.shape}, expected {length} values, one per "
                "sample of the task."
            )
        first = parts[0] if parts else part
        if part.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"{label} has shape {part.shape} and {labels[0]} {first.shape}, "
                "expected shapes equal but for the first dimension."
            )
        if kind_of(part) != kind_of(first):
            raise TypeError(
                f"{label} holds {kind_of(part)} and {labels[0]} holds "
                f"{kind_of(first)}, expected one kind for all tasks; if these are "
                f"labels, {ENCODE_LABELS}."
            )
        parts.append(part)
    return parts


def with_plain_strides(array: NDArray[Any]) -> NDArray[Any]:
    """`array`, or a new one if it is empty.

    The strides of an empty array tell how it was made, and joblib hashes them.
    """
    return array if array.size else np.zeros(array.shape, array.dtype)


def kind_of(array: NDArray[Any]) -> str:
    """What numpy must not promote to something else when it joins arrays."""
    if array.dtype.kind in "biufc":
        return "numbers"
    return "text" if array.dtype.kind in "UT" else f"dtype {array.dtype}"


def checked_key(key: Any) -> Any:
    """A slice, an integer, or a 1-D array of integers or booleans."""
    if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:
        key = key[0]  # scikit-learn indexes everything that has a shape like this
    if isinstance(key, slice):
        return key
    if not isinstance(key, tuple):
        array = np.asarray(key)
        if array.size == 0 and array.ndim == 1 and array.dtype.kind != "b":
            return np.empty(0, dtype=np.intp)
        if array.dtype.kind in "iu" and array.ndim < 2:
            return array
        if array.dtype.kind == "b" and array.ndim == 1:
            return array
    raise TypeError(
        f"JointArrays got the index {key!r}, expected an integer, a slice, or a 1-D "
        "array of integers or booleans that selects samples."
    )
