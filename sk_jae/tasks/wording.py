"""The words for tasks in messages, so that all messages speak of them alike."""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Sized

__all__ = ["counted", "default_names", "describe_task", "listed", "unknown_task"]


def default_names(n_tasks: int) -> tuple[str, ...]:
    """Return the names of tasks to which the user gave none."""
    return tuple(f"task{t}" for t in range(n_tasks))


def describe_task(name: str | None, part: str = "X") -> str:
    """Return the words for a task's part of an argument: ``X of task 'usps'``.

    Parameters
    ----------
    name : str or None
        The name of the task, None if the argument is one bare array.
    part : str, default="X"
        The name of the argument, or of anything else that belongs to the task.

    Returns
    -------
    words : str

    Examples
    --------
    >>> from sk_jae.tasks import describe_task
    >>> describe_task("usps", "y")
    "y of task 'usps'"
    >>> describe_task(None, "y")
    'y'
    """
    return part if name is None else f"{part} of task {name!r}"


def listed(names: Iterable[str]) -> str:
    """Write the names of tasks in quotes, with commas between them."""
    return ", ".join(map(repr, names))


def counted(things: Sized | int, noun: str) -> str:
    """Write a number of things with their name: ``1 task``, ``2 tasks``."""
    n = things if isinstance(things, int) else len(things)
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"


def unknown_task(name: object, names: Sequence[str], argument: str) -> str:
    """Write the message for a name of a task that does not exist."""
    return (
        f"{argument} has the unknown task {name!r}, expected only names among "
        f"{listed(names)}."
    )
