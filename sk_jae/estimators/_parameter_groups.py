"""What the optimizer is told, and about which weights."""

from __future__ import annotations

import math
from typing import Any

from sk_jae.estimators._parameters import JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.estimators._whitened import is_whitened
from sk_jae.training import TaskData

__all__ = ["options_of_optimizer", "predicts_from_vectors"]

# The weights between vectors and what is predicted from them, without biases, decoders
# and private encoders. weight_decay="auto" holds them small, more so for fewer labels.
_CLASS_PATH = ("tied", "pre_tied", "post_tied", "shared_head", "private_heads")
_DECAY, _DECAY_POWER = 1.5, 0.6


def options_of_optimizer(
    estimator: JointParameters, state: FittedState, train: TaskData
) -> dict[str, Any]:
    """The weight decay, and the groups of parameters by their names."""
    options: dict[str, Any] = {}
    decay = _decay_of_path(estimator, state, train)
    if estimator.weight_decay != "auto" and estimator.weight_decay:
        options["optimizer__weight_decay"] = estimator.weight_decay
    groups = _of_shared_encoder(estimator, state, decay)
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


def _decay_of_path(
    estimator: JointParameters, state: FittedState, train: TaskData
) -> float | None:
    """The decay of the weights up to the predictions, if it is chosen here."""
    if estimator.weight_decay != "auto":
        return None
    if estimator.optimizer != "adam" or not predicts_from_vectors(state):
        return None
    n = sum(int(own.sum()) for own in train.labeled if own is not None)
    decay: float = _DECAY * n**-_DECAY_POWER
    if state.classes is not None:
        # The cross-entropy is divided by the same logarithm.
        decay /= math.log(len(state.classes))
    elif all(map(is_whitened, state.layouts)):
        # Small directions are damped already, but must not tell the tasks apart.
        decay *= 1 - n / sum(map(len, train.arrays))
    return decay


def predicts_from_vectors(state: FittedState) -> bool:
    """Whether classes or targets are predicted from vectors."""
    are_vectors = all(layout.kind == "vector" for layout in state.layouts)
    return are_vectors and (state.classes is not None or state.target_scale is not None)
