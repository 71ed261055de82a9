"""The rows of different tasks that belong to one subject."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.conversion import items_per_task
from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.ids import Ids, check_groups, check_several_tasks, first_rows
from sk_jae.tasks.joint_arrays import JointArrays

__all__ = ["joint_rows", "pairs_of"]


def pairs_of(ids: Ids | None, tasks: TaskInputs) -> NDArray[np.intp] | None:
    """Find the subjects that several tasks have, in `fit`.

    Parameters
    ----------
    ids : list, tuple, dict or None
        One array of ids per task, or None for a task without. A JointArrays has its
        own.
    tasks : TaskInputs
        The samples. Those of weight 0 belong to no subject.

    Returns
    -------
    rows : ndarray of shape (n_subjects, n_tasks) or None
        The row of every such subject in each task, -1 for a task without it.

    Raises
    ------
    ValueError, TypeError
        If the ids cannot be used; the message names the task.
    """
    groups: list[NDArray[np.intp] | None]
    if tasks.container is not None:
        if ids is not None:
            raise TypeError(
                "ids is given beside a JointArrays, expected ids in the JointArrays: "
                "they come with X, y = pack(X, y, ids=ids), so that a selection of its "
                "samples has them too."
            )
        if not tasks.container._has_ids:
            return None
        groups = _groups_in(tasks.container)
    elif ids is None:
        return None
    else:
        groups = [*_groups_of(ids, tasks, must_meet=True)]
    rows = first_rows(groups)
    for t, weights in enumerate(tasks.weights):
        if weights is not None:
            rows[weights[rows[:, t]] == 0, t] = -1  # samples that do not count
    rows = rows[(rows >= 0).sum(axis=1) > 1]
    return rows if len(rows) else None


def joint_rows(ids: Ids | None, tasks: TaskInputs) -> NDArray[np.intp]:
    """Find the rows of every subject in the tasks that are given.

    Parameters
    ----------
    ids : list, tuple, dict or None
        As in :func:`pairs_of`. None takes equal row numbers for one subject.
    tasks : TaskInputs
        The samples; tasks that are skipped have none.

    Returns
    -------
    rows : ndarray of shape (n_subjects, n_tasks)
        The row of each subject in each task, -1 for a task without it. The subjects are
        in the order in which they come first, task after task.

    Raises
    ------
    ValueError, TypeError
        If ids are needed or cannot be used, or if without them the numbers of samples
        differ; the message names the task.
    """
    found: list[NDArray[np.intp] | None] = [None] * len(tasks.names)
    if tasks.container is not None:
        if ids is not None or not tasks.container._has_ids:
            raise TypeError(
                "X is a JointArrays, expected one that has ids and no others beside "
                "it: they come with X, y = pack(X, y, ids=ids)."
            )
        groups = _groups_in(tasks.container)
        for t, own in zip(tasks.positions, groups, strict=True):
            found[t] = own
    elif ids is not None:
        own_groups = _groups_of(ids, tasks, must_meet=False)
        for t, array in enumerate(tasks.arrays):
            if array is not None:
                found[t] = own_groups[t]
    else:
        _check_equal_lengths(tasks)
        for t, array in enumerate(tasks.arrays):
            if array is not None:
                found[t] = np.arange(len(array))
    return first_rows(found)


def _groups_of(
    ids: Ids, tasks: TaskInputs, *, must_meet: bool
) -> list[NDArray[np.intp]]:
    """Number the subjects by the ids that are given beside the samples."""
    check_several_tasks(len(tasks.names))
    items = items_per_task(ids, len(tasks.names), tasks.names, "ids")
    sizes = [0 if array is None else len(array) for array in tasks.arrays]
    items = [
        None if array is None else item
        for item, array in zip(items, tasks.arrays, strict=True)
    ]
    return check_groups(items, sizes, tasks.names, must_meet=must_meet)


def _groups_in(container: JointArrays) -> list[NDArray[np.intp] | None]:
    """The numbers of the subjects in the order of the container's tasks."""
    groups, task = container.groups, container.task
    return [groups[task == t] for t in range(container.n_tasks)]


def _check_equal_lengths(tasks: TaskInputs) -> None:
    sizes = {
        name: len(array)
        for name, array in zip(tasks.names, tasks.arrays, strict=True)
        if array is not None
    }
    (first, n), *others = sizes.items()
    for name, size in others:
        if size != n:
            raise ValueError(
                f"X of task {name!r} has {size} samples and that of task {first!r} has "
                f"{n}; without ids, rows of equal number are one subject, so give ids, "
                "one array per task."
            )
