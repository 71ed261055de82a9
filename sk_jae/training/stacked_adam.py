"""Steps of Adam for many tensors, which are looked up once and counted together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.optim import Adam, AdamW, Optimizer

__all__ = ["AdamSteps"]

# What `torch.optim` itself calls after it has looked up every tensor.
_FUSED: Any = {
    Adam: getattr(torch, "_fused_adam_", None),
    AdamW: getattr(torch, "_fused_adamw_", None),
}


class AdamSteps:
    """The steps of an optimizer that has begun, with equal results in less time.

    Meanwhile one tensor counts the steps of all parameters of a group.

    Parameters
    ----------
    optimizer : Optimizer
        One for which :func:`can_make` is true.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self._step_of_torch = _FUSED[type(optimizer)]
        self._states = optimizer.state
        self._groups = [
            (group, [optimizer.state[p] for p in group["params"]])
            for group in optimizer.param_groups
            if group["params"]
        ]
        self._counts = [states[0]["step"].clone() for _, states in self._groups]
        for (_, states), n_steps in zip(self._groups, self._counts, strict=True):
            for state in states:
                state["step"] = n_steps

    @staticmethod
    def can_make(optimizer: Optimizer) -> bool:
        """Whether it can stand for the steps of an optimizer."""
        if _FUSED.get(type(optimizer)) is None:
            return False
        return all(
            group.get("fused")
            and not group["amsgrad"]
            and all(p in optimizer.state for p in group["params"])
            and len({float(optimizer.state[p]["step"]) for p in group["params"]}) < 2
            for group in optimizer.param_groups
        )

    def step(self, gradients: Sequence[Tensor]) -> None:
        """Make a step with a gradient for each parameter, group after group."""
        start = 0
        for (group, states), n_steps in zip(self._groups, self._counts, strict=True):
            n_steps += 1
            end = start + len(states)
            beta1, beta2 = group["betas"]
            self._step_of_torch(
                [p.data for p in group["params"]],
                list(gradients[start:end]),
                [state["exp_avg"] for state in states],
                [state["exp_avg_sq"] for state in states],
                [],
                [n_steps] * len(states),
                lr=group["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=group["weight_decay"],
                eps=group["eps"],
                amsgrad=False,
                maximize=group["maximize"],
                grad_scale=None,
                found_inf=None,
            )
            start = end

    def end(self) -> None:
        """Let each parameter count its own steps again."""
        for _, states in self._groups:
            for state in states:
                state["step"] = state["step"].clone()
