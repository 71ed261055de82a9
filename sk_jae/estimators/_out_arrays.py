"""Writes outputs into arrays that the user gives, a batch at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import TaskInputs, describe_task, items_per_task

__all__ = ["Write", "per_task_writers", "writers"]

# Writes values to the places of some samples of a task.
Write: TypeAlias = Callable[[slice | NDArray[np.intp], NDArray[Any]], None]

# Places that are spread no further than this are read and written as one block.
_SPREAD = 8


def writers(out: Any, inputs: TaskInputs) -> list[Write | None]:
    """Functions that write the outputs of each task into what the user has given.

    Parameters
    ----------
    out : array-like, list, dict or None
        In the form of the outputs: one array for one array or a JointArrays, and
        otherwise one per task.
    inputs : TaskInputs
        The samples.

    Returns
    -------
    writers : list of (callable or None)
        None for a task without samples, and for all if `out` is None.

    Raises
    ------
    ValueError, TypeError
        If these are not such arrays, or if nothing can be written to them.
    """
    n_tasks = len(inputs.arrays)
    if out is None:
        return [None] * n_tasks
    container = inputs.container
    if inputs.container_kind == "array":
        return [_Writer(out, "out", len(inputs.arrays[0]))]
    if container is None:
        return per_task_writers(out, inputs)
    found: list[Write | None] = [None] * n_tasks
    for t, position in enumerate(inputs.positions):
        places = np.flatnonzero(container.task == t)
        found[position] = _Writer(out, "out", len(container), places)
    return found


def per_task_writers(out: Any, inputs: TaskInputs) -> list[Write | None]:
    """The same for outputs that are one per task for a JointArrays, too."""
    if out is None or inputs.container_kind == "array":
        return writers(out, inputs)
    names = inputs.names if isinstance(out, dict) else None
    given = items_per_task(out, len(inputs.arrays), names, "out")
    found: list[Write | None] = []
    for t, (item, array) in enumerate(zip(given, inputs.arrays, strict=True)):
        words = describe_task(inputs.names[t], "out")
        if array is None:
            found.append(None)
        elif item is None:
            raise TypeError(
                f"{words} is None, expected an array for the outputs of the task."
            )
        else:
            found.append(_Writer(item, words, len(array)))
    return found


class _Writer:
    """Writes outputs to places of one array of the user."""

    def __init__(
        self,
        target: Any,
        words: str,
        n: int,
        places: NDArray[np.intp] | None = None,
    ) -> None:
        self._target, self._words, self._n = target, words, n
        self._places = places
        self._is_checked = False
        flags = getattr(target, "flags", None)
        is_writable = hasattr(type(target), "__setitem__") and _has_shape(target)
        if not is_writable or not getattr(flags, "writeable", True):
            raise TypeError(
                f"{words} is {type(target).__name__}, expected an array to which "
                "values can be written, such as a memory map or a dataset of h5py."
            )

    def __call__(self, rows: slice | NDArray[np.intp], values: NDArray[Any]) -> None:
        if not self._is_checked:
            self._check(values)
            self._is_checked = True
        if self._places is None and isinstance(rows, slice):
            self._target[rows] = values
            return
        places = np.arange(self._n) if self._places is None else self._places
        order = np.argsort(places[rows])
        self._write(places[rows][order], values[order])

    def _write(self, places: NDArray[np.intp], values: NDArray[Any]) -> None:
        """Write to places in increasing order."""
        if isinstance(self._target, np.ndarray):
            self._target[places] = values
            return
        start, stop = int(places[0]), int(places[-1]) + 1
        if stop - start > _SPREAD * len(places):
            self._target[places] = values
            return
        # Files are slow to write to single rows.
        block = np.asarray(self._target[start:stop])
        block[places - start] = values
        self._target[start:stop] = block

    def _check(self, values: NDArray[Any]) -> None:
        expected, dtype = (self._n, *values.shape[1:]), np.dtype(self._target.dtype)
        if tuple(self._target.shape) != expected:
            raise ValueError(
                f"{self._words} has shape {tuple(self._target.shape)}, expected "
                f"{expected}."
            )
        is_cut = dtype.kind == values.dtype.kind == "U" and (
            dtype.itemsize < values.dtype.itemsize
        )
        if is_cut or not np.can_cast(values.dtype, dtype, "same_kind"):
            raise TypeError(
                f"{self._words} has dtype {dtype}, in which values of dtype "
                f"{values.dtype} have no place."
            )


def _has_shape(target: Any) -> bool:
    """Whether something has a shape and a dtype that numpy knows."""
    try:
        np.dtype(target.dtype)
    except (AttributeError, TypeError):
        return False
    return hasattr(target, "shape")
