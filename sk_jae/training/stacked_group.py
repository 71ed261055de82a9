"""A group of networks with equal layers and steps, which train together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk_jae.training.batches import Batch, TrainingBatches
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TermKey, WeightedMean, add_terms
from sk_jae.training.stacked_loss import StackedLoss, can_stack_loss
from sk_jae.training.stacked_module import Stack
from sk_jae.training.stacked_optimizer import StackedOptimizers
from sk_jae.training.stacked_outputs import OutputsOfStep

__all__ = ["StackedGroup"]

Sums = dict[TermKey, Tensor]
Counts = dict[TermKey, Tensor | int]


class StackedGroup:
    """Trains several nets by the same steps, epoch by epoch.

    The weights of each net, and the state of its optimizer, are parts of the stacked
    ones, until they are released. They may be changed between epochs.

    Parameters
    ----------
    nets : sequence of JointNet
        Those with equal settings of the optimizer should be neighbors.
    """

    def __init__(self, nets: Sequence[JointNet]) -> None:
        self.nets = list(nets)
        self._phases = [net.phase_ for net in nets]
        self._stack = Stack([net.module_ for net in nets])
        self._stack.bind()
        self._optimizers = StackedOptimizers(
            [net.optimizer_ for net in nets], list(self._stack.parameters())
        )
        self._loss: StackedLoss | None = None
        if all(map(can_stack_loss, nets)):
            self._loss = StackedLoss(nets, self._stack)
        self._reading = _Reading()
        self._kept: list[Tensor] = []

    def is_of(self, nets: Sequence[JointNet]) -> bool:
        """Whether it can train these nets in their present phase."""
        mine = zip(self._phases, self._optimizers.own, strict=True)
        return nets == self.nets and all(
            net.phase_ is phase and net.optimizer_ is optimizer
            for net, (phase, optimizer) in zip(nets, mine, strict=True)
        )

    def train(self, epochs: Sequence[TrainingBatches]) -> None:
        """Train the nets for an epoch, each on its batches.

        If it raises an error, no net has changed.
        """
        for net in self.nets:
            if not net.module_.training:
                net.set_training(True)
        self._stack.refresh()
        self._optimizers.take()
        changed = self._changed_in_steps()
        self._keep(changed)
        try:
            means = self._train(epochs)
        except Exception:
            for tensor, value in zip(changed, self._kept, strict=True):
                tensor.copy_(value)
            raise
        self._optimizers.bind()
        for net, batches, own in zip(self.nets, epochs, means, strict=True):
            net.record_epoch("train", own, len(batches))

    def release(self) -> None:
        """Give each net memory of its own."""
        self._stack.release()
        self._optimizers.release()

    def _keep(self, tensors: Sequence[Tensor]) -> None:
        """Copy tensors, into the memory that the last copies had if they fit."""
        if [x.shape for x in tensors] != [x.shape for x in self._kept]:
            self._kept = [x.clone() for x in tensors]
            return
        for kept, x in zip(self._kept, tensors, strict=True):
            kept.copy_(x)

    def _changed_in_steps(self) -> list[Tensor]:
        """The tensors that steps change in place."""
        shares = [net.criterion_.shares for net in self.nets]
        return [
            *(stacked.data for stacked, _ in self._stack.parameters()),
            *self._stack.statistics(),
            *self._optimizers.tensors(),
            *(buffer for own in shares for buffer in own.buffers()),
        ]

    def _train(
        self, epochs: Sequence[TrainingBatches]
    ) -> Sequence[Mapping[TermKey, float]]:
        steps = self._reading.batches(epochs)
        if self._loss is None or any(batches.reader.has_weights for batches in epochs):
            return self._train_with_own_losses(steps)
        self._loss.begin_epoch()
        sums: Sums = {}
        counts: Counts = {}
        for batches in steps:
            self._optimizers.zero_grad()
            losses, terms = self._loss.of_step(batches)
            self._step(losses)
            add_terms(terms, sums, counts)
        return _means(sums, counts, len(self.nets))

    def _train_with_own_losses(
        self, steps: Iterator[list[Batch]]
    ) -> Sequence[Mapping[TermKey, float]]:
        """Let every net compute its own loss of the outputs of all."""
        sums: list[Sums] = [{} for _ in self.nets]
        counts: list[Counts] = [{} for _ in self.nets]
        for batches in steps:
            self._optimizers.zero_grad()
            found = self._own_losses(batches)
            self._step(torch.stack([loss for loss, _ in found]))
            for (_, terms), own, n in zip(found, sums, counts, strict=True):
                add_terms(terms, own, n)
        each = zip(self.nets, sums, counts, strict=True)
        return [net.means(own, n) for net, own, n in each]

    def _own_losses(
        self, batches: Sequence[Batch]
    ) -> list[tuple[Tensor, dict[TermKey, WeightedMean]]]:
        pairs = list(zip(self.nets, batches, strict=True))
        samples = [
            net.criterion_.prepare(net.module_.names, batch, net.phase_)
            for net, batch in pairs
        ]
        outputs = OutputsOfStep(self._stack, samples)
        return [
            net.criterion_.evaluate(
                outputs.of(i, net.module_), samples[i], batch, net.phase_
            )
            for i, (net, batch) in enumerate(pairs)
        ]

    def _step(self, losses: Tensor) -> None:
        if losses.requires_grad:
            losses.sum().backward()
            self._optimizers.step()


def _means(sums: Sums, counts: Counts, n_networks: int) -> list[dict[TermKey, float]]:
    """The mean of every term over the samples of an epoch, for each network."""
    if not sums:
        return [{} for _ in range(n_networks)]
    totals = torch.stack(list(sums.values()))
    numbers = [
        torch.as_tensor(counts[key], device=totals.device).expand(n_networks)
        for key in sums
    ]
    both = torch.stack([*totals, *numbers]).T.tolist()
    n = len(sums)
    return [
        {
            key: total / count
            for key, total, count in zip(sums, own[:n], own[n:], strict=True)
            if count
        }
        for own in both
    ]


class _Reading:
    """Reads the batches of all nets, and equal ones only once."""

    def __init__(self) -> None:
        self._kinds: list[int] = []

    def batches(self, epochs: Sequence[TrainingBatches]) -> Iterator[list[Batch]]:
        """The batches of all nets, step by step."""
        if not self._kinds:
            self._kinds = _kinds_of_data(epochs)
        places: dict[tuple[int, int, int], int] = {}
        different: list[TrainingBatches] = []
        which = []
        for kind, batches in zip(self._kinds, epochs, strict=True):
            key = kind, batches.seed, batches.epoch
            if key not in places:
                places[key] = len(different)
                different.append(batches)
            which.append(places[key])
        for step in zip(*different, strict=True):
            yield [step[k] for k in which]


def _kinds_of_data(epochs: Sequence[TrainingBatches]) -> list[int]:
    """For each net a number, equal for those whose data are equal."""
    different: list[TrainingBatches] = []
    kinds = []
    for batches in epochs:
        for k, known in enumerate(different):
            if batches.sizes == known.sizes and _is_same(batches.data, known.data):
                kinds.append(k)
                break
        else:
            kinds.append(len(different))
            different.append(batches)
    return kinds


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal, arrays and dataclasses in them value by value."""
    if one is other:
        return True
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return one.dtype.kind != "O" and np.array_equal(one, other)
    if isinstance(one, tuple):
        return len(one) == len(other) and all(map(_is_same, one, other))
    if is_dataclass(one):
        return all(
            _is_same(getattr(one, f.name), getattr(other, f.name)) for f in fields(one)
        )
    # An array that is read lazily would be read as a whole.
    return not hasattr(one, "shape") and bool(one == other)
