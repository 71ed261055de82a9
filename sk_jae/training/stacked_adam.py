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
        self._groups = [
            _Group(group, [optimizer.state[p] for p in group["params"]])
            for group in optimizer.param_groups
            if group["params"]
        ]

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

    def step(self, gradients: list[Tensor]) -> None:
        """Make a step with a gradient for each parameter, group after group."""
        start = 0
        for group in self._groups:
            options, end = group.options, start + len(group.states)
            beta1, beta2 = options["betas"]
            group.n_steps += 1
            self._step_of_torch(
                group.values,
                gradients[start:end],
                group.means,
                group.means_of_squares,
                [],
                group.counts,
                lr=options["lr"],
                beta1=beta1,
                beta2=beta2,
                weight_decay=options["weight_decay"],
                eps=options["eps"],
                amsgrad=False,
                maximize=options["maximize"],
                grad_scale=None,
                found_inf=None,
            )
            start = end

    def end(self) -> None:
        """Let each parameter count its own steps again."""
        for group in self._groups:
            for state in group.states:
                state["step"] = state["step"].clone()


class _Group:
    """What a step needs of the parameters of one group."""

    def __init__(
        self, options: dict[str, Any], states: Sequence[dict[str, Any]]
    ) -> None:
        self.options, self.states = options, states
        self.n_steps = states[0]["step"].clone()
        for state in states:
            state["step"] = self.n_steps
        self.values = [p.data for p in options["params"]]
        self.means = [state["exp_avg"] for state in states]
        self.means_of_squares = [state["exp_avg_sq"] for state in states]
        self.counts = [self.n_steps] * len(states)
