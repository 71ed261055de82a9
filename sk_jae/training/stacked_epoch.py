"""Epochs of several networks at once, where their layers and steps are alike."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from sk_jae.training.batches import TrainingBatches
from sk_jae.training.isolation import plain_torch
from sk_jae.training.net import JointNet
from sk_jae.training.stacked_group import StackedGroup
from sk_jae.training.stacked_module import can_be_stacked
from sk_jae.training.stacked_optimizer import settings_of

__all__ = ["EpochOfTraining", "StackedTraining", "structure_of"]

# Half as many take longer, and twice as many were not faster.
_MOST_NETWORKS = 54

_OWN_CALLBACKS = {"epoch_timer", "print_log"}  # which do nothing within an epoch


@dataclass(eq=False)
class EpochOfTraining:
    """An epoch that a fit needs next.

    Attributes
    ----------
    net : JointNet
    batches : TrainingBatches
    alone : callable
        Trains the net for this epoch by itself, even if it was begun before.
    is_done : bool
        Whether the net has been trained for this epoch, and its history tells so.
    """

    net: JointNet
    batches: TrainingBatches
    alone: Callable[[], None]
    is_done: bool = False


class StackedTraining:
    """Trains the nets of several fits, epoch by epoch."""

    def __init__(self) -> None:
        self._structures: dict[tuple[JointNet, int], Hashable | None] = {}
        self._groups: dict[JointNet, StackedGroup] = {}

    def train(self, epochs: Sequence[EpochOfTraining]) -> None:
        """Train the nets that can be stacked; the others are not done afterwards.

        Neither are those of a group in which an error was raised. One by one, only the
        net that is the cause of it fails.
        """
        parts = [
            part
            for alike in self._alike(epochs)
            for part in _parts(alike, self._groups)
        ]
        stay = [
            group
            for part in parts
            if (group := self._groups.get(part[0].net))
            and group.is_of([epoch.net for epoch in part])
        ]
        self._release_all_but(stay)
        for part in parts:
            nets = [epoch.net for epoch in part]
            with plain_torch(torch.device(nets[0].device)):
                group = self._groups.get(nets[0]) or StackedGroup(nets)
                self._groups |= dict.fromkeys(nets, group)
                try:
                    group.train([epoch.batches for epoch in part])
                except Exception:
                    self._release(group)
                    continue
            for epoch in part:
                epoch.is_done = True

    def release(self) -> None:
        """Give all nets memory of their own."""
        self._release_all_but([])

    def _release_all_but(self, stay: Sequence[StackedGroup]) -> None:
        for group in {id(group): group for group in self._groups.values()}.values():
            if not any(group is other for other in stay):
                self._release(group)

    def _release(self, group: StackedGroup) -> None:
        group.release()
        for net in group.nets:
            del self._groups[net]

    def _alike(
        self, epochs: Sequence[EpochOfTraining]
    ) -> Iterator[list[EpochOfTraining]]:
        """Epochs of nets of one structure whose steps are alike."""
        alike: dict[Hashable, list[EpochOfTraining]] = defaultdict(list)
        known, self._structures = self._structures, {}
        for epoch in epochs:
            key = epoch.net, id(epoch.net.phase_)
            structure = known[key] if key in known else structure_of(epoch)
            self._structures[key] = structure
            if structure is not None:
                alike[structure, _steps(epoch)].append(epoch)
        yield from alike.values()


def _parts(
    epochs: Sequence[EpochOfTraining], groups: dict[JointNet, StackedGroup]
) -> Iterator[list[EpochOfTraining]]:
    """The epochs in groups of at most so many, those of the last time if possible."""
    of_nets = {epoch.net: epoch for epoch in epochs}
    known = {id(groups[net]): groups[net] for net in of_nets if net in groups}
    kept = [net for group in known.values() for net in group.nets]
    if len(kept) == len(of_nets) and of_nets.keys() == set(kept):
        for group in known.values():
            yield [of_nets[net] for net in group.nets]
        return
    # Those with equal settings can make their steps together if they are neighbors.
    ordered = sorted(epochs, key=lambda epoch: repr(settings_of(epoch.net.optimizer_)))
    n_parts = -(-len(ordered) // _MOST_NETWORKS)
    for part in np.array_split(np.arange(len(ordered)), n_parts):
        if len(part) > 1:
            yield [ordered[i] for i in part]


def structure_of(epoch: EpochOfTraining) -> Hashable | None:
    """In what the nets of a group must be equal, or None if one must be alone."""
    net = epoch.net
    callbacks = {name for name, _ in net.callbacks_}
    if (
        not callbacks <= _OWN_CALLBACKS
        or epoch.batches.data.pairs is not None
        or net.processes.size > 1
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
        str(net.criterion_.loss),
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
        # Guesses are a net's own, so that it goes on alone.
        tuple((t, id(guesses)) for t, guesses in batches.reader.guesses.items()),
        criterion.progress >= criterion.start,
        criterion.progress >= criterion.consistency_start,
        tuple(
            (task, shares.supposed is None)
            for task, shares in sorted(criterion.shares.items())
        ),
    )
