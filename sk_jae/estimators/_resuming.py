"""Opens the checkpoint from which a fit goes on, if `callbacks` has one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import torch

from sk_jae.estimators._job import FitJob
from sk_jae.estimators._parameters import JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.persistence import package_version
from sk_jae.training import (
    Keeper,
    Processes,
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
    job: FitJob,
    device: torch.device,
    earlier: FittedState | None,
    seed: int,
    processes: Processes,
) -> AbstractContextManager[Keeper | None]:
    """What keeps the state of a fit, None without a checkpoint.

    Parameters
    ----------
    estimator : JointAutoencoder or any other
    data : TaskData
    job : FitJob
    device : torch.device
    earlier : FittedState or None
        The result of the fit that this one continues.
    seed : int
        For a fit that begins anew.
    processes : Processes
        Those that train together, of which the first one keeps the state.
    """
    callbacks = estimator.callbacks
    checkpoint = checkpoint_in(callbacks) if callbacks else None
    if checkpoint is None:
        return nullcontext()
    if processes.rank:
        return _shared(nullcontext(), processes)
    parameters = {
        name: value
        for name, value in estimator.get_params(deep=False).items()
        if name not in _NOT_COMPARED
    }
    more: dict[str, Any] = {"class_prior": job.class_prior}
    is_seed_free = estimator.random_state is None
    if earlier is not None:
        more["earlier_fit"] = (
            dict(earlier.module.state_dict()),
            len(earlier.history),
            earlier.optimizer and earlier.optimizer.state,
        )
    fingerprint = {
        "class": type(estimator).__name__,
        **fingerprint_of(parameters, job.plan.phases, data, **more),
        "random_state": "None" if is_seed_free else f"of the seed {seed}",
        "device": str(device),
        "sk_jae": package_version(),
    }
    keeper = checkpoint.keeper(fingerprint, seed, is_seed_free=is_seed_free)
    return keeper if processes.size == 1 else _shared(keeper, processes)


@contextmanager
def _shared(
    opened: AbstractContextManager[Keeper | None], processes: Processes
) -> Iterator[Keeper | None]:
    """The keeper of the first process, whose states the others receive."""
    with opened as keeper:
        seed = processes.from_first(keeper.seed if keeper else None)
        yield None if seed is None else _SharedKeeper(keeper, seed, processes)


class _SharedKeeper:
    def __init__(self, keeper: Keeper | None, seed: int, processes: Processes) -> None:
        self.keeper, self.seed, self.processes = keeper, seed, processes

    def load(self) -> dict[str, Any] | None:
        state = self.keeper.load() if self.keeper else None
        return self.processes.from_first(state)

    def is_due(self, epoch: int) -> bool:
        return self.keeper is not None and self.keeper.is_due(epoch)

    def save(self, state: dict[str, Any], *, is_end: bool = False) -> None:
        if self.keeper:
            self.keeper.save(state, is_end=is_end)
