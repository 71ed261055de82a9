"""The samples of one task in the form in which the user passed all of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import _safe_indexing

from sk_jae.validation import (
    Tasks,
    _default_names,
    _is_labeled,
    _open,
    _order,
    split_labels,
)

__all__ = [
    "labeled_parts",
    "open_fitted",
    "output_of",
    "part_of",
    "predictor_of",
    "rows_of",
]


def open_fitted(X: Any, estimator: Any) -> Tasks:
    """The tasks of X as they are, for an estimator that may be a pipeline or a search.

    What a pipeline's first step sees has not the features of the joint estimator, so
    only the form and the names are checked.
    """
    form, items, keys, container = _open(X, estimator)
    named = (part.task_names_ for part in _parts(estimator) if _knows_tasks(part))
    names = next(named, tuple(keys) if keys else _default_names(len(items)))
    if form == "array" and not hasattr(X, "shape"):
        items = [np.asarray(X)]
    items = _order(form, items, keys, names, estimator)
    return Tasks(form, names, tuple(items), container)


def part_of(tasks: Tasks, t: int, mask: NDArray[np.bool_] | None = None) -> Any:
    """The (chosen) samples of one task, in the form of X."""
    if tasks.container is not None:
        rows = rows_of(tasks, t)
        return tasks.container[rows if mask is None else rows[mask]]
    item = tasks.arrays[t]
    if mask is not None and not mask.all():
        item = _safe_indexing(item, mask)
    if tasks.form == "array":
        return item
    if tasks.form == "dict":
        return {tasks.names[t]: item}
    return [item if u == t else None for u in range(len(tasks.names))]


def rows_of(tasks: Tasks, t: int) -> NDArray[np.intp]:
    """Where the samples of one task are in a JointArrays."""
    container = tasks.container
    assert container is not None
    names = container.task_names
    if names is not None and tasks.names[t] in names:
        t = names.index(tasks.names[t])
    return np.flatnonzero(container.task == t)


def output_of(tasks: Tasks, t: int, output: Any) -> Any:
    """The output for one task among what an estimator returns for `part_of`."""
    if tasks.form == "dict":
        return output[tasks.names[t]]
    return output[t] if tasks.form == "list" else output


def labeled_parts(y: Any, tasks: Tasks, estimator: Any) -> list[bool]:
    """Whether each task has a labeled sample."""
    parts = split_labels(y, tasks, estimator)
    return [part is not None and bool(_is_labeled(part).any()) for part in parts]


def predictor_of(estimator: Any) -> Any:
    """What predicts at the end of searches and pipelines."""
    while True:
        if hasattr(estimator, "best_estimator_"):
            estimator = estimator.best_estimator_
        elif hasattr(estimator, "steps"):
            estimator = estimator.steps[-1][1]
        else:
            return estimator


def _parts(estimator: Any) -> Iterator[Any]:
    yield estimator
    if hasattr(estimator, "best_estimator_"):
        yield from _parts(estimator.best_estimator_)
    for _, step in reversed(getattr(estimator, "steps", [])):
        yield from _parts(step)


def _knows_tasks(estimator: Any) -> bool:
    return hasattr(estimator, "task_names_")
