"""The state of a fit that another task joins, and the phases that train the task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import torch

from sk_jae.estimators._added_architecture import describe_added
from sk_jae.estimators._held_out import counted_rows
from sk_jae.estimators._label_counts import label_counts
from sk_jae.estimators._parameters import (
    JointParameters,
    PredictorParameters,
    has_known_steps,
)
from sk_jae.estimators._phases import Plan, pair_weights, weights_of_terms
from sk_jae.estimators._state import FittedFacts, FittedState
from sk_jae.estimators._transfer_warning import warn_of_transfer
from sk_jae.nn import add_task
from sk_jae.tasks import AddedTask, EncodedTargets, Labels
from sk_jae.training import Phase, place_thresholds, start_at_mean_rates

__all__ = ["grown_state", "plan_added"]

_OF_TASK = (
    "private_encoders",
    "private_decoders",
    "shared_decoders",
    "outputs",
    "pre_tied",
    "post_tied",
    "private_heads",
    "views",
)


def grown_state(
    estimator: JointParameters,
    earlier: FittedState,
    added: AddedTask,
    labels: EncodedTargets | None,
    device: torch.device,
    seed: int,
    has_head: bool | None = None,
) -> FittedState:
    """Make the state with the new task, whose weights are initial ones.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    earlier : FittedState
        It stays as it is.
    added : AddedTask
    labels : EncodedTargets or None
        Those of the new task are the last; the others have none.
    device : torch.device
    seed : int
        Decides the initial weights.
    has_head : bool or None, default=None
        Whether the task has a head of its own. None decides by its labels.

    Returns
    -------
    state : FittedState
    """
    counts = label_counts(labels, added.inputs.weights)
    is_labeled = counts is not None and bool(counts[-1].any())
    is_complete = labels is not None and labels.complete[-1]
    a = describe_added(estimator, earlier, added, is_labeled=is_labeled)
    facts = {f.name: getattr(earlier, f.name) for f in fields(FittedFacts)}
    class_mask = labels.class_mask if isinstance(labels, Labels) else None
    if has_head is None:
        name = added.inputs.names[-1]
        has_head = _has_head(estimator, earlier, name, is_labeled, is_complete)
    state = FittedState(**facts, module=earlier.module_on(device), device=device)
    add_task(
        state.module,
        a,
        has_head=has_head,
        class_mask=None if class_mask is None else torch.from_numpy(class_mask),
        seed=seed,
    )
    state.task_names = added.inputs.names
    state.layouts = (*earlier.layouts, added.layout)
    state.views = (*earlier.views, a.view)
    state.description = earlier.description.with_task(a, has_head=has_head)
    losses = estimator._losses
    n = len(earlier.task_names)
    last = [*[None] * n, losses[n]]
    rows = counted_rows(added.inputs)
    place_thresholds(state.module, added.inputs.arrays, state.layouts, rows, first=n)
    start_at_mean_rates(
        state.module, added.inputs.arrays, state.layouts, last, added.inputs.weights
    )
    own_loss = losses[n] if isinstance(losses[n], str) else ""
    state.losses = (*map(earlier.loss, range(n)), own_loss)
    state.class_mask = class_mask
    state.history = [dict(row) for row in earlier.history]
    state.transfer = {name: dict(found) for name, found in earlier.transfer.items()}
    if earlier.label_counts is not None and counts is not None:
        state.label_counts = np.concatenate([earlier.label_counts, counts[-1:]])
    _warn(estimator, earlier, state, added, is_labeled=is_labeled)
    return state


def _has_head(
    estimator: JointParameters,
    state: FittedState,
    name: str,
    is_labeled: bool,
    is_complete: bool,
) -> bool:
    """Whether the task gets a head of its own, which its labels train."""
    if not isinstance(estimator, PredictorParameters):
        return False
    if not is_labeled and state.module.shared_head is None:
        raise ValueError(
            f"n_shared=0 leaves task {name!r} without a predictor, since it has no "
            "labels of its own; give it some labels, or fit anew with n_shared of at "
            "least 1."
        )
    if state.module.shared_head is None or estimator.head == "both":
        return is_labeled
    # A few labels teach more by the scale of the task than by a head of their own.
    return estimator.head == "auto" and is_complete


def _warn(
    estimator: JointParameters,
    earlier: FittedState,
    state: FittedState,
    added: AddedTask,
    *,
    is_labeled: bool,
) -> None:
    """Warn if what the others have learned can hardly reach a task without labels."""
    is_predictor = isinstance(estimator, PredictorParameters)
    if not is_predictor or is_labeled or not state.module.n_shared:
        return
    warn_of_transfer(
        state.description.tasks,
        [*(True for _ in earlier.task_names), None],
        state.module,
        added.inputs.pairs if estimator.pairing_weight else None,
        has_rates=has_known_steps(estimator),
    )


def plan_added(
    estimator: JointParameters,
    added: AddedTask,
    where: Mapping[str, bool],
    pair_terms: Sequence[str],
) -> Plan:
    """Plan how the new task is trained, with all that is there left as it is.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    added : AddedTask
    where : dict of {str: bool}
        Whether each term of a predictor can be computed for the task, that of labels
        first.
    pair_terms : sequence of str
        The terms of samples of one subject.
    """
    inputs = added.inputs
    t = len(inputs.names) - 1
    (of_samples,) = weights_of_terms(estimator, inputs, "reconstruction").values()
    has_labels = bool(where) and where[next(iter(where))]
    if not of_samples[-1] and not has_labels:
        # Nothing would be learned until the terms of unlabeled samples start.
        where = dict.fromkeys(where, False)
    used = {"reconstruction": True, **where}
    weights = {
        term: (0.0,) * t + (own[-1] if used[term] else 0.0,)
        for term, own in weights_of_terms(estimator, inputs, *used).items()
    }
    weights |= pair_weights(estimator, inputs, *pair_terms)
    prefixes = tuple(f"{part}.{t}." for part in _OF_TASK)
    phase = Phase("added", weights, prefixes, tuple(range(t)))
    if getattr(estimator, "strategy", None) != "common-branch" or not has_labels:
        return Plan((phase,))
    first = {k: w for k, w in weights.items() if k in ("reconstruction", "pairing")}
    then = {k: w for k, w in weights.items() if k not in first}
    encoding = ("private_encoders", "pre_tied", "post_tied", "private_heads", "views")
    of_labels = tuple(f"{part}.{t}." for part in encoding)
    return Plan(
        (
            replace(phase, name="unsupervised", weights=first),
            replace(phase, name="target", weights=then, trainable_prefixes=of_labels),
        )
    )
