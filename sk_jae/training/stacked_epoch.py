"""Epochs of several networks at once, where their layers and steps are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sk_jae.training.batches import Batch, TrainingBatches
from sk_jae.training.isolation import plain_torch
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TermKey, add_terms
from sk_jae.training.stacked_module import Stack, can_be_stacked
from sk_jae.training.stacked_optimizer import StackedOptimizers, settings_of
from sk_jae.training.stacked_outputs import OutputsOfStep

__all__ = ["EpochOfTraining", "StackedTraining"]

_MOST_NETWORKS = 36

_OWN_CALLBACKS = {"epoch_timer", "print_log"}  # which do nothing within an epoch


@dataclass(eq=False)
class EpochOfTraining:
    """An epoch that a fit needs next.

    Attributes
    ----------
    net : JointNet
    batches : TrainingBatches
    alone : callable
        Trains the net for this epoch by itself.
    is_done : bool
        Whether the net has been trained for this epoch, and its history tells so.
    error : Exception or None
        Why it could not be.
    """

    net: JointNet
    batches: TrainingBatches
    alone: Callable[[], None]
    is_done: bool = False
    error: Exception | None = None


class StackedTraining:
    """Trains the nets of several fits, epoch by epoch."""

    def __init__(self) -> None:
        self._structures: dict[tuple[JointNet, int], Hashable | None] = {}

    def train(self, epochs: Sequence[EpochOfTraining]) -> None:
        """Train the nets that can be stacked; the others are not done afterwards."""
        for group in self._groups(epochs):
            try:
                with plain_torch(torch.device(group[0].net.device)):
                    _train_group(group)
            except Exception as error:
                for epoch in group:
                    epoch.error = error
            else:
                for epoch in group:
                    epoch.is_done = True

    def _groups(
        self, epochs: Sequence[EpochOfTraining]
    ) -> Iterator[list[EpochOfTraining]]:
        """Groups of nets of one structure whose steps are alike."""
        alike: dict[Hashable, list[EpochOfTraining]] = defaultdict(list)
        for epoch in epochs:
            key = epoch.net, id(epoch.net.phase_)
            if key not in self._structures:
                self._structures[key] = _structure(epoch.net)
            structure = self._structures[key]
            if structure is not None and epoch.batches.data.pairs is None:
                alike[structure, _steps(epoch)].append(epoch)
        for group in alike.values():
            n_parts = -(-len(group) // _MOST_NETWORKS)
            for part in np.array_split(np.arange(len(group)), n_parts):
                if len(part) > 1:
                    yield [group[i] for i in part]


def _structure(net: JointNet) -> Hashable | None:
    """In what the nets of a group must be equal, or None if one must be alone."""
    callbacks = {name for name, _ in net.callbacks_}
    if (
        not callbacks <= _OWN_CALLBACKS
        or net.own_code
        or net.precision != "float32"
        or net.objective_.is_compiled
        or settings_of(net.optimizer_) is None
        or not can_be_stacked(net.module_)
    ):
        return None
    module, weights = net.module_, net.phase_.weights
    mask = module.class_mask
    return (
        str(net.device),
        str(module),
        tuple(p.requires_grad for p in module.parameters()),
        None if mask is None else tuple(mask.flatten().tolist()),
        tuple((term, tuple(map(bool, of_tasks))) for term, of_tasks in weights.items()),
        tuple(augment is None for augment in net.criterion_.augment),
    )


def _steps(epoch: EpochOfTraining) -> Hashable:
    """What the steps of an epoch are like."""
    batches, criterion = epoch.batches, epoch.net.criterion_
    sizes = tuple(batches.sizes)
    return (
        sizes,
        tuple(min(most, max(sizes)) for most in batches.most),
        tuple(labels is None for labels in batches.data.labels),
        criterion.progress >= criterion.start,
    )


def _train_group(epochs: Sequence[EpochOfTraining]) -> None:
    settings = {epoch: settings_of(epoch.net.optimizer_) for epoch in epochs}
    # Those with equal settings can make their steps together if they are neighbors.
    epochs = sorted(epochs, key=lambda epoch: repr(settings[epoch]))
    nets = [epoch.net for epoch in epochs]
    for net in nets:
        if not net.module_.training:
            net.set_training(True)
    stack = Stack([net.module_ for net in nets])
    parameters = list(stack.parameters())
    optimizers = StackedOptimizers(
        [net.optimizer_ for net in nets],
        [settings[epoch] for epoch in epochs],
        parameters,
    )
    sums: list[dict[TermKey, Tensor]] = [{} for _ in nets]
    counts: list[dict[TermKey, Tensor | int]] = [{} for _ in nets]
    for batches in _batches([epoch.batches for epoch in epochs]):
        for stacked, _ in parameters:
            stacked.grad = None
        terms = _step(stack, nets, batches, optimizers)
        for i, found in enumerate(terms):
            add_terms(found, sums[i], counts[i])
    stack.give_back()
    optimizers.give_back()
    for epoch, own, n in zip(epochs, sums, counts, strict=True):
        epoch.net.record_epoch("train", own, n, len(epoch.batches))


def _step(
    stack: Stack,
    nets: Sequence[JointNet],
    batches: Sequence[Batch],
    optimizers: StackedOptimizers,
) -> list[Any]:
    """Make a step of every net, and return the terms of each."""
    pairs = list(zip(nets, batches, strict=True))
    samples = [
        net.criterion_.prepare(net.module_.names, batch, net.phase_)
        for net, batch in pairs
    ]
    outputs = OutputsOfStep(stack, samples)
    losses, terms = [], []
    for i, (net, batch) in enumerate(pairs):
        module = outputs.of(i, net.module_)
        found = net.criterion_.evaluate(module, samples[i], batch, net.phase_)
        losses.append(found[0])
        terms.append(found[1])
    total = torch.stack(losses).sum()
    if total.requires_grad:
        total.backward()
        optimizers.step()
    return terms


def _batches(epochs: Sequence[TrainingBatches]) -> Iterator[list[Batch]]:
    """The batches of all nets, step by step; equal ones are read only once."""
    different: list[TrainingBatches] = []
    which = []
    for batches in epochs:
        for k, known in enumerate(different):
            if _are_equal(batches, known):
                which.append(k)
                break
        else:
            which.append(len(different))
            different.append(batches)
    for step in zip(*different, strict=True):
        yield [step[k] for k in which]


def _are_equal(one: TrainingBatches, other: TrainingBatches) -> bool:
    return (one.seed, one.epoch, one.sizes) == (
        other.seed,
        other.epoch,
        other.sizes,
    ) and _is_same(one.data, other.data)


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
    return bool(one == other)
