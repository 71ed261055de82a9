"""Convert what users pass to numpy arrays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.array_types import TasksInContainer
from sk_jae.tasks.foreign import check_readable, is_dict, samples_of
from sk_jae.tasks.wording import counted, unknown_task


def to_array(item: Any, words: str) -> NDArray[Any]:
    """Convert `item` to an array, without a copy if possible; messages use `words`."""
    item = samples_of(item)
    if isinstance(item, np.memmap):
        return item
    if hasattr(item, "toarray"):
        raise TypeError(
            f"{words} is sparse, expected a dense array; call its toarray() first."
        )
    if str(getattr(item, "layout", "torch.strided")).startswith("torch.sparse"):
        raise TypeError(
            f"{words} is a sparse tensor, expected a dense one; call its to_dense() "
            "first."
        )
    if isinstance(item, np.ma.MaskedArray) and np.ma.is_masked(item):
        raise ValueError(
            f"{words} has masked values, expected an array without; fill them first."
        )
    check_readable(item, words)
    try:
        return np.asarray(_from_tensor(item) if hasattr(item, "detach") else item)
    except (TypeError, ValueError, RuntimeError) as error:
        why = _unequal_shapes(item) or str(error)
        raise ValueError(f"{words} cannot become a numpy array: {why}") from error


def _unequal_shapes(samples: Any) -> str:
    """Say which shapes samples have that are not all equal, and what to do."""
    if not isinstance(samples, (list, tuple, np.ndarray)) and not hasattr(
        samples, "detach"
    ):
        return ""  # others may have no end, or fail again
    try:
        shapes = [np.shape(sample) for sample in samples]
    except (TypeError, ValueError, RuntimeError):
        return ""
    other = next((shape for shape in shapes if shape != shapes[0]), None)
    if other is None:
        return ""
    return (
        f"its samples have shapes such as {shapes[0]} and {other}, expected one shape; "
        "resample signals and resize images to equal lengths, or cut or pad them."
    )


def _from_tensor(tensor: Any) -> Any:
    """Convert a torch tensor to an array, without importing torch."""
    tensor = tensor.detach().cpu().resolve_conj().resolve_neg()
    if tensor.is_floating_point() and not hasattr(np, str(tensor.dtype)[6:]):
        tensor = tensor.float()  # numpy has no bfloat16
    return tensor.numpy()


def to_samples(item: object, words: str) -> NDArray[Any]:
    """Convert the samples of one task to an array of shape (n_samples, ...)."""
    if item is None:
        raise TypeError(
            f"{words} is None, expected an array of samples; None skips a task only "
            "in prediction, and only in a plain list or dict."
        )
    array = to_array(item, words)
    if array.ndim == 1 and array.dtype == object and (why := _unequal_shapes(array)):
        raise ValueError(f"{words} is an array of arrays: {why}")
    if array.ndim < 2:
        # The checks of scikit-learn look for exactly these words.
        raise ValueError(
            f"{words} has shape {array.shape}, expected at least 2 dimensions "
            "(n_samples, n_features). Reshape your data with array.reshape(-1, 1) if "
            "it has a single feature or array.reshape(1, -1) if it is a single sample."
        )
    return array


def check_one_dimension(labels: NDArray[Any], words: str) -> None:
    if labels.ndim != 1:
        raise ValueError(
            f"{words} has shape {labels.shape}, expected 1 dimension with one label "
            "per sample; ravel the array."
        )


def check_one_per_sample(
    values: NDArray[Any],
    n_samples: int,
    words: str,
    *,
    what: str = "value",
    remedy: str = "",
) -> None:
    """Refuse an array that does not hold one value for every sample."""
    if values.ndim == 0 or len(values) != n_samples:
        given = counted(values, what) if values.ndim else "0 dimensions"
        raise ValueError(
            f"{words} has {given}, expected {n_samples}, one per sample{remedy}."
        )


def is_missing(value: object) -> bool:
    """Tell whether a value is None, NaN, NaT or the NA of pandas."""
    if value is None or type(value).__name__ == "NAType":
        return True
    if isinstance(value, (str, int)):
        return False
    try:
        return bool(value != value)  # only NaN and NaT differ from themselves
    except Exception:  # whatever comparing objects of any class may raise
        return False


def is_per_task(y: object) -> bool:
    """Tell whether `y` is a list or dict with labels per task, and not flat."""
    return is_dict(y) or (
        isinstance(y, (list, tuple))
        and len(y) > 0
        and all(
            item is None or (np.iterable(item) and not isinstance(item, (str, bytes)))
            for item in y
        )
    )


def items_and_names(
    X: TasksInContainer, argument: str = "X", *, at_least_one: bool = True
) -> tuple[list[Any], tuple[str, ...] | None]:
    """Return the items of a list or dict of tasks, and the names in a dict."""
    if at_least_one and not X:
        raise ValueError(
            f"{argument} is an empty {type(X).__name__}, expected one array per task."
        )
    if isinstance(X, Mapping):
        for key in X:
            if not isinstance(key, str):
                raise TypeError(
                    f"{argument} has the key {key!r}, expected the names of tasks as "
                    "str."
                )
        return list(X.values()), tuple(X)
    if len(X) == 1:
        raise ValueError(
            f"{argument} is a {type(X).__name__} of one array, which is what "
            "scikit-learn's tools make of a plain list of two tasks when they split "
            "it: pack the tasks before (X, y = pack(X, y)), or, if there is only one "
            "task, pass its array itself."
        )
    return list(X), None


def items_per_task(
    parts: object, n_tasks: int, names: tuple[str, ...] | None, argument: str
) -> list[Any]:
    """Return the items in the order of the tasks, None for a task without one."""
    if is_dict(parts) and names is not None:
        for name in parts:
            if name not in names:
                raise ValueError(unknown_task(name, names, argument))
        return [parts.get(name) for name in names]
    if not isinstance(parts, (list, tuple)):
        raise TypeError(
            f"{argument} is {type(parts).__name__}, expected a "
            f"{'list' if names is None else 'list or dict'} of "
            f"{counted(n_tasks, 'item')}, one per task."
        )
    if len(parts) != n_tasks:
        raise ValueError(
            f"{argument} has {counted(parts, 'item')}, expected {n_tasks}, one per "
            "task."
        )
    return list(parts)


def to_parts(
    items: list[Any], lengths: list[int], words: list[str]
) -> list[NDArray[Any]]:
    """Convert items to arrays of the given lengths that can be joined into one."""
    parts: list[NDArray[Any]] = []
    for item, length, own_words in zip(items, lengths, words, strict=True):
        if item is None:
            raise TypeError(f"{own_words} is None, expected one value per sample.")
        part = to_array(item, own_words)
        check_one_per_sample(part, length, own_words)
        first = parts[0] if parts else part
        if part.shape[1:] != first.shape[1:]:
            raise ValueError(
                f"{own_words} has shape {part.shape} and {words[0]} {first.shape}, "
                "expected shapes equal but for the first dimension."
            )
        if kind_of(part) != kind_of(first):
            raise TypeError(
                f"{own_words} holds {kind_of(part)} and {words[0]} holds "
                f"{kind_of(first)}, expected one kind for all tasks; if these are "
                "labels, give the same class the same label in every task."
            )
        parts.append(part)
    return parts


def kind_of(array: NDArray[Any]) -> str:
    """Name the kind of values, which must be the same in arrays that are joined."""
    if array.dtype.kind in "biufc":
        return "numbers"
    return "text" if array.dtype.kind in "UT" else f"dtype {array.dtype}"


def checked_key(key: object) -> slice | NDArray[Any]:
    """Return the key as a slice, an integer, or a 1-D array of integers or booleans."""
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
