"""The labels of every task, encoded as classes of all tasks together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from sk_jae._sklearn_types import FittedClassifier
from sk_jae.tasks.array_types import Targets
from sk_jae.tasks.conversion import (
    UNLABELED,
    check_one_dimension,
    check_one_per_sample,
    is_per_task,
    items_per_task,
    kind_of,
    labeled_mask,
    to_array,
    to_labels,
)
from sk_jae.tasks.forms import TaskInputs

__all__ = [
    "Labels",
    "check_labels",
    "check_score_labels",
    "labeled_samples",
]


@dataclass(frozen=True)
class Labels:
    """The labels of every task, encoded as positions in `classes`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        All classes of all tasks, sorted.
    encoded : tuple of (ndarray of int64 of shape (n_samples_t,) or None)
        Positions in `classes`, -1 for an unlabeled sample; None for a task without
        any labeled sample.
    class_mask : ndarray of bool of shape (n_tasks, n_classes)
        The classes among which each task's samples are predicted.
    """

    classes: NDArray[Any]
    encoded: tuple[NDArray[np.int64] | None, ...]
    class_mask: NDArray[np.bool_]


@dataclass(frozen=True)
class _TaskLabels:
    """The labels of one task; those of unlabeled samples have no meaning."""

    values: NDArray[Any]
    labeled: NDArray[np.bool_]

    @property
    def observed(self) -> NDArray[Any]:
        return np.unique(self.values[self.labeled])


def check_labels(y: Targets | None, tasks: TaskInputs, estimator: object) -> Labels:
    """Check the labels of all tasks in `fit` and encode them.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Labels in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        For messages.

    Returns
    -------
    labels : Labels

    Raises
    ------
    ValueError, TypeError
        If the labels cannot be used; the message names the task.
    """
    is_one_task = tasks.container_kind == "array"
    parts = [
        part if part is not None and part.labeled.any() else None
        for part in _read(y, tasks, estimator, is_one_task=is_one_task)
    ]
    observed = [None if part is None else part.observed for part in parts]
    found = [values for values in observed if values is not None]
    if not found:
        raise ValueError(
            "y has no labeled sample in any task, expected some in at least one (None "
            f"marks a task and {UNLABELED} a sample without labels); JointAutoencoder "
            "needs none."
        )
    _check_one_kind(observed, tasks)
    classes = np.unique(np.concatenate(found))
    if len(classes) < 2:
        raise ValueError(
            f"y has only one class, {classes[0].item()!r}, in all tasks together, but "
            f"{type(estimator).__name__} needs at least two."
        )
    encoded: list[NDArray[np.int64] | None] = []
    for part in parts:
        if part is None:
            encoded.append(None)
            continue
        codes = np.full(len(part.values), UNLABELED, dtype=np.int64)
        labels = part.values[part.labeled].astype(classes.dtype)
        codes[part.labeled] = np.searchsorted(classes, labels)
        encoded.append(codes)
    return Labels(classes, tuple(encoded), _class_mask(classes, parts, observed))


def check_score_labels(
    y: Targets | None, tasks: TaskInputs, estimator: FittedClassifier
) -> list[tuple[NDArray[Any], NDArray[np.bool_]] | None]:
    """The labels of all tasks in `score`.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Labels in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        Its `classes_` tell whether -1 is a class.

    Returns
    -------
    labels : list of (tuple or None)
        Labels and the mask of labeled samples, None for a task without samples or
        without any labeled one.

    Raises
    ------
    ValueError, TypeError
        If no sample has a label, or if the labels cannot be used.
    """
    if y is None:
        raise ValueError(
            "y is None, but score needs the label of at least one sample; for scores "
            "without labels see sk_jae.metrics."
        )
    classes = estimator.classes_
    found: list[tuple[NDArray[Any], NDArray[np.bool_]] | None] = []
    for t, part in enumerate(_read(y, tasks, estimator)):
        if part is None or tasks.arrays[t] is None:
            found.append(None)
            continue
        mask = part.labeled
        if kind_of(classes) == "numbers" and UNLABELED in classes:
            mask = np.ones(len(part.values), dtype=bool)
        if mask.any() and kind_of(part.values) != kind_of(classes):
            raise TypeError(
                f"{tasks.describe(t, 'y')} holds {kind_of(part.values)}, expected "
                f"{kind_of(classes)} as in fit."
            )
        found.append((part.values, mask) if mask.any() else None)
    if not any(found):
        raise ValueError(
            "y has no labeled sample in any task, but score needs at least one; in "
            "cross-validation, a splitter that stratifies on y, such as "
            "sk_jae.model_selection.JointStratifiedKFold, puts some into every fold."
        )
    return found


def labeled_samples(
    y: Targets | None, tasks: TaskInputs, estimator: object
) -> list[NDArray[np.bool_] | None]:
    """The mask of labeled samples of each task, None for a task without labels."""
    return [
        None if part is None else part.labeled for part in _read(y, tasks, estimator)
    ]


def _read(
    y: Targets | None,
    tasks: TaskInputs,
    estimator: object,
    *,
    is_one_task: bool = False,
) -> list[_TaskLabels | None]:
    return [
        None if part is None else _read_one(part, tasks.describe(t, "y"), is_one_task)
        for t, part in enumerate(split_labels(y, tasks, estimator))
    ]


def _read_one(labels: NDArray[Any], words: str, is_one_task: bool) -> _TaskLabels:
    """Classes of one task: int64, floating-point, boolean or text."""
    if labels.dtype == object and any(isinstance(value, str) for value in labels):
        # As in scikit-learn's semi-supervised classifiers, text has room for -1 here.
        labeled = labeled_mask(labels)
        kept = to_labels(labels[labeled], words)
        values = np.zeros(len(labels), dtype=kept.dtype)
        values[labeled] = kept
        return _TaskLabels(values, labeled)
    values = to_labels(labels, words)
    kind = values.dtype.kind
    if kind == "f" and not (np.isfinite(values) & (values == np.floor(values))).all():
        # scikit-learn's checks look for what is in parentheses.
        raise ValueError(
            f"{words} holds fractions or infinity (Unknown label type: continuous), "
            "expected classes; for a regression target, use JointAutoencoder and a "
            "regressor on its codes."
        )
    return _TaskLabels(values, labeled_mask(values, is_one_task=is_one_task))


def _check_one_kind(observed: Sequence[NDArray[Any] | None], tasks: TaskInputs) -> None:
    first: dict[str, int] = {}
    for t, values in enumerate(observed):
        if values is not None:
            first.setdefault(kind_of(values), t)
    if len(first) > 1:
        (kind, t), (other, u) = first.items()
        raise TypeError(
            f"{tasks.describe(t, 'y')} holds {kind} and {tasks.describe(u, 'y')} holds "
            f"{other}, expected the same label for the same class in every task."
        )


def _class_mask(
    classes: NDArray[Any],
    parts: Sequence[_TaskLabels | None],
    observed: Sequence[NDArray[Any] | None],
) -> NDArray[np.bool_]:
    """The classes of each task: its own if complete or disjoint from the others."""
    class_mask = np.ones((len(parts), len(classes)), dtype=bool)
    for t, (part, values) in enumerate(zip(parts, observed, strict=True)):
        if part is None or values is None or len(values) < 2:
            continue
        others = [v for u, v in enumerate(observed) if u != t and v is not None]
        disjoint = others and not np.isin(values, np.concatenate(others)).any()
        if part.labeled.all() or disjoint:
            class_mask[t] = np.isin(classes, values)
    return class_mask


def split_labels(
    y: Targets | None, tasks: TaskInputs, estimator: object
) -> list[NDArray[Any] | None]:
    """One array or None per task, with one value of any kind per sample.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        In the form of X, or flat for a JointArrays.
    tasks : TaskInputs
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


def _items(y: Targets, tasks: TaskInputs) -> list[Any]:
    """What y has for each task, None for a task without labels."""
    if tasks.container is not None:
        if is_per_task(y):
            raise TypeError(
                f"y is a {type(y).__name__} with one item per task while X is a "
                "JointArrays; take the flat y that X, y = pack(X, y) returns."
            )
        flat = _to_vector(y, "y")
        check_one_per_sample(
            flat,
            len(tasks.container),
            "y",
            what="label",
            remedy=" of all tasks in X; take both from X, y = pack(X, y)",
        )
        parts = tasks.container.split(flat)
        values = parts.values() if isinstance(parts, dict) else parts
        by_task = dict(zip(tasks.positions, values, strict=True))
        return [by_task.get(t) for t in range(len(tasks.names))]
    if tasks.container_kind == "array":
        if isinstance(y, Mapping):
            raise TypeError(
                "y is a dict while X is one array, expected one label per sample of X."
            )
        return [y]
    return items_per_task(y, len(tasks.names), tasks.names, "y")


def _to_vector(item: object, words: str) -> NDArray[Any]:
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
    check_one_dimension(labels, words)
    return labels


def _one_per_sample(item: object, tasks: TaskInputs, t: int) -> NDArray[Any]:
    words = tasks.describe(t, "y")
    labels = _to_vector(item, words)
    array = tasks.arrays[t]
    if array is not None:
        check_one_per_sample(
            labels,
            len(array),
            words,
            what="label",
            remedy=f"; mark unlabeled samples with {UNLABELED}",
        )
    return labels
