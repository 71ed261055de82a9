"""From an estimator's parameters to the module, the data and the net of one fit."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.architecture import Architecture, common_view, describe
from sk_jae.nn import JointModule, random_affine
from sk_jae.tasks import Labels, Layout, TaskInputs, per_task
from sk_jae.training import JointNet, Phase, TaskData, default_precision

_OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}

# With max_epochs="auto": so many updates for so many samples, and at most these epochs.
_N_UPDATES, _N_SAMPLES = 600, 2000
_MOST_EPOCHS = 200


def resolve_architectures(
    estimator: Any, names: Sequence[str], layouts: Sequence[Layout], classify: bool
) -> list[Architecture]:
    """The layers of every task's branches."""

    def one_for_all(value: Any) -> bool:
        return isinstance(value, (str, tuple)) or callable(value)

    shapes = [layout.module_shape for layout in layouts]
    view = _view(estimator.shared_input, shapes, names)
    encoders = per_task(estimator.encoder, names, "encoder", is_one=one_for_all)
    decoders = per_task(estimator.decoder, names, "decoder", is_one=one_for_all)
    classified = None
    if classify:
        classified = "shared" if estimator.n_shared else "private"
    return [
        describe(name, shape, view or shape, encoder, decoder, classified=classified)
        for name, shape, encoder, decoder in zip(
            names, shapes, encoders, decoders, strict=True
        )
    ]


def build_module(
    estimator: Any,
    architectures: list[Architecture],
    labels: Labels | None,
    heads: tuple[bool, list[int]],
    seed: int,
) -> JointModule:
    """The module with its initial weights."""
    return JointModule(
        architectures,
        n_shared=estimator.n_shared,
        n_private=estimator.n_private,
        shared_depth=estimator.shared_depth,
        n_shared_layers=estimator.n_shared_layers,
        n_classes=len(labels.classes) if labels else 0,
        shared_head=heads[0],
        private_heads=heads[1],
        class_mask=torch.from_numpy(labels.class_mask) if labels else None,
        seed=seed,
    )


def make_net(
    estimator: Any,
    module: JointModule,
    phases: tuple[Phase, ...],
    device: torch.device,
    seed: int,
    train: TaskData,
    valid: TaskData | None,
) -> JointNet:
    """The skorch net that will train the module."""
    convolutional = any(isinstance(m, torch.nn.Conv2d) for m in module.modules())
    precision = estimator.precision
    if precision == "auto":
        precision = default_precision(device, convolutional=convolutional)
    if convolutional:
        module.to(memory_format=torch.channels_last)
    optimizer = _OPTIMIZERS.get(estimator.optimizer, estimator.optimizer)
    extra: dict[str, Any] = {}
    if optimizer in (torch.optim.Adam, torch.optim.AdamW):
        extra["optimizer__fused"] = device.type in ("cpu", "cuda")
    if estimator.weight_decay:
        extra["optimizer__weight_decay"] = estimator.weight_decay
    return JointNet(
        module,
        phases=phases,
        loss=estimator.reconstruction_loss,
        precision=precision,
        seed=seed,
        n_iter_no_change=estimator.n_iter_no_change,
        tol=estimator.tol,
        augment=_augmentations(estimator.augmentation, train.layouts),
        valid=valid,
        optimizer=optimizer,
        lr=estimator.lr,
        lr_schedule=estimator.lr_schedule,
        max_epochs=n_epochs(estimator, train),
        batch_size=estimator.batch_size,
        device=str(device),
        callbacks=estimator.callbacks,
        verbose=int(estimator.verbose),
        **extra,
    )


def _augmentations(augmentation: Any, layouts: Sequence[Layout]) -> tuple[Any, ...]:
    """What maps the inputs of each task at random, None for nothing."""
    if augmentation is None:
        return ()
    if augmentation == "auto":
        return tuple(random_affine if x.is_image else None for x in layouts)
    return (augmentation,) * len(layouts)


def fingerprint(
    module: JointModule, architectures: list[Architecture], labels: Labels | None
) -> dict[str, Any]:
    """What a warm start must find as it was."""
    return {
        "the tasks": [(a.name, a.shape) for a in architectures],
        "the classes": labels.classes.tolist() if labels else None,
        "shared_input": [a.view for a in architectures],
        **{
            f"the shape of {name}": tuple(parameter.shape)
            for name, parameter in module.named_parameters()
        },
    }


def check_unchanged(before: dict[str, Any], now: dict[str, Any]) -> None:
    """Raise a ValueError if a warm start cannot go on with the earlier module."""
    for what in {**before, **now}:
        if before.get(what) != now.get(what):
            raise ValueError(
                f"warm_start=True goes on with the weights of the earlier fit, but "
                f"{what} was {before.get(what)} there and is {now.get(what)} now; set "
                "warm_start=False to start anew."
            )


def n_epochs(estimator: Any, train: TaskData) -> int:
    """Epochs per phase."""
    if estimator.max_epochs != "auto":
        return estimator.max_epochs
    per_epoch = -(-train.n_per_epoch // estimator.batch_size)
    n_updates = _N_UPDATES * max(1.0, len(train) / _N_SAMPLES) ** 0.5
    return min(math.ceil(n_updates / per_epoch), _MOST_EPOCHS)


def split_validation(
    estimator: Any,
    arrays: Sequence[NDArray[Any]],
    layouts: tuple[Layout, ...],
    encoded: Sequence[NDArray[np.int64] | None],
    tasks: TaskInputs,
    seed: int,
) -> tuple[TaskData, TaskData | None]:
    """Training data, and with early stopping validation data of every task."""
    n_samples = [len(array) for array in arrays]
    everything = tuple(np.arange(n) for n in n_samples)
    labeled_fraction = getattr(estimator, "labeled_fraction", 0.0)

    def part(rows: tuple[NDArray[np.intp], ...]) -> TaskData:
        return TaskData(
            tuple(arrays),
            layouts,
            tuple(encoded),
            tasks.names,
            rows,
            labeled_fraction,
        )

    if not estimator.early_stopping:
        return part(everything), None
    train, valid = [], []
    for t, n in enumerate(n_samples):
        n_valid = max(1, round(n * estimator.validation_fraction))
        if n_valid >= n:
            raise ValueError(
                f"{tasks.describe(t)} has {n} sample(s), too few for early_stopping to "
                f"hold out validation_fraction={estimator.validation_fraction}; set "
                "early_stopping=False."
            )
        # Like all else of a task, its hold-out does not depend on other tasks.
        rng = np.random.default_rng([seed, zlib.crc32(tasks.names[t].encode())])
        order = _spread(rng.permutation(n), encoded[t], n_valid)
        valid.append(np.sort(order[:n_valid]))
        train.append(np.sort(order[n_valid:]))
    return part(tuple(train)), part(tuple(valid))


def _spread(
    order: NDArray[np.intp], labels: NDArray[np.int64] | None, n_first: int
) -> NDArray[np.intp]:
    """Samples in an order whose head holds every label in proportion."""
    if labels is None:
        return order
    position = np.empty(len(order))
    for label in np.unique(labels):
        of_label = np.flatnonzero(labels[order] == label)
        position[of_label] = (np.arange(len(of_label)) + 0.5) / len(of_label)
    return order[np.argsort(position, kind="stable")]


def _view(
    shared_input: Any, shapes: list[tuple[int, ...]], names: Sequence[str]
) -> tuple[int, ...] | None:
    if shared_input is None:
        return None
    if shared_input == "auto":
        return common_view(shapes)
    if len(shared_input) != 3 or not all(
        isinstance(n, (int, np.integer)) and n > 0 for n in shared_input
    ):
        raise ValueError(
            "shared_input must be 'auto', None or a tuple (channels, height, width), "
            f"got {shared_input!r}."
        )
    for name, shape in zip(names, shapes, strict=True):
        if len(shape) != 3:
            raise ValueError(
                f"shared_input={shared_input} resizes images, but task {name!r} has "
                f"vectors of {shape[0]} features; set shared_input=None."
            )
    return tuple(shared_input)
