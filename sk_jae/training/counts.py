"""Counts, whose rates are learned as logarithms (``reconstruction_loss="poisson"``)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_jae.nn import JointModule
from sk_jae.tasks import Layout
from sk_jae.training.reading import read_batches, standardized

__all__ = ["Counts", "counts_of", "start_at_mean_rates"]


class Counts(nn.Module):
    """The counts of one task, from its samples as the module sees them.

    Parameters
    ----------
    layout : Layout

    Attributes
    ----------
    mean, spread : Tensor of float32 of shape (n_features,), or None
        Those of the scaling of the task, if it has one.
    """

    mean: Tensor | None
    spread: Tensor | None

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        scaling = layout.scaling
        self.scale = layout.scale
        for name in ("mean", "spread"):
            values = None if scaling is None else getattr(scaling, name)
            if values is not None:
                values = torch.from_numpy(values).float()
            self.register_buffer(name, values)

    def forward(self, x: Tensor) -> Tensor:
        """Counts (n, ...) of the shape of x."""
        if self.mean is None or self.spread is None:
            return x / self.scale
        flat = standardized(x.flatten(1)) * self.spread.to(x) + self.mean.to(x)
        return flat.clamp(min=0).reshape(x.shape)


def counts_of(layouts: Sequence[Layout], losses: Sequence[Any]) -> dict[int, Counts]:
    """What reads the counts of each task that has some."""
    return {
        t: Counts(layout)
        for t, (layout, loss) in enumerate(zip(layouts, losses, strict=True))
        if loss == "poisson"
    }


def start_at_mean_rates(
    module: JointModule,
    arrays: Sequence[NDArray[Any]],
    layouts: Sequence[Layout],
    losses: Sequence[Any],
    weights: Sequence[NDArray[np.float64] | None] = (),
) -> None:
    """Let the reconstructions of counts begin at the mean rates of the features."""
    weights = weights or (None,) * len(arrays)
    for t, (array, layout, loss, own) in enumerate(
        zip(arrays, layouts, losses, weights, strict=True)
    ):
        if loss == "poisson" and len(array):
            own = np.ones(len(array)) if own is None else own
            _start_at_mean_rates(module, t, array, layout, own)


def _start_at_mean_rates(
    module: JointModule,
    t: int,
    array: NDArray[Any],
    layout: Layout,
    weights: NDArray[np.float64],
) -> None:
    counts = Counts(layout)
    total: Any = 0.0
    for rows, _, x in read_batches(array, layout, torch.device("cpu")):
        own = torch.from_numpy(weights[rows])
        total = total + torch.tensordot(own, counts(x).double(), 1)
    # A feature that was never counted has some rate all the same.
    least = 0.5 / np.count_nonzero(weights)
    rates = (total / weights.sum()).clamp(min=least).log()
    biases = [_bias(part) for part in module.outputs[t].children()]
    bias = [found for found in biases if found is not None][-1]
    values = rates.flatten()
    if len(bias) != len(values):  # one for each channel of a convolution
        values = rates.exp().flatten(1).mean(1).log()
    with torch.no_grad():
        bias.copy_(values.to(bias))


def _bias(part: nn.Module) -> Tensor | None:
    bias = getattr(part, "bias", None)
    return bias if isinstance(bias, Tensor) else None
