"""Modules of the user with batch statistics, which every task has for itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

__all__ = ["TaskCopies", "has_batch_statistics"]


class TaskCopies(nn.Module):
    """Copies of a module, one per task, with the same weights and buffers of their own.

    So each task has its own batch statistics, in training and in prediction, as in
    :class:`TaskBatchNorm`.

    Parameters
    ----------
    module : torch.nn.Module
        It is copied.
    n_tasks : int
        Number of tasks.

    Notes
    -----
    Shape: those of the module. The input has the samples of `tasks` one task after the
    other, and `sizes` are their numbers of samples. A single sample in training is
    normalized by the statistics there are, since it has no variance.

    Its `state_dict` has the weights once, under the first copy.
    """

    def __init__(self, module: nn.Module, n_tasks: int) -> None:
        super().__init__()
        # The others have the weights of the first.
        first = deepcopy(module)
        weights = {id(weight): weight for weight in first.parameters()}
        others = [deepcopy(first, dict(weights)) for _ in range(n_tasks - 1)]
        self.copies = nn.ModuleList([first, *others])
        hooked: Any = self  # torch has no type for it
        hooked.register_load_state_dict_post_hook(_share_weights)

    def forward(
        self, x: Tensor, tasks: Sequence[int] = (0,), sizes: Sequence[int] = ()
    ) -> Tensor:
        if len(tasks) == 1:
            return self._run(x, tasks[0])
        parts = zip(x.split(list(sizes)), tasks, strict=True)
        return torch.cat([self._run(part, t) for part, t in parts])

    def _run(self, x: Tensor, task: int) -> Tensor:
        module = self.copies[task]
        if self.training and x.shape[0] == 1:
            with _using_statistics(module):
                found: Tensor = module(x)
                return found
        found = module(x)
        return found

    def state_dict(self, *args: Any, **kwargs: Any) -> Any:
        found = super().state_dict(*args, **kwargs)
        prefix = kwargs.get("prefix", "")
        for t in range(1, len(self.copies)):
            for name in _names_of_weights(self.copies[t]):
                found.pop(f"{prefix}copies.{t}.{name}", None)
        return found

    def _load_from_state_dict(
        self, state_dict: dict[str, Any], prefix: str, *args: Any, **kwargs: Any
    ) -> None:
        for name in _names_of_weights(self.copies[0]):
            weight = state_dict.get(f"{prefix}copies.0.{name}")
            for t in range(1, len(self.copies)) if weight is not None else ():
                state_dict[f"{prefix}copies.{t}.{name}"] = weight
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


def has_batch_statistics(module: nn.Module) -> bool:
    """Tell whether a module of the user normalizes over the samples of a batch."""
    return any(isinstance(part, _BatchNorm) for part in module.modules())


def _names_of_weights(module: nn.Module) -> list[str]:
    return [name for name, _ in module.named_parameters(remove_duplicate=False)]


def _share_weights(copies: TaskCopies, _: Any) -> None:
    """Let all copies have the weights of the first, which loading may have replaced."""
    first, *others = copies.copies
    for other in others:
        for own, common in zip(other.modules(), first.modules(), strict=True):
            for name, weight in common.named_parameters(recurse=False):
                setattr(own, name, weight)


@contextmanager
def _using_statistics(module: nn.Module) -> Iterator[None]:
    norms = [p for p in module.modules() if isinstance(p, _BatchNorm) and p.training]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()
