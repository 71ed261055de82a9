"""The samples, ids and targets of a task that joins a fitted estimator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.axes import with_axes
from sk_jae.tasks.conversion import check_one_per_sample, kind_of
from sk_jae.tasks.forms import Samples, TaskInputs, has_tasks, parse_inputs
from sk_jae.tasks.ids import Ids
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.label_values import UNLABELED, read_labels, to_vector
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.layout_choice import LayoutParameter, check_layouts
from sk_jae.tasks.likelihoods import check_losses
from sk_jae.tasks.pairs import pairs_of
from sk_jae.tasks.regression_targets import TargetScale, to_targets
from sk_jae.tasks.samples import KnowsTasks, check_tasks
from sk_jae.tasks.whitened_layouts import whitened_like
from sk_jae.tasks.whitening import Whitening
from sk_jae.tasks.wording import counted, listed

__all__ = [
    "AddedTask",
    "check_added_labels",
    "check_added_targets",
    "check_added_task",
]


@dataclass(frozen=True)
class AddedTask:
    """What is given of the new task, behind the tasks that there are.

    Attributes
    ----------
    inputs : TaskInputs
        With the samples of all tasks, of which those of fit have none, or the samples
        to which samples of the new task belong.
    layout : Layout
    """

    inputs: TaskInputs
    layout: Layout


class _Unknown:
    """Knows no tasks."""

    task_names_: tuple[str, ...] = ()
    layouts_: tuple[Layout, ...] = ()


def check_added_task(
    X: Any,
    estimator: KnowsTasks,
    name: str | None,
    *,
    are_named: bool,
    layout: LayoutParameter,
    losses: object,
    scale: bool,
    whiten: Literal["all"] | None,
    axes: object,
    ids: Ids | None,
    X_paired: Samples | None,
    sample_weight: Any,
) -> AddedTask:
    """Check the samples of a new task.

    Parameters
    ----------
    X : array-like of shape (n_samples, ...)
    estimator : estimator
        Its `task_names_` and `layouts_` are those of the tasks that there are.
    name : str or None
        The name of the task.
    are_named : bool
        Whether the user has named the tasks that there are.
    layout : str or tuple of int, or list or dict of these
        The parameter, with a value for the new task if it has one per task.
    losses : str or callable, or list or dict of these
        The parameter `reconstruction_loss`, likewise.
    scale : bool
        Whether vectors and signals are scaled inside, if no other task tells.
    whiten : {"all"} or None
        Whether vectors are whitened, if no other task tells.
    axes : object
        The parameter `shared_input`, with a value for the new task if it has axes.
    ids : list, tuple or dict, or None
        Which samples of `X_paired` and `X` are one subject.
    X_paired : list, tuple, dict, JointArrays, array-like or None
        Samples of the tasks that there are.
    sample_weight : array-like of shape (n_samples,) or None

    Returns
    -------
    added : AddedTask

    Raises
    ------
    ValueError, TypeError
        If the samples, the name, the ids or the weights cannot be used.
    """
    known = estimator.task_names_
    name = _new_name(name, known, are_named=are_named)
    if isinstance(X, JointArrays) or has_tasks(X):
        raise TypeError(
            f"X is a {type(X).__name__} of tasks, expected the array of the one task "
            "that joins; add several one after the other."
        )
    names = (*known, name)
    all_tasks = TaskInputs(
        "list", names, (None,) * len(names), tuple(range(len(names)))
    )
    choice = check_layouts(layout, all_tasks)[-1]
    all_losses = check_losses(losses, names)
    vectors = [own for own in estimator.layouts_ if not own.is_image]
    if vectors:
        scale = any(own.scaling is not None for own in vectors)
        whiten = None
    tables = [own for own in estimator.layouts_ if own.kind == "vector"]
    if tables and all(isinstance(own.scaling, Whitening) for own in tables):
        whiten = "all"
    given, (own_layout,) = check_tasks(
        {name: X},
        estimator=_Unknown(),
        reset=True,
        layout={name: choice},
        scale=scale,
        whiten=whiten,
        losses=all_losses[-1],
        sample_weight=None if sample_weight is None else {name: sample_weight},
    )
    *_, own_layout = with_axes(
        axes, all_tasks, (*estimator.layouts_, own_layout), (*estimator.layouts_, None)
    )
    own_layout = whitened_like(own_layout, estimator.layouts_)
    paired = _paired(X_paired, ids, estimator)
    weights: tuple[Any, ...] = ()
    if given.weights:
        weights = (*(None for _ in known), *given.weights)
    inputs = replace(
        all_tasks,
        arrays=(*paired, *given.arrays),
        weights=weights,
        losses=tuple(all_losses),
        container_kind="dict" if are_named else "list",
    )
    inputs = replace(inputs, pairs=pairs_of(ids, inputs))
    return AddedTask(inputs, own_layout)


def _new_name(name: object, known: Sequence[str], *, are_named: bool) -> str:
    if name is None:
        if are_named:
            raise ValueError(
                f"name is None, but the tasks have the names {listed(known)}; give the "
                "new task a name of its own."
            )
        name = f"task{len(known)}"
    if not isinstance(name, str):
        raise TypeError(f"name is {name!r}, expected the name of the new task as str.")
    if name in known:
        raise ValueError(
            f"name={name!r} is one of the tasks that there are, {listed(known)}; give "
            "the new task another name."
        )
    return name


def _paired(
    X_paired: Samples | None, ids: Ids | None, estimator: KnowsTasks
) -> list[NDArray[Any]]:
    """The samples of the other tasks to which new ones belong, empty without."""
    if (ids is None) != (X_paired is None):
        given, missing = (
            ("ids", "X_paired") if X_paired is None else ("X_paired", "ids")
        )
        raise ValueError(
            f"{given} is given without {missing}, expected both: samples of the other "
            "tasks in X_paired, in the form given to fit, and ids that tell which of "
            "them belong to samples of X."
        )
    arrays: Sequence[NDArray[Any] | None] = [None] * len(estimator.task_names_)
    if X_paired is not None:
        if isinstance(X_paired, JointArrays):
            raise TypeError(
                "X_paired is a JointArrays, expected a list or dict with one array per "
                "task, None for a task without."
            )
        parse_inputs(X_paired, estimator.task_names_, "X_paired")
        arrays = check_tasks(X_paired, estimator=estimator)[0].arrays
    return [
        np.zeros((0, *layout.shape), dtype=np.float32) if array is None else array
        for array, layout in zip(arrays, estimator.layouts_, strict=True)
    ]


def check_added_labels(
    y: object,
    tasks: TaskInputs,
    classes: NDArray[Any],
) -> tuple[NDArray[np.int64] | None, NDArray[np.bool_]]:
    """Check the labels of a new task, which have the classes that there are.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or None
    tasks : TaskInputs
        The new task is the last.
    classes : ndarray of shape (n_classes,)

    Returns
    -------
    encoded : ndarray of int64 of shape (n_samples,) or None
        Positions in `classes`, -1 for an unlabeled sample. None without any label.
    possible : ndarray of bool of shape (n_classes,)
        The classes that samples of the task can have: its own, if all have labels.

    Raises
    ------
    ValueError, TypeError
        If the labels cannot be used, or if one is no class of the estimator.
    """
    every = np.ones(len(classes), dtype=bool)
    if y is None:
        return None, every
    words = tasks.describe(len(tasks.names) - 1, "y")
    part = read_labels(to_vector(y, words), words, False)
    _check_length(part.values, tasks, words)
    labeled = part.labeled
    if kind_of(classes) == "numbers" and UNLABELED in classes:
        labeled = ~part.missing
    if not labeled.any():
        return None, every
    found = part.values[labeled]
    if kind_of(found) != kind_of(classes):
        raise TypeError(
            f"{words} holds {kind_of(found)}, expected {kind_of(classes)} as in fit."
        )
    unknown = np.setdiff1d(found, classes).tolist()
    if unknown:
        raise ValueError(
            f"{words} has the class {unknown[0]!r}, expected only those that the "
            f"estimator knows, {listed(map(str, classes.tolist()))}; fit all tasks "
            "together to add classes."
        )
    encoded = np.full(len(labeled), UNLABELED, dtype=np.int64)
    encoded[labeled] = np.searchsorted(classes, found.astype(classes.dtype))
    is_complete = not tasks.counted(-1, ~labeled).any()
    return encoded, np.isin(classes, found) if is_complete else every


def check_added_targets(
    y: object, tasks: TaskInputs, scale: TargetScale
) -> NDArray[np.float32] | None:
    """Check the targets of a new task, and standardize them as those in fit.

    Parameters
    ----------
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), or None
    tasks : TaskInputs
        The new task is the last.
    scale : TargetScale

    Returns
    -------
    encoded : ndarray of float32 of shape (n_samples, n_outputs) or None
        NaN where a value is unknown. None without any known value.

    Raises
    ------
    ValueError, TypeError
        If the targets cannot be used.
    """
    if y is None:
        return None
    words = tasks.describe(len(tasks.names) - 1, "y")
    values = to_targets(y, words)
    _check_length(values, tasks, words)
    table = values.reshape(len(values), -1)
    if np.isnan(table).all():
        return None
    if table.shape[1] != len(scale.mean):
        raise ValueError(
            f"{words} has {counted(table.shape[1], 'output')}, expected "
            f"{len(scale.mean)} as in fit."
        )
    return scale.encode(table)


def _check_length(values: NDArray[Any], tasks: TaskInputs, words: str) -> None:
    check_one_per_sample(values, len(tasks.arrays[-1]), words, what="value")
