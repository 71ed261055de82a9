"""Makes the state, the data and the net of one fit from an estimator's parameters."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.estimators._architectures import describe_tasks
from sk_jae.estimators._held_out import counted_rows, held_out
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._label_counts import label_counts
from sk_jae.estimators._parameter_groups import (
    options_of_optimizer,
    predicts_from_kernels,
    predicts_from_vectors,
)
from sk_jae.estimators._parameters import (
    Augmentation,
    JointParameters,
    PredictorParameters,
    has_known_steps,
)
from sk_jae.estimators._shared_encoder import depth_of_sharing, is_frozen
from sk_jae.estimators._sizes import check_sizes
from sk_jae.estimators._state import FittedState
from sk_jae.estimators._transfer_warning import warn_of_transfer
from sk_jae.estimators._whitened import is_whitened
from sk_jae.nn import RandomAffine, RandomMap, RandomSignal, described_module
from sk_jae.tasks import (
    Labels,
    Layout,
    RegressionTargets,
    counted,
    evenly_mixed,
    warn_of_flattened,
)
from sk_jae.training import (
    EpochMonitor,
    JointNet,
    Keeper,
    LentGenerators,
    Phase,
    TaskData,
    Trainer,
    Units,
    counts_of,
    default_precision,
    has_two_parts,
    place_thresholds,
    start_at_mean_rates,
    units_of,
)

__all__ = ["make_net", "make_trainer", "new_state", "split_validation"]

_OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}

# max_epochs="auto" makes this number of updates for this number of samples, in at most
# this number of epochs.
_N_UPDATES, _N_SAMPLES = 600, 2000
_MOST_EPOCHS, _MOST_OF_WHITENED = 200, 400
# So many times as many where a model is trained to its end before it is adapted.
_TWO_PARTS = 1.5

# How augmentation changes signals: those of which the place, the amplitude and the
# smallest changes may tell the class, and those of another sensor, of which kernels or
# the power in bands are read.
_ALIGNED = {"shift": 0.0, "gain": 0.0, "noise": 0.0, "mask": 0.1}
_SENSOR = {"rate": 0.02, "tone": 0.3}
_ANYWHERE = {"shift": 0.5, **_SENSOR}


def new_state(
    estimator: JointParameters,
    job: FitJob,
    device: torch.device,
    seed: int,
    earlier: FittedState | None = None,
) -> FittedState:
    """The state of a fit that has not trained yet, with initial weights.

    What the samples decide about the layers is decided as in an earlier fit.
    """
    inputs, layouts, labels, heads = job.inputs, job.layouts, job.labels, job.plan.heads
    with _lent_if_called(estimator, device, seed):
        architectures = describe_tasks(
            estimator,
            inputs,
            layouts,
            labels,
            has_kernels=predicts_from_kernels(earlier) if earlier else None,
        )
    check_sizes(estimator, architectures)
    classes = labels if isinstance(labels, Labels) else None
    targets = labels if isinstance(labels, RegressionTargets) else None
    with _lent_if_called(estimator, device, seed):  # which runs modules of the user
        module, description = described_module(
            architectures,
            n_shared=estimator.n_shared,
            n_private=estimator.n_private,
            shared_depth=depth_of_sharing(estimator),
            n_shared_layers=estimator.n_shared_layers,
            n_classes=len(classes.classes) if classes else 0,
            n_outputs=len(targets.scale.mean) if targets else 0,
            shared_head=heads.shared,
            private_heads=heads.private,
            class_mask=torch.from_numpy(classes.class_mask) if classes else None,
            frozen=is_frozen(estimator),
            seed=seed,
        )
    place_thresholds(module, inputs.arrays, layouts, counted_rows(inputs))
    losses = estimator._losses
    if "poisson" in losses:
        start_at_mean_rates(module, inputs.arrays, layouts, losses, inputs.weights)
    if labels and estimator.n_shared:
        told = warn_of_flattened(inputs, estimator.layout, labels.encoded)
        if not told:
            pairs = inputs.pairs if estimator.pairing_weight else None
            has_rates = has_known_steps(estimator)
            warn_of_transfer(
                architectures, labels.encoded, module, pairs, has_rates=has_rates
            )
    return FittedState(
        task_names=inputs.names,
        named=inputs.are_named,
        layouts=layouts,
        views=tuple(a.view for a in architectures),
        description=description,
        module=module,
        device=device,
        gives_logits=all(loss == "bce" for loss in losses),
        losses=tuple(loss if isinstance(loss, str) else "" for loss in losses),
        classes=classes.classes if classes else None,
        class_mask=classes.class_mask if classes else None,
        target_scale=targets.scale if targets else None,
        codes=estimator.codes,
        label_counts=label_counts(labels, inputs.weights),
    )


def _lent_if_called(
    estimator: JointParameters, device: torch.device, seed: int
) -> AbstractContextManager[None]:
    """A context in which functions of the user may make modules at random."""
    given = [estimator.encoder, estimator.decoder, estimator.shared_encoder]
    if not any(callable(v) or isinstance(v, list | dict) for v in given):
        return nullcontext()
    generators = LentGenerators(device)
    generators.seed(seed, "encoder")
    return generators.lent()


def make_net(
    estimator: JointParameters,
    state: FittedState,
    train: TaskData,
    phases: tuple[Phase, ...],
) -> JointNet:
    """The initialized skorch net that makes the steps of training."""
    module, device = state.module, state.device
    losses = estimator._losses
    convolutional = any(isinstance(m, torch.nn.Conv2d) for m in module.modules())
    precision: str = estimator.precision
    if precision == "auto":
        precision = default_precision(device, convolutional=convolutional)
    if convolutional:
        module.to(memory_format=torch.channels_last)
    optimizer: Any = estimator.optimizer
    optimizer = _OPTIMIZERS.get(optimizer, optimizer)
    extra: dict[str, Any] = {}
    if optimizer in (torch.optim.Adam, torch.optim.AdamW):
        extra["optimizer__fused"] = device.type in ("cpu", "cuda")
    extra |= options_of_optimizer(estimator, state, train)
    augment = _augmentations(estimator.augmentation, state, train)
    max_epochs = estimator.max_epochs
    if max_epochs == "auto":
        factor = _TWO_PARTS if has_two_parts(phases, augment, train.layouts) else 1.0
        max_epochs = _n_epochs(estimator, state, train, phases, factor)
    net = JointNet(
        module,
        reconstruction_loss=losses[0] if len({*losses}) == 1 else tuple(losses),
        augment=augment,
        units=_units(estimator, state, train, losses),
        class_weight=train.weights_of_classes(),
        precision=precision,
        owner=type(estimator).__name__,
        optimizer=optimizer,
        lr=estimator.lr,
        max_epochs=max_epochs,
        batch_size=estimator.batch_size,
        device=str(device),
        callbacks=estimator.callbacks,
        verbose=int(estimator.verbose),
        **extra,
    )
    net.initialize()
    if "poisson" in losses:
        for t, own in counts_of(state.layouts, losses).items():
            net.criterion_.counts[str(t)] = own.to(device)
    return net


def make_trainer(
    estimator: JointParameters,
    state: FittedState,
    net: JointNet,
    phases: tuple[Phase, ...],
    data: tuple[TaskData, TaskData | None],
    *,
    seed: int,
    monitor: EpochMonitor,
    class_prior: Mapping[int, NDArray[np.float64]] | None,
    keeper: Keeper | None,
) -> Trainer:
    """The trainer of a net, which goes on with what the state has of an earlier fit."""
    trainer = Trainer(
        net,
        phases,
        *data,
        seed=seed,
        lr_schedule=estimator.lr_schedule,
        n_iter_no_change=estimator.n_iter_no_change,
        tol=estimator.tol,
        monitor=monitor,
        history=state.history,
        class_prior=class_prior,
        keeper=keeper,
    )
    trainer.take_over(state.optimizer)
    return trainer


def _units(
    estimator: JointParameters,
    state: FittedState,
    train: TaskData,
    losses: list[Any],
) -> Units:
    """The values that the terms of the loss are divided by."""
    if estimator.loss_scaling is None:
        return {}
    n_classes = [] if state.class_mask is None else state.class_mask.sum(1).tolist()
    return units_of(train, losses, n_classes)


def _augmentations(
    augmentation: Augmentation, state: FittedState, train: TaskData
) -> tuple[Callable[[Tensor], Tensor] | None, ...]:
    """The function that changes the samples of each task at random, or None."""
    if augmentation is None:
        return ()
    if augmentation != "auto":
        return (augmentation,) * len(train.layouts)
    own = [y for y, rows in zip(train.labels, train.rows, strict=True) if len(rows)]
    # Where all have labels, these may tell when something happens, as kernels do.
    changes = _ALIGNED if all(y is not None for y in own) else _ANYWHERE
    if predicts_from_kernels(state):
        steps = [task.steps for task in state.description.tasks]
        is_whitened = any(step is not None and step.gains for step in steps)
        changes = {**_ALIGNED, **_SENSOR} if is_whitened else _ALIGNED
    return tuple(_augmentation_of(layout, changes) for layout in train.layouts)


def _augmentation_of(layout: Layout, changes: Mapping[str, float]) -> RandomMap | None:
    if layout.is_image:
        return RandomAffine()
    return RandomSignal(**changes) if layout.kind == "signal" else None


def _n_epochs(
    estimator: JointParameters,
    state: FittedState,
    train: TaskData,
    phases: tuple[Phase, ...],
    factor: float,
) -> int:
    """Number of epochs of each phase, for max_epochs="auto"."""
    is_small_table, most = predicts_from_vectors(state), _MOST_EPOCHS
    if train.pairs is not None:
        if any(phase.fixed_tasks for phase in phases):
            is_small_table = False  # to meet codes that stay takes more updates
        reads_numbers = state.target_scale is not None and estimator.pairing_weight
        if reads_numbers and all(map(is_whitened, state.layouts)):
            # Two instruments agree on small directions after many updates.
            is_small_table, most = False, _MOST_OF_WHITENED
    per_epoch = -(-train.n_per_epoch // estimator.batch_size)
    size = len(train) / _N_SAMPLES
    if not is_small_table:  # these are soon learned by heart
        size = max(1.0, size)
    n_updates: float = factor * _N_UPDATES * size**0.5
    return min(math.ceil(n_updates / per_epoch), most)


def split_validation(
    estimator: JointParameters,
    job: FitJob,
    seed: int,
    earlier: FittedState | None,
) -> tuple[TaskData, TaskData | None]:
    """The training data and, with early stopping, the validation data of all tasks."""
    inputs, layouts, labels = job.inputs, job.layouts, job.labels
    earlier_counts = None
    if job.joins and earlier and earlier.label_counts is not None:
        earlier_counts = earlier.label_counts.sum(axis=0)
    encoded = labels.encoded if labels else (None,) * len(inputs.arrays)
    labeled_fraction = 0.0
    if isinstance(estimator, PredictorParameters):
        labeled_fraction = estimator.labeled_fraction

    def part(
        rows: Sequence[NDArray[np.intp]], pairs: NDArray[np.intp] | None
    ) -> TaskData:
        return TaskData(
            inputs.arrays,
            layouts,
            encoded,
            inputs.names,
            tuple(rows),
            labeled_fraction,
            pairs,
            labels.labeled if labels else encoded,
            inputs.weights,
            labels.class_weight if labels else None,
            earlier_counts,
        )

    if not estimator.early_stopping:
        return part(counted_rows(inputs), inputs.pairs), None
    numbers, orders = [], []
    for t, rows in enumerate(counted_rows(inputs)):
        n = len(rows)
        if not n:  # a task that is there already, see `add_task`
            numbers.append(0)
            orders.append(rows)
            continue
        n_valid = max(1, round(n * estimator.validation_fraction))
        if n_valid >= n:
            raise ValueError(
                f"{inputs.describe(t)} has {counted(n, 'sample')}, too few for "
                "early_stopping to hold out "
                f"validation_fraction={estimator.validation_fraction}; set "
                "early_stopping=False."
            )
        # The samples that are held out of a task do not depend on the other tasks.
        rng = np.random.default_rng([seed, zlib.crc32(inputs.names[t].encode())])
        order = rows[rng.permutation(n)]
        groups = labels.groups(t) if labels else None
        if groups is not None:  # hold out every label in proportion
            order = order[evenly_mixed(groups[order])]
        numbers.append(n_valid)
        orders.append(order)
    train, valid = held_out(orders, numbers, inputs.pairs, inputs.names)
    return part(*train), part(*valid)
