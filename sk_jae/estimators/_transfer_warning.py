"""Warns of tasks without labels that the labels of other tasks can hardly reach."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from sk_jae.architecture import Architecture, has_few
from sk_jae.exceptions import TransferWarning
from sk_jae.nn import JointModule
from sk_jae.tasks import EncodedTargets, counted, level_of_user, listed

__all__ = ["warn_of_transfer"]

_NAMES = (
    "Give dataframes in which columns with the same meaning have the same name in all "
    "tasks"
)


def warn_of_transfer(
    architectures: Sequence[Architecture], labels: EncodedTargets, module: JointModule
) -> None:
    """Warn if a task without labels has first layers of its own, or sees too little.

    Parameters
    ----------
    architectures : sequence of Architecture
        The branches of each task.
    labels : EncodedTargets
    module : JointModule
        Built from them, with a shared branch.
    """
    pairs = zip(architectures, labels.encoded, strict=True)
    unlabeled = [a.name for a, part in pairs if part is None]
    if not unlabeled:
        return
    if module.earliest_depth == 1:
        reason = _few(architectures, unlabeled)
    else:
        cause, remedy = _cause(architectures)
        reason = (
            f"The first layers of {_tasks(unlabeled)} cannot be shared with a labeled "
            f"task, because {cause}. The predictions for a task without labels may "
            f"then be no better than a guess. {remedy}"
        )
    if reason:
        warnings.warn(
            f"{reason}, or label some samples of {_tasks(unlabeled)}.",
            TransferWarning,
            stacklevel=level_of_user(),
        )


def _tasks(names: Sequence[str]) -> str:
    return f"{'task' if len(names) == 1 else 'tasks'} {listed(names)}"


def _few(architectures: Sequence[Architecture], unlabeled: Sequence[str]) -> str:
    """Say that the shared branch sees few columns, if it does."""
    features = architectures[0].features
    if features is None or not has_few(features, [a.shape[0] for a in architectures]):
        return ""
    return (
        f"The tasks have only {counted(features, 'column')} in common by name, "
        f"{listed(features)}. The predictions for {_tasks(unlabeled)} rest on nothing "
        f"else and may be bad. {_NAMES}"
    )


def _cause(architectures: Sequence[Architecture]) -> tuple[str, str]:
    """Say why first layers are not shared, and a remedy."""
    if len({(a.view, a.features) for a in architectures}) == 1:
        return "their encoders differ", "Give all tasks the same encoder"
    if any(len(a.shape) > 1 for a in architectures):
        remedy = "Give all tasks the same kind of samples, with shared_input='auto'"
    else:
        remedy = f"{_NAMES}, with shared_input='auto'"
    nameless = [a.name for a in architectures if a.features is None]
    if len(nameless) == len(architectures):
        shapes = dict.fromkeys(str(a.shape) for a in architectures)
        return f"the samples of the tasks have the shapes {', '.join(shapes)}", remedy
    if nameless:
        cause = f"the columns of {_tasks(nameless)} have no names, but those of others"
        return cause, remedy
    return "no column has the same name in all tasks", remedy
