"""Warns of tasks without labels that the labels of other tasks can hardly reach."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture, has_few
from sk_jae.exceptions import TransferWarning
from sk_jae.nn import JointModule, TaskDescription
from sk_jae.tasks import counted, level_of_user, listed

__all__ = ["warn_of_transfer"]

Branches: TypeAlias = Architecture | TaskDescription

_NAMES = (
    "Give dataframes in which columns with the same meaning have the same name in all "
    "tasks"
)


# So many subjects that a labeled task has too let its labels reach a task.
_ENOUGH_PAIRS = 20


def warn_of_transfer(
    architectures: Sequence[Branches],
    encoded: Sequence[object | None],
    module: JointModule,
    pairs: NDArray[np.intp] | None,
    *,
    has_rates: bool = False,
) -> None:
    """Warn if a task without labels has first layers of its own, or sees too little.

    Parameters
    ----------
    architectures : sequence of Architecture
        The branches of each task.
    encoded : sequence of (object or None)
        The labels of each task, None for a task without any.
    module : JointModule
        Built from them, with a shared branch.
    pairs : ndarray of int of shape (n_subjects, n_tasks) or None
        The rows of the subjects that several tasks have and that training pairs.
    has_rates : bool, default=False
        Whether it is known how long the steps of signals are.
    """
    reached = _reached(encoded, pairs)
    unlabeled = [
        a.name
        for t, (a, part) in enumerate(zip(architectures, encoded, strict=True))
        if part is None and t not in reached
    ]
    if not unlabeled:
        return
    if module.earliest_depth == 1:
        reason = _few(architectures, unlabeled)
        if not reason and not has_rates:
            reason = _lengths(architectures, unlabeled)
    else:
        cause, remedy = _cause(architectures)
        reason = (
            f"The first layers of {_tasks(unlabeled)} cannot be shared with a labeled "
            f"task, because {cause}. The predictions for a task without labels may "
            f"then be no better than a guess. {remedy}"
        )
    if reason:
        warnings.warn(
            f"{reason}, or say by ids which {_ENOUGH_PAIRS} samples or more belong to "
            f"samples of a labeled task, or label some samples of {_tasks(unlabeled)}.",
            TransferWarning,
            stacklevel=level_of_user(),
        )


def _reached(
    encoded: Sequence[object | None], pairs: NDArray[np.intp] | None
) -> set[int]:
    """The tasks that labels reach by subjects, from one task to the next."""
    found = {t for t, part in enumerate(encoded) if part is not None}
    if pairs is None:
        return found
    known = pairs >= 0
    for _ in encoded:
        with_labels = known[:, sorted(found)].any(axis=1)
        n_subjects = known[with_labels].sum(axis=0)
        found |= {t for t, n in enumerate(n_subjects) if n >= _ENOUGH_PAIRS}
    return found


def _tasks(names: Sequence[str]) -> str:
    return f"{'task' if len(names) == 1 else 'tasks'} {listed(names)}"


def _few(architectures: Sequence[Branches], unlabeled: Sequence[str]) -> str:
    """Say that the shared branch sees few columns, if it does."""
    features = architectures[0].features
    if features is None or not has_few(features, [a.shape[0] for a in architectures]):
        return ""
    return (
        f"The tasks have only {counted(features, 'column')} in common by name, "
        f"{listed(features)}. The predictions for {_tasks(unlabeled)} rest on nothing "
        f"else and may be bad. {_NAMES}"
    )


def _lengths(architectures: Sequence[Branches], unlabeled: Sequence[str]) -> str:
    """Say that signals have other lengths and perhaps other rates, if so."""
    lengths = sorted({a.shape[1] for a in architectures if len(a.shape) == 2})
    if len(lengths) < 2:
        return ""
    return (
        f"The signals of the tasks have {', '.join(map(str, lengths))} time steps. A "
        "step is taken to be as long in all of them; if it is not, the predictions for "
        f"{_tasks(unlabeled)} may be no better than a guess. Give the steps per second "
        "of each task as sampling_rate"
    )


def _cause(architectures: Sequence[Branches]) -> tuple[str, str]:
    """Say why first layers are not shared, and a remedy."""
    if len({(a.view, a.features) for a in architectures}) == 1:
        return "their encoders differ", "Give all tasks the same encoder"
    if all(len(a.shape) == 2 for a in architectures):
        remedy = "Select channels that mean the same in all tasks"
    elif any(len(a.shape) > 1 for a in architectures):
        remedy = "Give all tasks the same kind of samples, with shared_input='auto'"
    else:
        remedy = (
            f"{_NAMES}, with shared_input='auto', or as shared_input the axis of each "
            "task's features, such as wavelengths, if they have one"
        )
    nameless = [a.name for a in architectures if a.features is None]
    if len(nameless) == len(architectures):
        shapes = dict.fromkeys(str(a.shape) for a in architectures)
        return f"the samples of the tasks have the shapes {', '.join(shapes)}", remedy
    if nameless:
        cause = f"the columns of {_tasks(nameless)} have no names, but those of others"
        return cause, remedy
    return "no column has the same name in all tasks", remedy
