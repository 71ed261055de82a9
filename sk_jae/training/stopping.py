"""Early stopping that goes back to the best weights."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor, nn

__all__ = ["BestWeights"]


class BestWeights:
    """Keeps the weights with the smallest validation loss, and tells when to stop.

    As in scikit-learn's multi-layer perceptrons, an epoch counts as one without change
    if its loss is not below the smallest one by more than `tol`. Its weights are
    nevertheless kept if its loss is the smallest one.

    Parameters
    ----------
    module : torch.nn.Module
    n_iter_no_change : int
        Number of epochs without change after which the training stops.
    tol : float
    """

    def __init__(self, module: nn.Module, n_iter_no_change: int, tol: float) -> None:
        self.module = module
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.loss = math.inf
        self.weights: dict[str, Tensor] | None = None
        self.waited = 0

    def begin_with(self, loss: float) -> None:
        """Take the present weights as the best ones so far."""
        if not math.isnan(loss):
            self._keep(loss)

    def _keep(self, loss: float) -> None:
        self.loss = loss
        state = self.module.state_dict()
        self.weights = {name: value.clone() for name, value in state.items()}

    def update(self, loss: float) -> bool:
        """Record the loss of an epoch, and return True if training should stop."""
        if math.isnan(loss):  # no validation sample has what this phase needs
            return False
        self.waited = 0 if loss < self.loss - self.tol else self.waited + 1
        if loss < self.loss:
            self._keep(loss)
        return self.waited >= self.n_iter_no_change

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` takes."""
        return {"loss": self.loss, "weights": self.weights, "waited": self.waited}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on as the object did whose state this is."""
        self.loss, self.waited = state["loss"], state["waited"]
        self.weights = state["weights"]

    def restore(self) -> None:
        """Give the module its best weights, if there are any."""
        if self.weights is not None:
            self.module.load_state_dict(self.weights)
