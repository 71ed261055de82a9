"""How frequent the classes of an unlabeled task are supposed to be, during training."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

__all__ = ["EVEN", "ClassShares", "estimated_shares", "evenness", "mean_prediction"]

# Shares are even above this evenness.
EVEN = 0.9

# A share of zero would forbid a class for ever.
_SPREAD_EVENLY = 0.03
_MOMENTUM = 0.1
_N_ESTIMATES = 20


class ClassShares(nn.Module):
    """The supposed shares of the classes in one task, and those of its predictions.

    At first they are supposed to be equal. Later the predictions may decide, or a user.

    Parameters
    ----------
    possible : Tensor of bool of shape (n_classes,)
        The classes that the task can have.

    Attributes
    ----------
    possible : Tensor of shape (n_classes,)
        Equal shares of the classes that the task can have.
    mean : Tensor of shape (n_classes,)
        The mean of the predictions in the last batches.
    supposed : Tensor of shape (n_classes,) or None
        The supposed shares. None are equal ones.
    follows : bool
        Whether they follow the mean of the predictions, which is then hardly pulled.
    """

    possible: Tensor
    mean: Tensor
    supposed: Tensor | None

    def __init__(self, possible: Tensor) -> None:
        super().__init__()
        self.register_buffer("possible", possible.float() / possible.sum())
        self.register_buffer("mean", self.possible.clone())
        self.register_buffer("supposed", None)
        self.follows = False

    def update(self, logits: Tensor, weights: Tensor | None = None) -> None:
        """Take the predictions of a batch (n, n_classes), with weights (n,), in."""
        self.take(mean_prediction(logits, weights))

    @torch.no_grad()
    def take(self, mean: Tensor) -> None:
        """Take the predictions of a batch in, by their mean (n_classes,)."""
        self.mean.lerp_(mean, _MOMENTUM)
        if self.supposed is not None and self.follows:
            self.supposed.lerp_(self._without_zeros(mean), _MOMENTUM)

    def suppose(self, shares: Tensor, *, follows: bool = False) -> None:
        """Suppose these shares from now on, or begin with them."""
        self.supposed = self._without_zeros(shares)
        self.follows = follows

    def _without_zeros(self, shares: Tensor) -> Tensor:
        return (1 - _SPREAD_EVENLY) * shares + _SPREAD_EVENLY * self.possible

    def to_state(self) -> dict[str, Any]:
        """What :meth:`from_state` takes."""
        return {**self._buffers, "follows": self.follows}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> ClassShares:
        """Shares that go on as those do whose state this is."""
        shares = cls(state["possible"] > 0)
        for name in shares._buffers:
            setattr(shares, name, state[name])
        shares.follows = state["follows"]
        return shares

    @property
    def n_possible(self) -> int:
        return int((self.possible > 0).sum())


@torch.no_grad()
def mean_prediction(logits: Tensor, weights: Tensor | None = None) -> Tensor:
    """The mean (..., n_classes) of the predictions of samples (..., n, n_classes)."""
    return _mean(logits.float().softmax(dim=-1), weights)


def estimated_shares(
    probabilities: Tensor, possible: Tensor, weights: Tensor | None = None
) -> Tensor:
    """The shares that explain predictions made for equal ones (Saerens et al. 2002)."""
    shares = possible
    for _ in range(_N_ESTIMATES):
        weighed = probabilities * shares
        shares = _mean(weighed / weighed.sum(dim=1, keepdim=True), weights)
    return shares


def evenness(shares: Tensor, n_possible: int) -> float:
    """The effective number of classes, as a part of those that are possible.

    It is 1 if all are equally frequent.
    """
    entropy = -(shares * (shares + 1e-8).log()).sum()
    return math.exp(float(entropy)) / n_possible


def _mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of values (..., n, n_classes) over samples."""
    if weights is None:
        return values.mean(dim=-2)
    return weights @ values / weights.sum()
