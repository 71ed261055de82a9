"""Plans a training: the heads of a predictor, and the phases with their weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sk_jae.estimators._label_counts import label_counts
from sk_jae.estimators._parameters import (
    ClassifierParameters,
    JointParameters,
    PredictorParameters,
    RegressorParameters,
)
from sk_jae.tasks import (
    EncodedTargets,
    Labels,
    Layout,
    RegressionTargets,
    TaskInputs,
    check_weights,
)
from sk_jae.training import Phase

__all__ = [
    "Heads",
    "Plan",
    "pair_weights",
    "plan_autoencoder",
    "plan_classifier",
    "plan_regressor",
    "weights_of_terms",
]

Weights: TypeAlias = dict[str, tuple[float, ...]]  # by term, one per task

# The terms of the samples of each task, whose weights are parameters of the classifier.
_TERMS = ("reconstruction", "classification", "infomax", "consistency")


@dataclass(frozen=True)
class Heads:
    """The heads on the codes, which predict classes or numbers.

    Attributes
    ----------
    shared : bool
        Whether there is a head on the shared codes, the same for all tasks.
    private : tuple of int
        The tasks that have a head of their own, on both codes.
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
    weights = weights_of_terms(estimator, inputs, "reconstruction")
    return Plan((Phase("joint", weights | pair_weights(estimator, inputs, "pairing")),))


def plan_classifier(
    estimator: ClassifierParameters,
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: Labels,
) -> Plan:
    """The heads and phases of a classifier."""
    labeled = [part is not None for part in labels.encoded]
    unlabeled = [not complete for complete in labels.complete]
    where = {
        "classification": labeled,
        "infomax": unlabeled,
        "consistency": unlabeled,
    }
    apart = all(labeled) and bool((labels.class_mask.sum(0) == 1).all())
    heads = _choose_heads(estimator, labels, inputs, layouts, is_apart=apart)
    return _plan_predictor(estimator, inputs, labels, heads, where)


def plan_regressor(
    estimator: RegressorParameters,
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    targets: RegressionTargets,
) -> Plan:
    """The heads and phases of a regressor."""
    where = {"regression": [part is not None for part in targets.encoded]}
    heads = _choose_heads(estimator, targets, inputs, layouts)
    return _plan_predictor(estimator, inputs, targets, heads, where)


def _plan_predictor(
    estimator: PredictorParameters,
    inputs: TaskInputs,
    targets: EncodedTargets,
    heads: Heads,
    where: Mapping[str, Sequence[bool | np.bool_]],
) -> Plan:
    """Plan the phases, given the tasks in which each term is used."""
    weights = weights_of_terms(estimator, inputs, "reconstruction", *where)
    for term, used in where.items():
        pairs = zip(weights[term], used, strict=True)
        weights[term] = tuple(w if u else 0.0 for w, u in pairs)
    weights |= pair_weights(estimator, inputs, "pairing", "agreement")
    if estimator.strategy == "common-branch":
        return Plan(_common_branch(weights, targets, inputs), heads)
    return Plan((Phase("end-to-end", weights),), heads)


def weights_of_terms(
    estimator: JointParameters, inputs: TaskInputs, *terms: str
) -> Weights:
    """The weight of each term in each task, as the user gave them."""
    return {
        term: tuple(
            check_weights(
                getattr(estimator, f"{term}_weight"), inputs.names, f"{term}_weight"
            )
        )
        for term in terms
    }


def pair_weights(
    estimator: JointParameters, inputs: TaskInputs, *terms: str
) -> Weights:
    """The weights of terms of subjects that several tasks have, if there are any."""
    if inputs.pairs is None or not estimator.pairing_weight:
        return {}
    n_subjects = np.count_nonzero(inputs.pairs >= 0, axis=0).tolist()
    weight = float(estimator.pairing_weight)
    return {term: tuple(weight if n else 0.0 for n in n_subjects) for term in terms}


def _choose_heads(
    estimator: PredictorParameters,
    labels: EncodedTargets,
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    *,
    is_apart: bool = False,
) -> Heads:
    """Choose the heads. `is_apart` says that each task has classes of its own."""
    labeled = [t for t, part in enumerate(labels.encoded) if part is not None]
    n_tasks = len(labels.encoded)
    if not estimator.n_shared:
        alone = [t for t in range(n_tasks) if t not in labeled]
        if alone:
            raise ValueError(
                f"n_shared=0 leaves task {inputs.names[alone[0]]!r} without a "
                "predictor, since it has no labels of its own; give n_shared of at "
                "least 1, or the task some labels."
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
    if estimator.head == "both":
        return Heads(shared=True, private=tuple(labeled))
    if labels.are_complete or is_apart:
        # A private branch would learn a few signals by heart, step by step.
        own = [t for t in labeled if layouts[t].kind != "signal"]
        return Heads(shared=True, private=tuple(own))
    return Heads(shared=True)


def _common_branch(
    weights: Weights, labels: EncodedTargets, inputs: TaskInputs
) -> tuple[Phase, ...]:
    """First the autoencoders, then the labels of the source, then of the targets.

    Tasks without labels have no head of their own and are trained together with the
    source.
    """
    without_labels = ("reconstruction", "pairing")
    reconstruction = {k: v for k, v in weights.items() if k in without_labels}
    on_labels = {k: v for k, v in weights.items() if k not in without_labels}
    found = label_counts(labels, inputs.weights)
    assert found is not None
    counts = found.sum(axis=1)
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
