"""Samples, labels and outputs of one task in the form that the user passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import (
    Samples,
    Targets,
    TaskInputs,
    check_task,
    labeled_samples,
    opened,
    parse_inputs,
    rows_of,
    to_array,
)

__all__ = [
    "check_predicts_classes",
    "labels_of_task",
    "parse_fitted_inputs",
    "predictor_of",
    "select_task",
    "target_tasks",
    "task_output",
]

_USE_SPLITTER = (
    "in cross-validation, use a splitter that puts unlabeled samples into test folds, "
    "such as sk_jae.model_selection.JointStratifiedKFold(test_unlabeled=True)"
)


def parse_fitted_inputs(X: Samples, estimator: object) -> TaskInputs:
    """Return the tasks of X for an estimator that may be a pipeline or a search.

    The first step of a pipeline may have other features than the joint estimator, so
    only the form and the names of the tasks are checked.
    """
    names = next(
        (part.task_names_ for part in _parts(estimator) if _knows_tasks(part)), None
    )
    tasks = parse_inputs(X, names)
    words = map(tasks.describe, range(len(tasks.names)))
    arrays: list[Any] = list(map(opened, tasks.arrays, words))
    if tasks.container_kind == "array" and not hasattr(arrays[0], "shape"):
        arrays = [to_array(X, "X")]
    return replace(tasks, arrays=tuple(arrays))


def check_predicts_classes(estimator: object, user: str) -> None:
    """Refuse an estimator whose predictions have no probabilities of classes."""
    if not hasattr(estimator, "predict_proba"):
        raise TypeError(
            f"{user} compares probabilities of classes, but {type(estimator).__name__} "
            "predicts none; give a JointTransferClassifier. Predicted numbers can be "
            "compared with known ones by LabeledScorer('r2')."
        )


def select_task(
    tasks: TaskInputs, t: int, mask: NDArray[np.bool_] | None = None
) -> Any:
    """Return the samples of one task, or those in the mask, in the form of X."""
    if tasks.container is not None:
        rows = _rows_of(tasks, t)
        return tasks.container[rows if mask is None else rows[mask]]
    item = tasks.arrays[t]
    if mask is not None and not mask.all():
        item = rows_of(item, np.flatnonzero(mask))
    if tasks.container_kind == "array":
        return item
    if tasks.container_kind == "dict":
        return {tasks.names[t]: item}
    return [item if u == t else None for u in range(len(tasks.names))]


def task_output(tasks: TaskInputs, t: int, output: Any) -> Any:
    """Return the output for one task from the output for `select_task`."""
    if tasks.container_kind == "dict":
        return output[tasks.names[t]]
    return output[t] if tasks.container_kind == "list" else output


def labels_of_task(tasks: TaskInputs, t: int, labels: NDArray[Any]) -> Any:
    """Return labels for one task and none for the others, in the form of X."""
    if tasks.container is not None:
        flat = np.full(len(tasks.container), -1)
        flat[_rows_of(tasks, t)] = labels
        return flat
    if tasks.container_kind == "dict":
        return {tasks.names[t]: labels}
    return [labels if u == t else None for u in range(len(tasks.names))]


def target_tasks(
    task: int | str | None,
    tasks: TaskInputs,
    y: Targets | None,
    estimator: object,
) -> list[int]:
    """Return the tasks to score: the named one, those without labels, or all."""
    present = [t for t, a in enumerate(tasks.arrays) if a is not None and a.shape[0]]
    if task is not None:
        t = check_task(task, tasks.names, "task")
        if t not in present:
            raise ValueError(
                f"X has no sample of task {tasks.names[t]!r} to score; {_USE_SPLITTER}."
            )
        return [t]
    if y is None:
        return present
    masks = labeled_samples(y, tasks, estimator)
    labeled = {t for t, mask in enumerate(masks) if mask is not None and mask.any()}
    unlabeled = [t for t in present if t not in labeled]
    if (
        not unlabeled
        and tasks.container is not None
        and len(present) < len(tasks.names)
    ):
        absent = next(t for t in range(len(tasks.names)) if t not in present)
        raise ValueError(
            f"X has no sample of task {tasks.names[absent]!r}, and all other tasks "
            "have labels, so that there is no task without labels to score; "
            f"{_USE_SPLITTER}."
        )
    return unlabeled or present


def predictor_of(estimator: object) -> tuple[Any, list[Any]]:
    """Return the predictor inside searches and pipelines, and its transformers.

    The samples pass through the transformers in this order, before the predictor.
    """
    transformers: list[Any] = []
    inner: Any = estimator
    while True:
        if hasattr(inner, "best_estimator_"):
            inner = inner.best_estimator_
        elif hasattr(inner, "steps"):
            if len(inner.steps) > 1:
                transformers.append(inner[:-1])
            inner = inner.steps[-1][1]
        else:
            return inner, transformers


def _parts(estimator: object) -> Iterator[Any]:
    yield estimator
    if hasattr(estimator, "best_estimator_"):
        yield from _parts(estimator.best_estimator_)
    for _, step in reversed(getattr(estimator, "steps", [])):
        yield from _parts(step)


def _knows_tasks(estimator: object) -> bool:
    return hasattr(estimator, "task_names_")


def _rows_of(tasks: TaskInputs, t: int) -> NDArray[np.intp]:
    """Return the positions of the samples of one task in a JointArrays."""
    assert tasks.container is not None
    return np.flatnonzero(tasks.container.task == tasks.positions.index(t))
