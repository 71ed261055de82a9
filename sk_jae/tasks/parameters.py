"""Constructor parameters and arguments that refer to tasks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np

from sk_jae.tasks.wording import counted, listed, unknown_task

__all__ = ["check_task", "check_weights", "per_task"]


def per_task(
    value: object,
    names: Sequence[str],
    parameter: str,
    *,
    is_one: Callable[[Any], bool],
) -> list[Any]:
    """Return one value of a constructor parameter per task.

    Parameters
    ----------
    value : object, or list, tuple, ndarray or dict of these
        One value for all tasks, or one per task.
    names : sequence of str
        The names of the tasks.
    parameter : str
        The name of the parameter, for messages.
    is_one : callable
        Tells whether `value` is one value for all tasks.

    Returns
    -------
    values : list

    Raises
    ------
    ValueError, TypeError
        If these are not the tasks, not so many, or not values at all.

    Examples
    --------
    >>> from sk_jae.tasks import per_task
    >>> per_task({"b": 2, "a": 1}, ["a", "b"], "width", is_one=lambda v: v == 0)
    [1, 2]
    """
    if is_one(value):
        return [value] * len(names)
    if isinstance(value, Mapping):
        for name in value:
            if name not in names:
                raise ValueError(unknown_task(name, names, parameter))
        for name in names:
            if name not in value:
                raise ValueError(
                    f"{parameter} has no value for task {name!r}, expected one for "
                    f"each of the tasks {listed(names)}."
                )
        return [value[name] for name in names]
    if isinstance(value, np.ndarray) and value.ndim == 1:
        value = list(value)
    if isinstance(value, (list, tuple)):
        if len(value) != len(names):
            raise ValueError(
                f"{parameter} has {counted(value, 'value')}, expected {len(names)}, "
                f"one for each of the tasks {listed(names)}, or a single one for all."
            )
        return list(value)
    raise TypeError(
        f"{parameter} is {value!r}, expected one value for all tasks, or a list or "
        "dict with one for each."
    )


def check_weights(value: object, names: Sequence[str], parameter: str) -> list[float]:
    """Check loss weights and return one per task.

    Parameters
    ----------
    value : float, or list, tuple, ndarray or dict of float
    names : sequence of str
        The names of the tasks.
    parameter : str
        The name of the parameter, for messages.

    Returns
    -------
    weights : list of float

    Raises
    ------
    ValueError, TypeError
        If a weight is negative or not a finite number, or if there is not one per task.
    """
    weights = per_task(value, names, parameter, is_one=_is_number)
    for name, weight in zip(names, weights, strict=True):
        if not _is_number(weight) or not 0 <= weight < np.inf:
            raise ValueError(
                f"{parameter} of task {name!r} is {weight!r}, expected a finite number "
                "of at least 0."
            )
    return [float(weight) for weight in weights]


def check_task(task: object, names: Sequence[str], parameter: str) -> int:
    """Return the position of a task that is given by name or position.

    Parameters
    ----------
    task : int or str
    names : sequence of str
        The names of the tasks.
    parameter : str
        The name of the parameter, for messages.

    Returns
    -------
    t : int

    Raises
    ------
    ValueError
        If there is no such task.

    Examples
    --------
    >>> from sk_jae.tasks import check_task
    >>> check_task("usps", ["mnist", "usps"], "task")
    1
    """
    if isinstance(task, str) and task in names:
        return list(names).index(task)
    if isinstance(task, Integral) and not isinstance(task, bool):
        position = int(task)
        if 0 <= position < len(names):
            return position
    raise ValueError(
        f"{parameter}={task!r} is an unknown task, expected one of {listed(names)} or "
        f"a position from 0 to {len(names) - 1}."
    )


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
