"""Which samples early stopping holds out, so that no subject is on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import TaskInputs
from sk_jae.training import TaskData

__all__ = ["counted_rows", "held_out"]

# The rows of each task, and those of the subjects that several tasks have.
Side: TypeAlias = tuple[list[NDArray[np.intp]], NDArray[np.intp] | None]


def held_out(
    orders: Sequence[NDArray[np.intp]],
    numbers: Sequence[int],
    pairs: NDArray[np.intp] | None,
    names: Sequence[str],
) -> tuple[Side, Side]:
    """Divide the samples of all tasks into those to train on and those held out.

    Parameters
    ----------
    orders : sequence of ndarray of int
        The order in which the samples of each task are held out, by their rows.
    numbers : sequence of int
        How many samples of each task to hold out, fewer than it has.
    pairs : ndarray of int of shape (n_subjects, n_tasks) or None
        The rows of the subjects that several tasks have, -1 for a task without it.
    names : sequence of str
        The names of the tasks, for messages.

    Returns
    -------
    train, valid : tuple of (list of ndarray, ndarray or None)
        The rows of each task, and the rows of the subjects.

    Raises
    ------
    ValueError
        If a task would have no sample to train on, because subjects tie all of them to
        samples that are held out.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._held_out import held_out
    >>> orders = np.array([3, 0, 1, 2]), np.array([1, 0])
    >>> train, valid = held_out(orders, (1, 1), np.array([[2, 1]]), "ab")
    >>> valid
    ([array([2]), array([1])], array([[2, 1]]))
    """
    n_tasks = len(orders)
    out = [np.zeros(order.max(initial=-1) + 1, dtype=bool) for order in orders]
    decided = [np.zeros(order.max(initial=-1) + 1, dtype=bool) for order in orders]
    # A small task comes first: it has fewer samples that could be held out.
    for t in sorted(range(n_tasks), key=lambda t: len(orders[t])):
        free = orders[t][~decided[t][orders[t]]]
        missing = numbers[t] - int(out[t].sum())
        out[t][free[: max(missing, 0)]] = True
        decided[t][:] = True
        if pairs is not None:
            _decide_others(pairs, t, out, decided)
        if len(orders[t]) and out[t][orders[t]].all():
            raise ValueError(
                f"All samples of task {names[t]!r} have ids of samples of other tasks "
                "that early_stopping holds out, so that none is left to train on; set "
                "early_stopping=False."
            )
    train = [np.sort(rows[~own[rows]]) for rows, own in zip(orders, out, strict=True)]
    valid = [np.sort(rows[own[rows]]) for rows, own in zip(orders, out, strict=True)]
    if pairs is None:
        return (train, None), (valid, None)
    is_out = _is_out(pairs, out)
    return (train, _some(pairs[~is_out])), (valid, _some(pairs[is_out]))


def _decide_others(
    pairs: NDArray[np.intp],
    t: int,
    out: list[NDArray[np.bool_]],
    decided: list[NDArray[np.bool_]],
) -> None:
    """Let the other samples of the subjects of a task follow those of the task."""
    own = pairs[pairs[:, t] >= 0]
    for u in range(pairs.shape[1]):
        both = own[own[:, u] >= 0]
        rows = both[:, u]
        new = ~decided[u][rows]
        out[u][rows[new]] = out[t][both[new, t]]
        decided[u][rows] = True


def _is_out(pairs: NDArray[np.intp], out: list[NDArray[np.bool_]]) -> NDArray[np.bool_]:
    """Whether a subject is held out, which all its samples are, or none."""
    found = np.zeros(len(pairs), dtype=bool)
    for t, own in enumerate(out):
        has = pairs[:, t] >= 0
        found[has] |= own[pairs[has, t]]
    return found


def _some(pairs: NDArray[np.intp]) -> NDArray[np.intp] | None:
    return pairs if len(pairs) else None


def counted_rows(inputs: TaskInputs | TaskData) -> list[NDArray[np.intp]]:
    """The rows of each task, but for those whose weight is 0."""
    rows = [np.arange(len(array)) for array in inputs.arrays]
    for t, weights in enumerate(inputs.weights):
        if weights is not None:
            rows[t] = np.flatnonzero(weights)
    return rows
