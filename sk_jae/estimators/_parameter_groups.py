"""What the optimizer is told, and about which weights."""

from __future__ import annotations

import math
from typing import Any

from sk_jae.architecture import PPV
from sk_jae.estimators._held_out import counted_rows
from sk_jae.estimators._parameters import JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.estimators._whitened import is_whitened
from sk_jae.training import TaskData

__all__ = ["options_of_optimizer", "predicts_from_kernels", "predicts_from_vectors"]

# The weights between vectors, or what fixed kernels tell of signals, and what is
# predicted from them, without biases, decoders and private encoders.
# weight_decay="auto" holds them small, more so for fewer labels.
_CLASS_PATH = ("tied", "pre_tied", "post_tied", "shared_head", "private_heads")
_DECAY, _DECAY_OF_KERNELS, _DECAY_POWER = 1.5, 0.5, 0.6
# With more classes of vectors than this, each has a smaller part of the gradient, and
# the same decay left labeled samples of 26 classes two thirds right in training.
_FEW_CLASSES = 6

# An autoencoder learns a few pairs of vectors by heart, so that translations of other
# samples are worse than the mean. All its weights are held small by this, divided by
# the number of subjects.
_PAIR_DECAY, _MOST_DECAY = 3.0, 0.1


def options_of_optimizer(
    estimator: JointParameters, state: FittedState, train: TaskData
) -> dict[str, Any]:
    """The weight decay, and the groups of parameters by their names."""
    options: dict[str, Any] = {}
    decay = _decay_of_path(estimator, state, train)
    if estimator.weight_decay != "auto" and estimator.weight_decay:
        options["optimizer__weight_decay"] = estimator.weight_decay
    elif _translates_vectors(estimator, state, train):
        assert train.pairs is not None
        of_pairs = min(_PAIR_DECAY / len(train.pairs), _MOST_DECAY)
        options["optimizer__weight_decay"] = of_pairs
    groups = _of_shared_encoder(estimator, state, decay)
    if "optimizer__weight_decay" in options and _trains_scale(state):
        groups.append(("views.*", {"weight_decay": 0.0}))
    if decay is not None:
        groups += [(f"{p}.*weight", {"weight_decay": decay}) for p in _CLASS_PATH]
    if groups:
        options["optimizer__param_groups"] = groups
    return options


def _of_shared_encoder(
    estimator: JointParameters, state: FittedState, decay: float | None
) -> list[tuple[str, dict[str, float]]]:
    """The groups of the shared encoder, which has a learning rate of its own.

    They are there whatever that rate is, so that a warm start finds the parameters in
    the same order. Frozen ones get no gradient.
    """
    if estimator.shared_encoder is None:
        return []
    lr = {"lr": estimator.shared_encoder_lr or estimator.lr}
    groups = []
    for k in range(len(state.module.tied) - 1):  # the last one is the bottleneck
        if decay is not None:
            groups.append((f"tied.{k}.*weight", {**lr, "weight_decay": decay}))
        groups.append((f"tied.{k}.*", lr))
    return groups


def _trains_scale(state: FittedState) -> bool:
    """Whether the scale of a task that joins is trained, which is about 1."""
    return any(name.startswith("views.") for name, _ in state.module.named_parameters())


def _decay_of_path(
    estimator: JointParameters, state: FittedState, train: TaskData
) -> float | None:
    """The decay of the weights up to the predictions, if it is chosen here."""
    if estimator.weight_decay != "auto" or estimator.optimizer != "adam":
        return None
    strength = _DECAY if predicts_from_vectors(state) else _DECAY_OF_KERNELS
    if strength == _DECAY_OF_KERNELS and not predicts_from_kernels(state):
        return None
    rows = counted_rows(train)
    masks = zip(rows, train.labeled, strict=True)
    n = sum(int(own[counted].sum()) for counted, own in masks if own is not None)
    if not n:  # a task that joins those from which labels were learned
        earlier = train.label_counts
        n = len(train) if earlier is None else max(1, int(earlier.sum()))
    decay: float = strength * n**-_DECAY_POWER
    if state.classes is not None:
        # The cross-entropy is divided by the same logarithm.
        decay /= math.log(len(state.classes))
        if predicts_from_vectors(state):
            decay *= min(1.0, _FEW_CLASSES / len(state.classes))
    elif all(map(is_whitened, state.layouts)):
        # Small directions are damped already, but must not tell the tasks apart.
        decay *= max(0.0, 1 - n / sum(map(len, rows)))
    return decay


def predicts_from_vectors(state: FittedState) -> bool:
    """Whether classes or targets are predicted from vectors."""
    return state.is_predictor and all(own.kind == "vector" for own in state.layouts)


def predicts_from_kernels(state: FittedState) -> bool:
    """Whether classes or targets are predicted from the responses of fixed kernels."""
    layers = [layer for task in state.description.tasks for layer in task.shared]
    return state.is_predictor and any(isinstance(layer, PPV) for layer in layers)


def _translates_vectors(
    estimator: JointParameters, state: FittedState, train: TaskData
) -> bool:
    """Whether weights are chosen here for pairs of vectors that are only encoded."""
    are_vectors = all(layout.kind == "vector" for layout in state.layouts)
    is_auto = estimator.weight_decay == "auto" and estimator.optimizer == "adam"
    is_paired = train.pairs is not None and estimator.pairing_weight > 0
    return is_auto and is_paired and are_vectors and not state.is_predictor
