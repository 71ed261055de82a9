"""Plans a training: the heads of a classifier, and the phases with their weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sk_jae.estimators._parameters import ClassifierParameters, JointParameters
from sk_jae.tasks import Labels, TaskInputs, check_weights
from sk_jae.training import Phase

__all__ = ["Heads", "Plan", "plan_autoencoder", "plan_classifier"]

Weights: TypeAlias = dict[str, tuple[float, ...]]  # by term, one per task

# The terms of the samples of each task, whose weights are parameters of the classifier.
_TERMS = ("reconstruction", "classification", "infomax", "consistency")


@dataclass(frozen=True)
class Heads:
    """The classifiers on the codes.

    Attributes
    ----------
    shared : bool
        Whether there is a classifier on the shared codes, the same for all tasks.
    private : tuple of int
        The tasks that have a classifier of their own, on both codes.
    """

    shared: bool = False
    private: tuple[int, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The heads, and the phases of training."""

    phases: tuple[Phase, ...]
    heads: Heads = Heads()

    def __post_init__(self) -> None:
        kept = tuple(
            phase for phase in self.phases if any(map(any, phase.weights.values()))
        )
        if not kept:
            raise ValueError(
                "All loss weights are 0, so there is nothing to train; give at least "
                "one task a positive reconstruction_weight."
            )
        object.__setattr__(self, "phases", kept)


def plan_autoencoder(estimator: JointParameters, inputs: TaskInputs) -> Plan:
    """The only phase of an autoencoder."""
    weights = _weights(estimator, inputs, "reconstruction")
    return Plan((Phase("joint", weights | _of_pairs(estimator, inputs, "pairing")),))


def plan_classifier(
    estimator: ClassifierParameters, inputs: TaskInputs, labels: Labels
) -> Plan:
    """The heads and phases of a classifier."""
    heads = _choose_heads(estimator, labels, inputs)
    weights = _weights(estimator, inputs, *_TERMS)
    labeled = [part is not None for part in labels.encoded]
    unlabeled = [part is None or (part < 0).any() for part in labels.encoded]
    reconstruction = {"reconstruction": weights.pop("reconstruction")}
    on_labels = {}
    for term, of_tasks in weights.items():
        where = labeled if term == "classification" else unlabeled
        pairs = zip(of_tasks, where, strict=True)
        on_labels[term] = tuple(weight if used else 0.0 for weight, used in pairs)
    reconstruction |= _of_pairs(estimator, inputs, "pairing")
    on_labels |= _of_pairs(estimator, inputs, "agreement")
    if estimator.strategy == "common-branch":
        return Plan(_common_branch(reconstruction, on_labels, labels), heads)
    return Plan((Phase("end-to-end", reconstruction | on_labels),), heads)


def _weights(estimator: JointParameters, inputs: TaskInputs, *terms: str) -> Weights:
    """The weight of each term in each task, as the user gave them."""
    return {
        term: tuple(
            check_weights(
                getattr(estimator, f"{term}_weight"), inputs.names, f"{term}_weight"
            )
        )
        for term in terms
    }


def _of_pairs(estimator: JointParameters, inputs: TaskInputs, term: str) -> Weights:
    """The weight of a term of subjects that several tasks have, if there are any."""
    if inputs.pairs is None or not estimator.pairing_weight:
        return {}
    n_subjects = np.count_nonzero(inputs.pairs >= 0, axis=0).tolist()
    weight = float(estimator.pairing_weight)
    return {term: tuple(weight if n else 0.0 for n in n_subjects)}


def _choose_heads(
    estimator: ClassifierParameters, labels: Labels, inputs: TaskInputs
) -> Heads:
    labeled = [t for t, part in enumerate(labels.encoded) if part is not None]
    n_tasks = len(labels.encoded)
    if not estimator.n_shared:
        alone = [t for t in range(n_tasks) if t not in labeled]
        if alone:
            raise ValueError(
                f"n_shared=0 leaves task {inputs.names[alone[0]]!r} without classes, "
                "since it has no labels of its own; give n_shared of at least 1, or "
                "the task some labels."
            )
        if estimator.head == "shared":
            raise ValueError("head='shared' needs a shared code, but n_shared is 0.")
        return Heads(shared=False, private=tuple(labeled))
    if estimator.strategy == "common-branch":
        if not estimator.n_private or estimator.head == "shared":
            raise ValueError(
                "strategy='common-branch' trains the private branch and head of every "
                "target; it needs n_private of at least 1 and head='both' or 'auto'."
            )
        return Heads(shared=True, private=tuple(labeled))
    if estimator.head == "shared":
        return Heads(shared=True)
    complete = all(part is not None and (part >= 0).all() for part in labels.encoded)
    apart = len(labeled) == n_tasks and (labels.class_mask.sum(0) == 1).all()
    if estimator.head == "both" or complete or apart:
        return Heads(shared=True, private=tuple(labeled))
    return Heads(shared=True)


def _common_branch(
    reconstruction: Weights, on_labels: Weights, labels: Labels
) -> tuple[Phase, ...]:
    """First the autoencoders, then the classes of the source, then of the targets.

    Tasks without labels have no head of their own and are trained together with the
    source.
    """
    counts = [0 if part is None else int((part >= 0).sum()) for part in labels.encoded]
    source = int(np.argmax(counts))
    targets = [t for t, n in enumerate(counts) if n and t != source]
    unlabeled = [t for t, n in enumerate(counts) if not n]

    def supervised(name: str, chosen: list[int], prefixes: list[str]) -> Phase:
        weights = {
            term: tuple(w if t in chosen else 0.0 for t, w in enumerate(all_tasks))
            for term, all_tasks in on_labels.items()
        }
        return Phase(name, weights, tuple(prefixes))

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
