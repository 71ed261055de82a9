"""What a phase of training leaves alone, and what it must make good for the rest."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from sk_jae.nn import JointModule, TaskBatchNorm, TaskCopies
from sk_jae.training.batches import TrainingBatches
from sk_jae.training.objective import Phase

__all__ = ["recalibrate", "training_only"]

# After so many steps, a running mean with momentum 0.1 keeps half a percent of its
# first value.
_RECALIBRATION_STEPS = 50


@contextmanager
def training_only(
    module: JointModule, prefixes: tuple[str, ...] | None
) -> Iterator[None]:
    """Freeze all parameters but those whose names start with one of `prefixes`."""
    frozen = [
        parameter
        for name, parameter in module.named_parameters()
        if prefixes is not None
        and parameter.requires_grad
        and not name.startswith(prefixes)
    ]
    for parameter in frozen:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in frozen:
            parameter.requires_grad_(True)


def recalibrate(
    module: JointModule, phase: Phase, epochs: Iterator[TrainingBatches]
) -> None:
    """Compute again the batch statistics of tasks that this phase did not train.

    The tied layers have changed since, or the task has not been seen at all.
    """
    prefixes = phase.trainable_prefixes
    if prefixes is not None and "tied." not in prefixes:
        return
    left_out = [t for t in range(len(module.names)) if not phase.trains_on(t)]
    kinds = TaskBatchNorm, TaskCopies
    if not left_out or not any(isinstance(m, kinds) for m in module.modules()):
        return
    n_steps = 0
    module.train()
    with torch.no_grad():
        while n_steps < _RECALIBRATION_STEPS:
            for batch in next(epochs):
                inputs = enumerate(batch.inputs)
                module([x if t in left_out else None for t, x in inputs])
                n_steps += 1
    module.eval()
