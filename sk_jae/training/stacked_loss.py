"""The objective of several networks at once, rounded as for each network alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.nn import Codes
from sk_jae.training.batches import Batch
from sk_jae.training.class_shares import ClassShares, mean_prediction
from sk_jae.training.net import JointNet
from sk_jae.training.objective import (
    Inputs,
    JointLoss,
    Phase,
    TermKey,
    WeightedMean,
)
from sk_jae.training.stacked_module import Stack, joined, parted

__all__ = ["StackedLoss", "can_stack_loss"]

_ERRORS: dict[str, Any] = {
    "mse": F.mse_loss,
    "huber": F.huber_loss,
    "bce": F.binary_cross_entropy_with_logits,
}


def can_stack_loss(net: JointNet) -> bool:
    """Whether :class:`StackedLoss` can stand for the objective of a net."""
    criterion = net.criterion_
    return (
        type(criterion) is JointLoss
        and isinstance(criterion.loss, str)
        and criterion.loss in _ERRORS
        and criterion.class_weight is None
    )


class StackedLoss(JointLoss):
    """The objectives of several networks, with one value of each term per network.

    The samples of all networks are (n_networks * n, ...); labels and predictions are
    (n_networks, n, ...).

    Parameters
    ----------
    nets : sequence of JointNet
        Nets with the same terms, for which :func:`can_stack_loss` is true.
    stack : Stack
        Their modules.
    """

    def __init__(self, nets: Sequence[JointNet], stack: Stack) -> None:
        first = nets[0].criterion_
        super().__init__(first.loss, first.augment)
        self._own = [net.criterion_ for net in nets]  # no parts of this module
        self._phases = [net.phase_ for net in nets]
        self._networks = _Networks(stack)
        self._device = torch.device(nets[0].device)
        keys = {key for criterion in self._own for key in criterion.units}
        units: Any = {
            key: self._of_networks([c.units.get(key, 1.0) for c in self._own])
            for key in keys
        }
        self.units = units
        self._weights: dict[TermKey, Tensor] = {}

    def _of_networks(self, values: Sequence[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self._device)

    def begin_epoch(self) -> None:
        """Take over how far the training has come."""
        first = self._own[0]
        self.start, self.consistency_start = first.start, first.consistency_start
        self.progress = first.progress
        self.shares = nn.ModuleDict(
            {
                t: _StackedShares([cast(ClassShares, c.shares[t]) for c in self._own])
                for t in first.shares
            }
        )

    def of_step(
        self, batches: Sequence[Batch]
    ) -> tuple[Tensor, dict[TermKey, WeightedMean]]:
        """The loss (n_networks,) and its terms, for one batch of each network."""
        phase, names = self._phases[0], self._networks.names
        plain: Inputs = [
            joined([cast(Tensor, batch.inputs[t]) for batch in batches])
            if self._is_needed(t, batches[0], phase)
            else None
            for t in range(len(names))
        ]
        augmented: Inputs = [
            x
            if x is None or not self.augment or self.augment[t] is None
            else joined(
                [
                    cast(Tensor, own._augmented(t, batch.inputs[t], names))
                    for own, batch in zip(self._own, batches, strict=True)
                ]
            )
            for t, x in enumerate(plain)
        ]
        labels: Inputs = [
            None
            if first is None
            else torch.stack([cast(Tensor, batch.labels[t]) for batch in batches])
            for t, first in enumerate(batches[0].labels)
        ]
        networks: Any = self._networks
        return self.evaluate(networks, (plain, augmented), Batch([], labels), phase)

    def _weight(self, key: TermKey, phase: Phase) -> Tensor:
        if key not in self._weights:
            own = [phase.weight(*key) for phase in self._phases]
            self._weights[key] = self._of_networks(own)
        return self._weights[key]

    def _n_samples(self, x: Tensor) -> int:
        return len(x) // len(self._own)

    def _reconstruction_error(self, name: str, t: int) -> Callable[..., Tensor]:
        return self._mean_errors

    def _mean_errors(self, found: Tensor, x: Tensor, weights: None) -> Tensor:
        losses: Tensor = _MeanError.apply(found.float(), x, self.loss, len(self._own))
        return losses


class _MeanError(torch.autograd.Function):
    """The mean error of each network, whose gradient is rounded as for one alone.

    The gradient of a mean over a part of a tensor is multiplied in another order.
    """

    @staticmethod
    def forward(
        ctx: Any, found: Tensor, x: Tensor, kind: str, n_networks: int
    ) -> Tensor:
        ctx.save_for_backward(found, x)
        ctx.kind, ctx.n_networks = kind, n_networks
        each = parted(_ERRORS[kind](found, x, reduction="none"), n_networks)
        return each.mean(dim=tuple(range(1, each.ndim)))

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        found, x = ctx.saved_tensors
        error = (found.sigmoid() if ctx.kind == "bce" else found) - x
        own = parted(error, ctx.n_networks)
        n = own[0].numel()
        gradient = gradient.reshape(-1, *[1] * (own.ndim - 1))
        if ctx.kind == "bce":
            own.mul_(gradient).div_(n)
        elif ctx.kind == "mse":
            own.mul_(2 / n).mul_(gradient)
        else:
            own.clamp_(-1, 1).mul_(1 / n).mul_(gradient)
        return error, None, None, None


class _Networks:
    """The module of a stack, whose predictions are (n_networks, n, ...)."""

    def __init__(self, stack: Stack) -> None:
        self._n, self._module = stack.n, stack.module
        self.names: list[str] = stack.module.names
        self.encode = stack.module.encode
        self.decode = stack.module.decode
        self.parameters = stack.module.parameters

    def classify(self, task: int, z: Codes) -> Tensor | None:
        logits: Tensor | None = self._module.classify(task, z)
        return None if logits is None else parted(logits, self._n)

    def regress(self, task: int, z: Codes) -> Tensor | None:
        targets: Tensor | None = self._module.regress(task, z)
        return None if targets is None else parted(targets, self._n)


class _StackedShares(nn.Module):
    """The supposed shares of classes of every network, (n_networks, n_classes)."""

    def __init__(self, own: Sequence[ClassShares]) -> None:
        super().__init__()
        self._own = list(own)  # no parts of this module

    @property
    def supposed(self) -> Tensor | None:
        found = [shares.supposed for shares in self._own]
        return None if found[0] is None else torch.stack(cast(list[Tensor], found))

    def update(self, logits: Tensor, weights: Tensor | None) -> None:
        means = mean_prediction(logits, weights)
        for shares, mean in zip(self._own, means, strict=True):
            shares.take(mean)
