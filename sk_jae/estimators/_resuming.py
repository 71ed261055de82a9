"""Opens the checkpoint from which a fit goes on, if `callbacks` has one."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.estimators._parameters import JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.persistence import package_version
from sk_jae.training import (
    Keeper,
    Phase,
    TaskData,
    checkpoint_in,
    fingerprint_of,
)

__all__ = ["kept_state"]

# These do not change the result, or it is known otherwise what they stand for.
_NOT_COMPARED = ("device", "random_state", "verbose", "warm_start")


def kept_state(
    estimator: JointParameters,
    data: TaskData,
    phases: tuple[Phase, ...],
    device: torch.device,
    earlier: FittedState | None,
    seed: int,
    class_prior: Mapping[int, NDArray[np.float64]] | None,
) -> AbstractContextManager[Keeper | None]:
    """What keeps the state of a fit, None without a checkpoint.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    data : TaskData
    phases : tuple of Phase
    device : torch.device
    earlier : FittedState or None
        The result of the fit that this one continues, by `warm_start`.
    seed : int
        For a fit that begins anew.
    class_prior : dict of {int: ndarray of shape (n_classes,)} or None
    """
    callbacks = estimator.callbacks
    checkpoint = checkpoint_in(callbacks) if callbacks else None
    if checkpoint is None:
        return nullcontext()
    parameters = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in _NOT_COMPARED
    }
    more: dict[str, Any] = {"class_prior": class_prior}
    is_seed_free = estimator.random_state is None
    if earlier is not None:
        more["earlier_fit"] = (
            dict(earlier.module.state_dict()),
            len(earlier.history),
            earlier.optimizer and earlier.optimizer.state,
        )
    fingerprint = {
        "class": type(estimator).__name__,
        **fingerprint_of(parameters, phases, data, **more),
        "random_state": "None" if is_seed_free else f"of the seed {seed}",
        "device": str(device),
        "sk_jae": package_version(),
    }
    return checkpoint.keeper(fingerprint, seed, is_seed_free=is_seed_free)
