"""R^2 of the targets of regression, batch by batch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from sk_jae.training.batches import Batch

__all__ = ["TargetSpread", "target_spreads"]


@dataclass(frozen=True)
class TargetSpread:
    """How much the known targets of one task vary in all batches together.

    Attributes
    ----------
    squares : Tensor of shape (n_outputs,)
        The sum of the squared distances to the mean of each output.
    n_known : Tensor of shape (n_outputs,)
        The number of known values.
    n_rows : int
        The number of samples with a known value.
    """

    squares: Tensor
    n_known: Tensor
    n_rows: int

    def r2(self, predictions: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """What a batch contributes to R^2, and its number of samples with a target.

        The mean over batches with these weights is the mean of R^2 over the outputs.
        """
        known = ~targets.isnan()
        errors = ((predictions.float() - targets.nan_to_num()).square() * known).sum(0)
        n = known.any(dim=1).sum()
        varies = (self.squares > 0) & (self.n_known > 0)
        # As in scikit-learn, what is constant has a score of 1 or 0.
        lost = torch.where(varies, errors / self.squares, (errors > 0).float())
        counted = lost[self.n_known > 0].mean()
        return 1 - counted * self.n_rows / n.clamp(min=1), n


def target_spreads(batches: Iterable[Batch]) -> dict[int, TargetSpread]:
    """The spreads of the targets of each task that has some."""
    found: dict[int, list[Tensor]] = {}
    for batch in batches:
        for t, targets in enumerate(batch.labels):
            if targets is not None:
                found.setdefault(t, []).append(targets)
    spreads = {}
    for t, parts in found.items():
        targets = torch.cat(parts)
        known = ~targets.isnan()
        n_rows, n_known = int(known.any(dim=1).sum()), known.sum(0)
        if not n_rows:
            continue
        values = targets.nan_to_num()
        mean = values.sum(0) / n_known.clamp(min=1)
        squares = ((values - mean).square() * known).sum(0)
        spreads[t] = TargetSpread(squares, n_known, n_rows)
    return spreads
