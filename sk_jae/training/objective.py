"""What training minimizes: the weighted sum of all terms, phase by phase."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from torch import Tensor, nn

from sk_jae.losses import Loss, classification_loss, reconstruction_loss
from sk_jae.modules import Codes, JointModule
from sk_jae.training.batches import Batch

__all__ = ["TERMS", "JointLoss", "Key", "Measured", "Phase"]

TERMS = ("reconstruction", "classification")

Key: TypeAlias = tuple[str, int]  # a term and a task
Measured: TypeAlias = tuple[Tensor, Tensor | int]  # a mean and of how many samples


@dataclass(frozen=True)
class Phase:
    """A part of the training with its own loss weights and trainable parameters.

    Attributes
    ----------
    name : str
    weights : dict of {str: tuple of float}
        The weight of each term in each task; a term of weight 0 is not computed.
    trains : tuple of str or None
        What the names of trained parameters start with; None trains all.
    """

    name: str
    weights: dict[str, tuple[float, ...]]
    trains: tuple[str, ...] | None = None


class JointLoss(nn.Module):
    """The weighted sum of all terms (Eq. 1 and 2), and each term by itself."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss

    def forward(
        self, module: JointModule, batch: Batch, phase: Phase
    ) -> tuple[Tensor, dict[Key, Measured]]:
        """The loss () and its terms, unweighted, by (term, task)."""
        terms: dict[Key, Measured] = {}
        total: Tensor | None = None
        needed = [
            x if self._is_needed(t, batch, phase) else None
            for t, x in enumerate(batch.inputs)
        ]
        for t, codes in enumerate(module.encode(needed)):
            if codes is None:
                continue
            for term, value, n in self._terms(module, batch, phase, t, codes):
                terms[term, t] = value.detach(), n
                weighted = value * phase.weights[term][t]
                total = weighted if total is None else total + weighted
        if total is None:
            total = next(module.parameters()).new_zeros(())
        return total, terms

    def _is_needed(self, t: int, batch: Batch, phase: Phase) -> bool:
        supervised = phase.weights["classification"][t] and batch.labels[t] is not None
        return bool(phase.weights["reconstruction"][t] or supervised)

    def _terms(
        self, module: JointModule, batch: Batch, phase: Phase, t: int, codes: Codes
    ) -> Iterable[tuple[str, Tensor, Tensor | int]]:
        """Term, value and the number of samples that it is the mean of."""
        x, labels = batch.inputs[t], batch.labels[t]
        assert x is not None
        if phase.weights["reconstruction"][t]:
            value = reconstruction_loss(module.decode(t, codes), x, self.loss)
            yield "reconstruction", value, len(x)
        if phase.weights["classification"][t] and labels is not None:
            logits = module.classify(t, codes)
            if logits is not None:
                value = classification_loss(logits, labels)
                yield "classification", value, (labels >= 0).sum()
