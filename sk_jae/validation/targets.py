"""From `y` in any form to one array per task, with one value per sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from sk_jae._conversion import UNLABELED, items_per_task, to_array
from sk_jae.validation.tasks import Tasks

__all__ = ["label_words", "split_labels"]


def label_words(tasks: Tasks, t: int) -> str:
    """The words for the labels of a task in messages: ``y of task 'usps'``."""
    return "y" if tasks.form == "array" else f"y of task {tasks.names[t]!r}"


def split_labels(y: Any, tasks: Tasks, estimator: Any) -> list[NDArray[Any] | None]:
    """One array or None per task, with one value of any kind per sample.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        In the form of X, or flat for a JointArrays.
    tasks : Tasks
        The samples.
    estimator : estimator
        For messages.

    Returns
    -------
    parts : list of (ndarray of shape (n_samples_t,) or None)

    Raises
    ------
    ValueError, TypeError
        If `y` has not the form of X, or not one value per sample.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None; give the labels of at least one task."
        )
    return [
        None if item is None else _one_per_sample(item, tasks, t)
        for t, item in enumerate(_items(y, tasks))
    ]


def _items(y: Any, tasks: Tasks) -> list[Any]:
    """What y has for each task, None for a task without labels."""
    if tasks.container is not None:
        if isinstance(y, Mapping) or _has_parts(y):
            raise TypeError(
                f"y is a {type(y).__name__} with one item per task while X is a "
                "JointArrays; take the flat y that X, y = pack(X, y) returns."
            )
        flat = _to_vector(y, "y")
        if len(flat) != len(tasks.container):
            raise ValueError(
                f"y has {len(flat)} labels, expected {len(tasks.container)}, one for "
                "each sample of all tasks in X; take both from X, y = pack(X, y)."
            )
        parts = tasks.container.split(flat)
        values = parts.values() if isinstance(parts, dict) else parts
        by_task = dict(zip(tasks.given, values, strict=True))
        return [by_task.get(t) for t in range(len(tasks.names))]
    if tasks.form == "array":
        if isinstance(y, Mapping):
            raise TypeError(
                "y is a dict while X is one array, expected one label per sample of X."
            )
        return [y]
    return items_per_task(y, len(tasks.names), tasks.names, "y")


def _has_parts(y: Any) -> bool:
    return isinstance(y, (list, tuple)) and any(
        item is None or (np.iterable(item) and not isinstance(item, (str, bytes)))
        for item in y
    )


def _to_vector(item: Any, words: str) -> NDArray[Any]:
    """Labels as an array of one dimension."""
    labels = to_array(item, words)
    if labels.dtype.kind == "U" and isinstance(item, (list, tuple)):
        # numpy makes text of all in ["cat", -1], but keeps an array of text as it is.
        if not all(isinstance(value, str) for value in item) and labels.ndim == 1:
            labels = np.array(item, dtype=object)
    elif labels.dtype.kind == "T":
        labels = labels.astype(str)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = column_or_1d(labels, warn=True)
    if labels.ndim != 1:
        raise ValueError(
            f"{words} has shape {labels.shape}, expected 1 dimension with one label "
            "per sample."
        )
    return labels


def _one_per_sample(item: Any, tasks: Tasks, t: int) -> NDArray[Any]:
    words = label_words(tasks, t)
    labels = _to_vector(item, words)
    array = tasks.arrays[t]
    if array is not None and len(labels) != len(array):
        raise ValueError(
            f"{words} has {len(labels)} labels, expected {len(array)}, one per sample; "
            f"mark unlabeled samples with {UNLABELED}."
        )
    return labels
