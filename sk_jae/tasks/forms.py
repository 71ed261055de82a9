"""Split inputs of any form into one array per task, and restore that form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, TypeGuard

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_jae.tasks.array_types import DictOfTasks, ListOfTasks, TasksInContainer
from sk_jae.tasks.conversion import items_and_names
from sk_jae.tasks.foreign import (
    check_not_nested,
    is_dict,
    is_foreign,
    modalities,
    shape_of,
)
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.table_rows import is_table_dataset
from sk_jae.tasks.wording import (
    counted,
    default_names,
    describe_task,
    listed,
    unknown_task,
)

__all__ = ["OneSequence", "Samples", "TaskInputs", "has_tasks", "parse_inputs"]

ContainerKind: TypeAlias = Literal["array", "list", "dict", "joint"]
OneSequence: TypeAlias = JointArrays | ArrayLike
Samples: TypeAlias = OneSequence | ListOfTasks | DictOfTasks


@dataclass(frozen=True)
class TaskInputs:
    """One array per task, and the form in which results go back to the user.

    Attributes
    ----------
    container_kind : {"array", "list", "dict", "joint"}
        What the user passed.
    names : tuple of str
        The names of all tasks of the estimator, in order.
    arrays : tuple of (ndarray or None)
        The samples of each task, None for a task that is skipped.
    positions : tuple of int
        The tasks that the user passed, in the user's order, as positions in `names`.
    container : JointArrays or None
        The container that the user passed.
    pairs : ndarray of int of shape (n_subjects, n_tasks) or None
        In `fit`, the row in each task of every subject that several tasks have, -1 for
        a task without it. None if there is no such subject.
    weights : tuple of (ndarray of shape (n_samples_t,) or None)
        In `fit`, how much each sample of each task counts, None if they all count
        alike. It is empty if all tasks are so.
    losses : tuple of (str or callable)
        In `fit`, the reconstruction loss of each task.
    """

    container_kind: ContainerKind
    names: tuple[str, ...]
    arrays: tuple[Any, ...]
    positions: tuple[int, ...]
    container: JointArrays | None = None
    pairs: NDArray[np.intp] | None = None
    weights: tuple[NDArray[np.float64] | None, ...] = ()
    losses: tuple[Any, ...] = ()

    @property
    def are_named(self) -> bool:
        """Whether the user gave names to the tasks."""
        if self.container is not None:
            return self.container.task_names is not None
        return self.container_kind == "dict"

    def restore(self, outputs: Sequence[Any]) -> Any:
        """Give one output per task back in the user's form, flat for a container."""
        if self.container_kind == "array":
            return outputs[0]
        if self.container is not None:
            return self.container.join([outputs[t] for t in self.positions])
        if self.container_kind == "dict":
            return {self.names[t]: outputs[t] for t in self.positions}
        return list(outputs)

    def restore_samples(self, samples: Sequence[Any]) -> Any:
        """Give one array of samples per task back in the user's form."""
        if self.container is not None:
            return self.container.with_arrays([samples[t] for t in self.positions])
        return self.restore(samples)

    def describe(self, t: int, argument: str = "X") -> str:
        """Return the words for a task's part of an argument, see `describe_task`."""
        is_bare = self.container_kind == "array"
        return describe_task(None if is_bare else self.names[t], argument)

    def counted(self, t: int, rows: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those of some samples of a task, given as a mask, that have a weight."""
        weights = self.weights[t] if self.weights else None
        return rows if weights is None else rows & (weights > 0)


def parse_inputs(
    X: Samples | None, names: tuple[str, ...] | None, argument: str = "X"
) -> TaskInputs:
    """Tell the form of an input and put its items in the order of the tasks.

    Parameters
    ----------
    X : list, tuple, dict, JointArrays or array-like
        See the estimators.
    names : tuple of str or None
        The names of the tasks of a fitted estimator; None in `fit`.
    argument : str, default="X"
        The name of the argument, for messages.

    Returns
    -------
    tasks : TaskInputs
        With the items as they are, not yet checked.

    Raises
    ------
    ValueError, TypeError
        If these are not tasks, or not those of the fitted estimator.

    Examples
    --------
    >>> from sk_jae.tasks import parse_inputs
    >>> parse_inputs({"b": 1, "a": 0}, ("a", "b", "c")).arrays
    (0, 1, None)
    """
    kind, items, keys = _items_of(X, argument, at_least_one=names is None)
    container = X if isinstance(X, JointArrays) else None
    if names is None:
        names = keys or default_names(len(items))
        return TaskInputs(
            kind, names, tuple(items), tuple(range(len(names))), container
        )
    fitted = f"the estimator was fitted on {counted(names, 'task')}, {listed(names)}"
    if kind == "array" and len(names) > 1:
        raise ValueError(
            f"{argument} is one array, but {fitted}; give a list or dict with one "
            "array per task, None for a task to skip."
        )
    if keys is not None:
        for key in keys:
            if key not in names:
                raise ValueError(unknown_task(key, names, argument))
        positions = tuple(map(names.index, keys))
        at = dict(zip(positions, items, strict=True))
        arrays = tuple(at.get(t) for t in range(len(names)))
        return TaskInputs(kind, names, arrays, positions, container)
    if len(items) != len(names):
        raise ValueError(
            f"{argument} has {counted(items, 'task')}, but {fitted}; give one array "
            "for each, None for a task to skip."
        )
    return TaskInputs(kind, names, tuple(items), tuple(range(len(names))), container)


def _items_of(
    X: Samples | None, argument: str, at_least_one: bool
) -> tuple[ContainerKind, list[Any], tuple[str, ...] | None]:
    """Return the form of the input, its items, and their names if there are any."""
    if isinstance(X, JointArrays):
        return "joint", list(X.samples), X.task_names
    X = modalities(X)
    if is_dict(X):
        return "dict", *items_and_names(X, argument, at_least_one=at_least_one)
    if has_tasks(X):
        return "list", *items_and_names(X, argument)
    check_not_nested(X, argument)
    return "array", [X], None


def has_tasks(X: object) -> TypeGuard[TasksInContainer]:
    """Tell whether X is a plain list or dict of tasks."""
    return is_dict(X) or (isinstance(X, (list, tuple)) and any(map(_is_task, X)))


def _is_task(item: object) -> bool:
    """Tell whether an item of a list is a task, and not a row of one array."""
    shape = shape_of(item)
    if shape is not None:
        return len(shape) >= 2
    return item is None or is_foreign(item) or is_table_dataset(item)
