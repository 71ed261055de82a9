"""What a classifier trains: its heads, and the phases of its training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from sk_jae.tasks import Labels, TaskInputs, check_weights
from sk_jae.training import Phase

__all__ = ["choose_heads", "plan_phases"]


def choose_heads(
    estimator: Any, labels: Labels, tasks: TaskInputs
) -> tuple[bool, list[int]]:
    """Whether there is a shared head, and the tasks with a private one."""
    labeled = [t for t, part in enumerate(labels.encoded) if part is not None]
    n_tasks = len(labels.encoded)
    if not estimator.n_shared:
        alone = [t for t in range(n_tasks) if t not in labeled]
        if alone:
            raise ValueError(
                f"n_shared=0 leaves {tasks.describe(alone[0])} without classes, since "
                "it has no labels of its own; give n_shared of at least 1, or the task "
                "some labels."
            )
        if estimator.head == "shared":
            raise ValueError("head='shared' needs a shared code, but n_shared is 0.")
        return False, labeled
    if estimator.strategy == "common-branch":
        if not estimator.n_private or estimator.head == "shared":
            raise ValueError(
                "strategy='common-branch' trains the private branch and head of every "
                "target; it needs n_private of at least 1 and head='both' or 'auto'."
            )
        return True, labeled
    if estimator.head == "shared":
        return True, []
    complete = all(part is not None and (part >= 0).all() for part in labels.encoded)
    apart = len(labeled) == n_tasks and (labels.class_mask.sum(0) == 1).all()
    return True, labeled if estimator.head == "both" or complete or apart else []


def plan_phases(
    estimator: Any, labels: Labels, tasks: TaskInputs
) -> Callable[[list[float]], tuple[Phase, ...]]:
    """The phases of training, for the reconstruction weights of all tasks."""
    classification = check_weights(
        estimator.classification_weight, tasks.names, "classification_weight"
    )
    on_labels = {
        "classification": tuple(
            0.0 if part is None else weight
            for weight, part in zip(classification, labels.encoded, strict=True)
        ),
        "infomax": _on_unlabeled(estimator, "infomax_weight", labels, tasks),
        "consistency": _on_unlabeled(estimator, "consistency_weight", labels, tasks),
    }

    def phases(reconstruction: list[float]) -> tuple[Phase, ...]:
        first = {"reconstruction": tuple(reconstruction)}
        if estimator.strategy == "common-branch":
            return _common_branch(first, on_labels, labels)
        return (Phase("end-to-end", first | on_labels),)

    return phases


def _common_branch(
    reconstruction: dict[str, tuple[float, ...]],
    on_labels: dict[str, tuple[float, ...]],
    labels: Labels,
) -> tuple[Phase, ...]:
    """First the autoencoders, then the source's classes, then those of the targets.

    Tasks without labels have no head of their own and learn along with the source.
    """
    counts = [0 if part is None else int((part >= 0).sum()) for part in labels.encoded]
    source = int(np.argmax(counts))
    targets = [t for t, n in enumerate(counts) if n and t != source]
    unlabeled = [t for t, n in enumerate(counts) if not n]

    def supervised(
        name: str, chosen: list[int], trainable_prefixes: list[str]
    ) -> Phase:
        weights = {
            term: tuple(w if t in chosen else 0.0 for t, w in enumerate(all_tasks))
            for term, all_tasks in on_labels.items()
        }
        return Phase(name, weights, tuple(trainable_prefixes))

    def parts(names: tuple[str, ...], chosen: list[int]) -> list[str]:
        return [f"{name}.{t}." for t in chosen for name in names]

    private = ("private_encoders", "private_heads")
    of_branches = [
        *parts(private, [source]),
        *parts(("pre_tied", "post_tied"), [source, *unlabeled]),
    ]
    phases = [
        Phase("unsupervised", reconstruction),
        supervised(
            "source", [source, *unlabeled], ["tied.", "shared_head.", *of_branches]
        ),
    ]
    if targets:
        phases.append(supervised("target", targets, parts(private, targets)))
    return tuple(phases)


def _on_unlabeled(
    estimator: Any, parameter: str, labels: Labels, tasks: TaskInputs
) -> tuple[float, ...]:
    """The weights of a term on the tasks that have unlabeled samples."""
    weights = check_weights(getattr(estimator, parameter), tasks.names, parameter)
    return tuple(
        weight if part is None or (part < 0).any() else 0.0
        for weight, part in zip(weights, labels.encoded, strict=True)
    )
