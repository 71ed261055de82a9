"""The objective of the training: the weighted sum of all terms in each phase."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias, cast

import torch
from torch import Tensor, nn

from sk_jae.nn import (
    Codes,
    JointModule,
    RandomMap,
    ReconstructionLoss,
    classification_loss,
    consistency_loss,
    infomax_loss,
    reconstruction_loss,
    regression_loss,
)
from sk_jae.training.batches import Batch
from sk_jae.training.class_shares import ClassShares
from sk_jae.training.pair_terms import FoundTerm, TermKey, pair_terms
from sk_jae.training.pairs import Pairs
from sk_jae.training.processes import ALONE, Processes
from sk_jae.training.units import Units
from sk_jae.training.user_functions import check_augmented, checked_loss
from sk_jae.training.validation_scores import ValidationScores

__all__ = ["TERMS", "JointLoss", "Phase", "TermKey", "WeightedMean", "add_terms"]

TERMS = (
    "reconstruction",
    "classification",
    "regression",
    "infomax",
    "consistency",
    "pairing",
    "agreement",
)

Inputs: TypeAlias = list[Tensor | None]  # one per task
WeightedMean: TypeAlias = tuple[Tensor, Tensor | int]  # a mean and of how many samples


@dataclass(frozen=True)
class Phase:
    """A part of the training with its own loss weights and trainable parameters.

    Attributes
    ----------
    name : str
    weights : dict of {str: tuple of float}
        The weight of each term in each task. A term that has the weight 0 or is left
        out is not computed.
    trainable_prefixes : tuple of str or None
        The beginnings of the names of the parameters that are trained. None trains all
        parameters.
    fixed_tasks : tuple of int, default=()
        The tasks whose statistics stay as they are, as do those of all that is tied.
    """

    name: str
    weights: dict[str, tuple[float, ...]]
    trainable_prefixes: tuple[str, ...] | None = None
    fixed_tasks: tuple[int, ...] = ()

    def weight(self, term: str, t: int) -> float:
        return self.weights[term][t] if term in self.weights else 0.0

    def trains_on(self, t: int) -> bool:
        return any(weights[t] for weights in self.weights.values())


class JointLoss(nn.Module):
    """The weighted sum of all terms, and the single terms.

    Parameters
    ----------
    loss : str or callable, or tuple of these
        The reconstruction loss, for all tasks or for each.
    augment : sequence of (callable or None)
        The functions that change the samples of each task at random during training.
    units : dict of {(str, int): float} or None, default=None
        The values that the terms of each task are divided by.
    class_weight : Tensor of shape (n_classes,) or None, default=None
        How much the samples of each class count in the classification.

    Attributes
    ----------
    progress : float
        The fraction of the epochs of the phase that is finished, from 0 to 1.
    start, consistency_start : float
        The fractions at which the first term on unlabeled samples and consistency
        start.
    shares : torch.nn.ModuleDict of {str: ClassShares}
        The supposed shares of the classes, by the position of the task. A task that is
        not in it has no information maximization.
    guessed : set of int
        The tasks whose classes are learned as they were guessed, in place of it.
    counts : torch.nn.ModuleDict of {str: Counts}
        What reads the counts of the tasks that hold some, by their positions.
    scores : ValidationScores or None
        Computed beside the terms, and not in training.
    processes : Processes
        Those that train together. In training, the mean over all of them of the loss
        is that of the whole batch.
    """

    processes: Processes = ALONE
    scores: ValidationScores | None = None
    class_weight: Tensor | None

    def __init__(
        self,
        loss: ReconstructionLoss | tuple[ReconstructionLoss, ...],
        augment: Sequence[Callable[[Tensor], Tensor] | None] = (),
        units: Units | None = None,
        class_weight: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.loss = loss
        self.augment = tuple(augment)
        self.units = units or {}
        self.register_buffer("class_weight", class_weight)
        self.start = self.consistency_start = 0.0
        self.shares = nn.ModuleDict()
        self.guessed: set[int] = set()
        self.counts = nn.ModuleDict()
        self.progress = 0.0

    @property
    def progress(self) -> float:
        return self._progress

    @progress.setter
    def progress(self, progress: float) -> None:
        self._progress = progress
        # `forward` reads only these flags. Compiled, it would be compiled again for
        # every other number.
        self._has_warmed_up = progress >= self.start
        self._is_consistent = progress >= self.consistency_start

    def forward(
        self, module: JointModule, batch: Batch, phase: Phase
    ) -> tuple[Tensor, dict[TermKey, WeightedMean]]:
        """The loss () and its terms, unweighted, by (term, task)."""
        return self.evaluate(
            module, self.prepare(module.names, batch, phase), batch, phase
        )

    def prepare(
        self, names: Sequence[str], batch: Batch, phase: Phase
    ) -> tuple[Inputs, Inputs]:
        """The samples that the phase needs, as they are, and augmented in training."""
        plain = [
            x if self._is_needed(t, batch, phase) else None
            for t, x in enumerate(batch.inputs)
        ]
        return plain, [self._augmented(t, x, names) for t, x in enumerate(plain)]

    def evaluate(
        self,
        module: JointModule,
        samples: tuple[Inputs, Inputs],
        batch: Batch,
        phase: Phase,
    ) -> tuple[Tensor, dict[TermKey, WeightedMean]]:
        """The loss and its terms for samples from `prepare`."""
        terms: dict[TermKey, WeightedMean] = {}
        scores: dict[TermKey, WeightedMean] = {}
        total: Tensor | None = None
        found = chain(
            self._terms_of_tasks(module, samples, batch, phase, scores),
            self._terms_of_pairs(module, batch.pairs, phase),
        )
        processes = self.processes if self.training else ALONE
        for key, value, n, factor in processes.weigh(
            found, len(batch.inputs), are_alike=batch.pairs is None
        ):
            value = value / self.units.get(key, 1.0)
            terms[key] = value.detach(), n
            weighted = value * (self._weight(key, phase) * factor)
            total = weighted if total is None else total + weighted
        if total is None:
            total = next(module.parameters()).new_zeros(())
            # The other processes may have a loss, of which this one has gradients too.
            total.requires_grad_(processes.size > 1)
        return total, terms | scores

    def _terms_of_tasks(
        self,
        module: JointModule,
        samples: tuple[Inputs, Inputs],
        batch: Batch,
        phase: Phase,
        scores: dict[TermKey, WeightedMean],
    ) -> Iterator[FoundTerm]:
        """The terms of the samples of each task; also adds to the scores."""
        plain, inputs = samples
        targets = self._plain_logits(module, plain, batch, phase)
        for t, codes in enumerate(module.encode(inputs)):
            if codes is None:
                continue
            x, labels = inputs[t], batch.labels[t]
            assert x is not None
            weights = batch.weights_of(t)
            found = self._terms(module, x, labels, phase, t, codes, targets[t], weights)
            for term, value, n in found:
                yield (term, t), value, n
            if not self.training and self.scores is not None:
                scores.update(self.scores.of(module, t, codes, x, labels))

    def _terms_of_pairs(
        self, module: JointModule, pairs: Pairs | None, phase: Phase
    ) -> Iterator[FoundTerm]:
        """The terms of the subjects that several tasks have."""
        if pairs is None:
            return

        def error(t: int, reconstruction: Tensor, x: Tensor) -> Tensor:
            unit = self.units.get(("reconstruction", t), 1.0)
            loss, target = self._loss_and_target(module.names[t], t, x)
            return reconstruction_loss(reconstruction, target, loss) / unit

        yield from pair_terms(module, pairs, phase.weights, error)

    def _loss_and_target(
        self, name: str, t: int, x: Tensor
    ) -> tuple[ReconstructionLoss, Tensor]:
        """The reconstruction loss of a task, and what is to be reconstructed."""
        loss = self.loss[t] if isinstance(self.loss, tuple) else self.loss
        if str(t) in self.counts:
            x = self.counts[str(t)](x)
        return (checked_loss(loss, name) if callable(loss) else loss), x

    def _weight(self, key: TermKey, phase: Phase) -> float | Tensor:
        return phase.weight(*key)

    def _n_samples(self, x: Tensor) -> int:
        return len(x)

    def _is_needed(self, t: int, batch: Batch, phase: Phase) -> bool:
        of_labels = phase.weight("classification", t) or phase.weight("regression", t)
        supervised = of_labels and batch.labels[t] is not None
        weight = phase.weight("reconstruction", t)
        if weight or supervised:
            return True
        if self.training:
            # Before the terms start, the statistics of batch normalization are learned.
            return self._has_unlabeled_terms(t, phase)
        return self.scores is not None and self.scores.concern(t, batch.labels[t])

    def _has_unlabeled_terms(self, t: int, phase: Phase) -> bool:
        return any(phase.weight(term, t) for term in ("infomax", "consistency"))

    def _learns_unlabeled(self, t: int, phase: Phase) -> bool:
        has_started = self.training and self._has_warmed_up
        return has_started and self._has_unlabeled_terms(t, phase)

    def _augmented(
        self, t: int, x: Tensor | None, names: Sequence[str]
    ) -> Tensor | None:
        function = self.augment[t] if self.training and self.augment else None
        if function is None or x is None:
            return x
        if isinstance(function, RandomMap):
            return function(x)
        # A function of the user gets a copy, which it may change.
        augmented = function(x.clone())
        check_augmented(augmented, x, names[t])
        return augmented

    def _plain_logits(
        self,
        module: JointModule,
        plain: Sequence[Tensor | None],
        batch: Batch,
        phase: Phase,
    ) -> list[Tensor | None]:
        """Logits of the plain samples, for the tasks that have a consistency term.

        A task whose samples are not augmented has none.
        """
        needed = [
            x
            if self.augment
            and self.augment[t] is not None
            and self._is_consistent
            and self._learns_unlabeled(t, phase)
            and phase.weight("consistency", t)
            else None
            for t, x in enumerate(plain)
        ]
        if all(x is None for x in needed):
            return [None] * len(needed)
        with torch.no_grad():
            codes = module.encode(needed)
            return [
                None if c is None else module.classify(t, c)
                for t, c in enumerate(codes)
            ]

    def _terms(
        self,
        module: JointModule,
        x: Tensor,
        labels: Tensor | None,
        phase: Phase,
        t: int,
        codes: Codes,
        target: Tensor | None,
        weights: Tensor | None,
    ) -> Iterable[tuple[str, Tensor, Tensor | int]]:
        """The name and the value of each term, and the number of samples in it.

        Where samples have weights, it is the sum of these.
        """
        n: Tensor | int = self._n_samples(x) if weights is None else weights.sum()
        if phase.weight("reconstruction", t):
            error = self._reconstruction_error(module.names[t], t)
            value = error(module.decode(t, codes), x, weights=weights)
            yield "reconstruction", value, n
        if phase.weight("regression", t) and labels is not None:
            predictions = module.regress(t, codes)
            if predictions is not None:
                value = regression_loss(predictions, labels, weights)
                known = (~labels.isnan()).any(dim=-1)
                of_each = known if weights is None else weights * known
                yield "regression", value, of_each.sum(dim=-1)
        supervised = phase.weight("classification", t) and labels is not None
        unlabeled = self._learns_unlabeled(t, phase)
        if not supervised and not unlabeled:
            return
        of_labels = self._weights_of_labels(labels, weights)
        logits = module.classify(t, codes)
        if logits is None:
            return
        if supervised and labels is not None:
            value = classification_loss(logits, labels, of_labels)
            of_each = labels >= 0 if of_labels is None else of_labels
            yield "classification", value, of_each.sum(dim=-1)
        if unlabeled and phase.weight("infomax", t) and str(t) in self.shares:
            shares = cast(ClassShares, self.shares[str(t)])
            of_batch = self.processes.gathered
            everything = of_batch(logits), of_batch(weights)
            shares.update(*everything)
            value = infomax_loss(everything[0], shares.supposed, everything[1])
            yield "infomax", value, n
        if unlabeled and t in self.guessed and labels is not None:
            yield "infomax", classification_loss(logits, labels, weights), n
        if target is not None:
            yield "consistency", consistency_loss(logits, target, weights), n

    def _reconstruction_error(self, name: str, t: int) -> Callable[..., Tensor]:
        def error(found: Tensor, x: Tensor, weights: Tensor | None) -> Tensor:
            loss, target = self._loss_and_target(name, t, x)
            return reconstruction_loss(found, target, loss, weights)

        return error

    def _weights_of_labels(
        self, labels: Tensor | None, weights: Tensor | None
    ) -> Tensor | None:
        """How much each label counts, or None if they count alike; 0 without label."""
        if labels is None or (self.class_weight is None and weights is None):
            return None
        found = (labels >= 0).float() if weights is None else weights * (labels >= 0)
        if self.class_weight is not None:
            found = found * self.class_weight[labels.clamp(min=0)]
        return found


def add_terms(
    terms: Mapping[TermKey, WeightedMean],
    sums: dict[TermKey, Tensor],
    counts: dict[TermKey, Tensor | int],
) -> None:
    """Add the means of a batch to the sums of an epoch, on the device."""
    for key, (value, n) in terms.items():
        sums[key] = value * n + sums.get(key, 0.0)
        counts[key] = n + counts.get(key, 0)
