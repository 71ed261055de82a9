"""The labels of every task, encoded as classes of all tasks together."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae._sklearn_types import FittedClassifier
from sk_jae.tasks.array_types import Targets
from sk_jae.tasks.class_weight import weights_of_classes
from sk_jae.tasks.conversion import (
    check_one_per_sample,
    is_per_task,
    items_per_task,
    kind_of,
)
from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.label_values import (
    UNLABELED,
    TaskLabels,
    read_labels,
    to_vector,
)
from sk_jae.tasks.targets import EncodedTargets
from sk_jae.tasks.wording import counted

__all__ = [
    "Labels",
    "check_labels",
    "check_score_labels",
    "items_of_targets",
    "labeled_samples",
]


@dataclass(frozen=True)
class Labels(EncodedTargets):
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
    class_weight : ndarray of shape (n_classes,) or None
        How much the samples of each class count; None if all count alike.
    weights : tuple of (ndarray of shape (n_samples_t,) or None)
        How much each sample counts; empty if all count alike.
    """

    classes: NDArray[Any]
    encoded: tuple[NDArray[np.int64] | None, ...]
    class_mask: NDArray[np.bool_]
    class_weight: NDArray[np.float64] | None = None
    weights: tuple[NDArray[np.float64] | None, ...] = ()


def check_labels(
    y: Targets | None,
    tasks: TaskInputs,
    estimator: object,
    class_weight: object = None,
) -> Labels:
    """Check the labels of all tasks in `fit` and encode them.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Labels in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        For messages.
    class_weight : dict, "balanced" or None, default=None
        See the estimators.

    Returns
    -------
    labels : Labels

    Raises
    ------
    ValueError, TypeError
        If the labels or the weights of classes cannot be used; the message names the
        task.
    """
    is_one_task = tasks.container_kind == "array"
    given = _read(y, tasks, estimator, is_one_task=is_one_task)
    parts = [
        part if part is not None and tasks.counted(t, part.labeled).any() else None
        for t, part in enumerate(given)
    ]
    observed = [None if part is None else part.observed for part in parts]
    found = [values for values in observed if values is not None]
    if not found:
        raise ValueError(
            "y has no labeled sample in any task, expected some in at least one (None "
            f"marks a task without labels, and {UNLABELED}, None or NaN marks a sample "
            "without one; samples of weight 0 do not count); JointAutoencoder needs no "
            "labels."
        )
    _check_one_kind(observed, tasks)
    classes = np.unique(np.concatenate(found))
    any_marked = any(part is not None and part.marked for part in given)
    if len(classes) < 2:
        raise ValueError(_one_class(classes[0].item(), any_marked, estimator))
    if any_marked and tasks.container is None:
        _warn_of_marks(classes, given)
    encoded: list[NDArray[np.int64] | None] = []
    for part in parts:
        if part is None:
            encoded.append(None)
            continue
        codes = np.full(len(part.values), UNLABELED, dtype=np.int64)
        labels = part.values[part.labeled].astype(classes.dtype)
        codes[part.labeled] = np.searchsorted(classes, labels)
        encoded.append(codes)
    return Labels(
        classes,
        tuple(encoded),
        _class_mask(classes, parts, observed, tasks),
        weights_of_classes(class_weight, classes, encoded, tasks.weights),
        tasks.weights,
    )


def check_score_labels(
    y: Targets | None, tasks: TaskInputs, estimator: FittedClassifier
) -> list[tuple[NDArray[Any], NDArray[np.bool_]] | None]:
    """Check the labels of all tasks in `score`.

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
            mask = ~part.missing
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
    """Return the mask of labeled samples of each task, None where y has no labels."""
    return [
        None if part is None else part.labeled for part in _read(y, tasks, estimator)
    ]


def _read(
    y: Targets | None,
    tasks: TaskInputs,
    estimator: object,
    *,
    is_one_task: bool = False,
) -> list[TaskLabels | None]:
    return [
        None if part is None else read_labels(part, tasks.describe(t, "y"), is_one_task)
        for t, part in enumerate(split_labels(y, tasks, estimator))
    ]


def _one_class(only: object, any_marked: bool, estimator: object) -> str:
    text = (
        f"y has only one class, {only!r}, in all tasks together, but "
        f"{type(estimator).__name__} needs at least two"
    )
    if any_marked and only == 1:
        return (
            f"{text}; {UNLABELED} marks unlabeled samples here, and if it is a class, "
            "recode the labels of each task before, for example with "
            f"np.where(y == {UNLABELED}, 0, 1)."
        )
    return f"{text}."


def _warn_of_marks(classes: NDArray[Any], parts: Sequence[TaskLabels | None]) -> None:
    """Warn that -1 counts as a mark, although it may be a class.

    It may be one if the labels of every task hold it beside others.
    """
    everywhere = all(part is not None and part.marked for part in parts)
    some_of_each = all(part is not None and part.labeled.any() for part in parts)
    if everywhere and some_of_each and kind_of(classes) == "numbers":
        warnings.warn(
            f"y holds {UNLABELED} beside {counted(classes, 'other label')}, and the "
            f"samples with {UNLABELED} count as unlabeled; if {UNLABELED} is a class, "
            "give it another number, and if it is none, None or NaN in its place says "
            "so without this warning.",
            UserWarning,
            stacklevel=5,
        )


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
    parts: Sequence[TaskLabels | None],
    observed: Sequence[NDArray[Any] | None],
    tasks: TaskInputs,
) -> NDArray[np.bool_]:
    """Find the classes of each task.

    They are its own if its labels are complete, or if no other task has its classes.
    Otherwise they are all classes.
    """
    class_mask = np.ones((len(parts), len(classes)), dtype=bool)
    for t, (part, values) in enumerate(zip(parts, observed, strict=True)):
        if part is None or values is None:
            continue
        others = [v for u, v in enumerate(observed) if u != t and v is not None]
        disjoint = others and not np.isin(values, np.concatenate(others)).any()
        if disjoint or not tasks.counted(t, ~part.labeled).any():
            class_mask[t] = np.isin(classes, values)
    return class_mask


def split_labels(
    y: Targets | None, tasks: TaskInputs, estimator: object
) -> list[NDArray[Any] | None]:
    """Split y into one array or None per task, with one value of any kind per sample.

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
    return [
        None if item is None else _one_per_sample(item, tasks, t)
        for t, item in enumerate(items_of_targets(y, tasks, estimator, to_vector))
    ]


def items_of_targets(
    y: Targets | None,
    tasks: TaskInputs,
    estimator: object,
    to_values: Callable[[object, str], NDArray[Any]],
) -> list[Any]:
    """Return what y has for each task, None for a task without labels.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        In the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        For messages.
    to_values : callable
        Converts a flat y, given with its words for messages, to an array.

    Returns
    -------
    items : list

    Raises
    ------
    ValueError, TypeError
        If `y` has not the form of X.
    """
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None; give the labels of at least one task."
        )
    if tasks.container is not None:
        if is_per_task(y):
            raise TypeError(
                f"y is a {type(y).__name__} with one item per task while X is a "
                "JointArrays; take the flat y that X, y = pack(X, y) returns."
            )
        flat = to_values(y, "y")
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


def _one_per_sample(item: object, tasks: TaskInputs, t: int) -> NDArray[Any]:
    words = tasks.describe(t, "y")
    labels = to_vector(item, words)
    array = tasks.arrays[t]
    if array is not None:
        check_one_per_sample(
            labels,
            len(array),
            words,
            what="label",
            remedy=f"; mark unlabeled samples with {UNLABELED} or None",
        )
    return labels
