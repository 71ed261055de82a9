"""The ids of samples: rows of different tasks with equal ids are one subject."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.conversion import is_missing
from sk_jae.tasks.wording import counted, describe_task

__all__ = [
    "Ids",
    "check_groups",
    "check_several_tasks",
    "first_rows",
    "numbered",
]

# One array of ids per task, None for a task without.
Ids: TypeAlias = Sequence[Any] | Mapping[str, Any]


def check_several_tasks(n_tasks: int) -> None:
    """Refuse ids of the samples of a single task."""
    if n_tasks < 2:
        raise ValueError(
            "ids says which samples of different tasks belong together, but X is a "
            "single task; leave ids out, or give X as a list or dict of tasks."
        )


def check_groups(
    items: Sequence[object],
    n_samples: Sequence[int],
    names: Sequence[str],
    *,
    must_meet: bool = True,
) -> list[NDArray[np.intp]]:
    """Check the ids of all tasks, and number the subjects.

    Parameters
    ----------
    items : sequence of (iterable of hashable or None)
        The ids of each task. None in place of an id is a sample that belongs to no
        other, and so are NaN, NA and NaT.
    n_samples : sequence of int
        The number of samples of each task.
    names : sequence of str
        The names of the tasks, for messages.
    must_meet : bool, default=True
        Whether ids of which none occurs in two tasks are refused.

    Returns
    -------
    groups : list of ndarray of shape (n_samples_t,)
        The number of the subject of each sample, by first appearance, task after task.
        A sample without id is a subject of its own.

    Raises
    ------
    ValueError, TypeError
        If ids are not one per sample, not hashable, or twice in a task, or if no id
        occurs in two tasks; the message names the task.
    """
    new = count()
    known: dict[Any, int] = {}
    groups = []
    n_ids = 0
    for item, n, name in zip(items, n_samples, names, strict=True):
        words = describe_task(name, "ids")
        own = [None] * n if item is None else _values(item, n, words)
        given = [value for value in own if value is not None]
        _check_unique(given, words)
        n_ids += len(given)
        numbers = [
            next(new) if value is None else _number(value, known, new) for value in own
        ]
        groups.append(np.array(numbers, dtype=np.intp))
    if must_meet and n_ids == len(known):
        raise ValueError(
            "ids has no id that occurs in two tasks, so that no samples belong "
            "together; give rows of one subject the same id in every task, of the same "
            "type, or leave ids out."
        )
    return groups


def _number(value: object, known: dict[Any, int], new: count[int]) -> int:
    if value not in known:
        known[value] = next(new)
    return known[value]


def _values(item: Any, n: int, words: str) -> list[Any]:
    """Return the ids as plain Python objects, None for a sample without."""
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(item, method):
            item = getattr(item, method)()
            break
    if isinstance(item, (str, bytes, Mapping)) or not np.iterable(item):
        raise TypeError(
            f"{words} is {type(item).__name__}, expected one id per sample, or None "
            "for a task without ids."
        )
    found = [None if is_missing(value) else value for value in item]
    if len(found) != n:
        raise ValueError(
            f"{words} has {counted(found, 'id')}, expected {n}, one per sample; None "
            "in place of an id is a sample that belongs to no other."
        )
    for value in found:
        try:
            hash(value)
        except TypeError as error:
            raise TypeError(
                f"{words} holds {value!r}, which is not hashable; give every sample "
                "one number, one text or one tuple of these."
            ) from error
    return found


def _check_unique(ids: list[Any], words: str) -> None:
    seen = set()
    for value in ids:
        if value in seen:
            raise ValueError(
                f"{words} has the id {value!r} more than once, expected at most one "
                "sample of a subject in a task; None in place of an id is a sample "
                "that belongs to no other."
            )
        seen.add(value)


def numbered(groups: NDArray[np.intp]) -> NDArray[np.intp]:
    """Number groups by their first appearance."""
    _, first, group = np.unique(groups, return_index=True, return_inverse=True)
    numbers: NDArray[np.intp] = np.argsort(np.argsort(first))[group]
    return numbers


def first_rows(groups: Sequence[NDArray[np.intp] | None]) -> NDArray[np.intp]:
    """Return the rows of every subject in every task.

    Parameters
    ----------
    groups : sequence of (ndarray of shape (n_samples_t,) or None)
        The number of the subject of each sample; None for a task that is left out.

    Returns
    -------
    rows : ndarray of shape (n_subjects, n_tasks)
        The subjects are in the order of their numbers. -1 stands where a task has no
        sample of a subject. If it has several, which are copies that were drawn by a
        tool such as :func:`sklearn.utils.resample`, it is the first one.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks.ids import first_rows
    >>> first_rows([np.array([5, 2]), None, np.array([2, 9])])
    array([[ 1, -1,  0],
           [ 0, -1, -1],
           [-1, -1,  1]])
    """
    present = [own for own in groups if own is not None]
    subjects = np.unique(np.concatenate(present))
    rows = np.full((len(subjects), len(groups)), -1, dtype=np.intp)
    for t, own in enumerate(groups):
        if own is not None:
            found, first = np.unique(own, return_index=True)
            rows[np.searchsorted(subjects, found), t] = first
    return rows
