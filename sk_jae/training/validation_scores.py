"""The scores of the validation data: the accuracy of each task, or an R^2."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor

from sk_jae.nn import Codes, JointModule, output_of
from sk_jae.tasks import Layout
from sk_jae.training.batches import Batch
from sk_jae.training.counts import counts_of
from sk_jae.training.reading import standardized
from sk_jae.training.target_scores import TargetSpread, target_spreads

__all__ = ["SCORES", "ValidationScores"]

SCORES = ("accuracy", "r2")


class ValidationScores:
    """What the estimator's `score` would be for each task, from codes that are there.

    It is the accuracy on the labeled samples for a module with classifiers, R^2 of the
    known targets for one with heads of regression, and R^2 of the reconstruction for
    any other. The mean over batches, each with the weight of its number of samples, is
    the score of all samples.

    Parameters
    ----------
    module : JointModule
    batches : iterable of Batch
        The validation data. Without classifiers they are read once, to know how much
        the samples or the targets vary.
    layouts : sequence of Layout
        Of each task. R^2 is that in the units of the user.
    device : torch.device
    losses : sequence of (str or callable)
        The reconstruction loss of each task.
    """

    def __init__(
        self,
        module: JointModule,
        batches: Iterable[Batch],
        layouts: Sequence[Layout],
        device: torch.device,
        *,
        losses: Sequence[object],
    ) -> None:
        self._losses = [loss if isinstance(loss, str) else "" for loss in losses]
        self._counts = {t: c.to(device) for t, c in counts_of(layouts, losses).items()}
        self._units = [_units_of(layout, device) for layout in layouts]
        self._classifies, self._regresses = module.n_classes > 0, module.n_outputs > 0
        self._spreads: dict[int, float] = {}
        self._targets: dict[int, TargetSpread] = {}
        if self._regresses:
            self._targets = target_spreads(batches)
        elif not self._classifies:
            self._spreads = self._spreads_of(batches)

    def concern(self, t: int, labels: Tensor | None) -> bool:
        """Whether samples of a task with these labels have a score."""
        if self._regresses:
            return t in self._targets and labels is not None
        return labels is not None if self._classifies else t in self._spreads

    def of(
        self,
        module: JointModule,
        t: int,
        codes: Codes,
        x: Tensor,
        labels: Tensor | None,
    ) -> dict[tuple[str, int], tuple[Tensor, Tensor | int]]:
        """The score of a batch of one task, and the number of samples in it."""
        if self._regresses:
            found = module.regress(t, codes)
            if found is None or labels is None or t not in self._targets:
                return {}
            return {("r2", t): self._targets[t].r2(found, labels)}
        if not self._classifies:
            return {("r2", t): (self._r2(module, t, codes, x), len(x))}
        logits = module.classify(t, codes)
        if logits is None or labels is None:
            return {}
        right = (logits.argmax(1) == labels).sum()
        n = (labels >= 0).sum()
        # In float64, the fractions of the batches add up to that of all samples.
        exact = torch.float32 if x.device.type == "mps" else torch.float64
        return {("accuracy", t): (right.to(exact) / n.clamp(min=1), n)}

    def _r2(self, module: JointModule, t: int, codes: Codes, x: Tensor) -> Tensor:
        other = output_of(module.decode(t, codes), self._losses[t])
        is_count = t in self._counts
        other = other.flatten(1) if is_count else self._in_units(t, other)
        difference = other - self._in_units(t, x)
        spread = self._spreads[t]
        if not spread:
            return (difference == 0).all().to(torch.float32)
        return 1 - (difference / spread).square().sum(1).mean()

    def _in_units(self, t: int, x: Tensor) -> Tensor:
        """Samples (n, values) in units that are the user's but for one factor."""
        if t in self._counts:
            counts: Tensor = self._counts[t](x)
            return counts.flatten(1)
        x, units = x.flatten(1), self._units[t]
        return x if units is None else standardized(x.to(units.dtype)) * units

    def _spreads_of(self, batches: Iterable[Batch]) -> dict[int, float]:
        """For each task, the root mean square of the distances to the mean sample."""
        n: dict[int, int] = {}
        first: dict[int, Tensor] = {}
        total: dict[int, Tensor] = {}
        squares: dict[int, Tensor] = {}
        for batch in batches:
            for t, x in enumerate(batch.inputs):
                if x is not None:
                    x = self._in_units(t, x)
                    # Differences of values that are all large lose no digits by this.
                    x = x - first.setdefault(t, x.mean(0))
                    n[t] = n.get(t, 0) + len(x)
                    total[t] = total.get(t, 0) + x.sum(0)
                    squares[t] = squares.get(t, 0) + x.square().sum(0)
        variances = {
            t: (squares[t] / n[t] - (total[t] / n[t]).square()).sum() for t in n
        }
        return {t: max(float(variances[t]), 0.0) ** 0.5 for t in n}


def _units_of(layout: Layout, device: torch.device) -> Tensor | None:
    """How the spreads of the columns of a task compare with the largest one."""
    scaling = layout.scaling
    if scaling is None:
        return None
    units = torch.from_numpy(scaling.relative_sizes)
    return units.to(device, torch.float32 if device.type == "mps" else torch.float64)
