"""The state from which a fit starts: a new one, or that of an earlier fit."""

from __future__ import annotations

from dataclasses import replace

import torch

from sk_jae.estimators._assembly import new_state
from sk_jae.estimators._grown_state import grown_state
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._label_counts import label_counts
from sk_jae.estimators._parameters import JointParameters, PredictorParameters
from sk_jae.estimators._phases import Heads
from sk_jae.estimators._state import FittedState
from sk_jae.tasks import (
    AddedTask,
    EncodedTargets,
    Labels,
    RegressionTargets,
    TaskInputs,
    listed,
    whitened_like,
)

__all__ = ["starting_state"]


def starting_state(
    estimator: JointParameters,
    job: FitJob,
    device: torch.device,
    seed: int,
    earlier: FittedState | None,
) -> FittedState:
    """Make the state of a fit that has not trained yet.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    job : FitJob
    device : torch.device
    seed : int
        Decides the initial weights.
    earlier : FittedState or None
        That of the fit that this one continues, on the same tasks or on the first of
        them, or which the last task of the job joins.
    """
    if job.joins and earlier is not None:
        added = AddedTask(job.inputs, job.layouts[-1])
        return grown_state(estimator, earlier, added, job.labels, device, seed)
    if earlier is not None and _has_new_tasks(earlier, job.inputs):
        return _with_new_tasks(estimator, job, device, seed, earlier)
    if earlier is None:
        return new_state(estimator, job, device, seed)
    _check_order(earlier, job.inputs)
    job = _with_heads_of(earlier, estimator, job)
    state = new_state(estimator, job, device, seed, earlier)
    state.continue_from(earlier)
    return state


def _with_heads_of(
    earlier: FittedState, estimator: JointParameters, job: FitJob
) -> FitJob:
    """The job with the heads that are there, where the labels would choose them."""
    is_chosen = isinstance(estimator, PredictorParameters) and (
        estimator.head == "auto" and estimator.strategy == "end-to-end"
    )
    if not is_chosen:
        return job
    there = earlier.description
    heads = Heads(there.shared_head, there.private_heads)
    return replace(job, plan=replace(job.plan, heads=heads))


def _has_new_tasks(earlier: FittedState, inputs: TaskInputs) -> bool:
    n = len(earlier.task_names)
    return n < len(inputs.names) and inputs.names[:n] == earlier.task_names


def _check_order(earlier: FittedState, inputs: TaskInputs) -> None:
    """Refuse new tasks that are not behind the others."""
    if not set(earlier.task_names) < set(inputs.names):
        return
    raise ValueError(
        f"X has the tasks {listed(inputs.names)} in this order, expected those of the "
        f"earlier fit first, {listed(earlier.task_names)}, with whose weights "
        "warm_start=True goes on; put new tasks behind them."
    )


def _with_new_tasks(
    estimator: JointParameters,
    job: FitJob,
    device: torch.device,
    seed: int,
    earlier: FittedState,
) -> FittedState:
    inputs, layouts, labels = job.inputs, job.layouts, job.labels
    classes = labels.classes if isinstance(labels, Labels) else None
    targets = labels.scale if isinstance(labels, RegressionTargets) else None
    for what, before, now in (
        (
            "classes were",
            None if earlier.classes is None else earlier.classes.tolist(),
            None if classes is None else classes.tolist(),
        ),
        ("number of outputs was", earlier.n_outputs, targets and len(targets.mean)),
    ):
        if before != now:
            raise ValueError(
                f"warm_start=True goes on with the weights of the earlier fit, but the "
                f"{what} {before} there and is {now} now; set warm_start=False to "
                "start anew."
            )
    state = earlier
    for t in range(len(earlier.task_names), len(inputs.names)):
        layout = whitened_like(layouts[t], state.layouts)
        own = replace(
            inputs,
            names=inputs.names[: t + 1],
            arrays=inputs.arrays[: t + 1],
            weights=inputs.weights[: t + 1],
        )
        state = grown_state(
            estimator,
            state,
            AddedTask(own, layout),
            _first(labels, t + 1),
            device,
            seed,
            has_head=t in job.plan.heads.private,
        )
    state.named = inputs.are_named
    n = len(earlier.layouts)
    state.layouts = (*layouts[:n], *state.layouts[n:])
    state.target_scale = targets
    state.label_counts = label_counts(labels, inputs.weights)
    state.codes = estimator.codes
    return state


def _first(labels: EncodedTargets | None, n: int) -> EncodedTargets | None:
    """The labels of the first tasks."""
    if isinstance(labels, Labels):
        return replace(
            labels,
            encoded=labels.encoded[:n],
            class_mask=labels.class_mask[:n],
            weights=labels.weights[:n],
        )
    if isinstance(labels, RegressionTargets):
        return replace(labels, encoded=labels.encoded[:n], weights=labels.weights[:n])
    return None
