"""Batches of several tasks: one indexed read per task."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from copy import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import Encoded, Layout, SampleArray, labeled_rows
from sk_jae.training.isolation import generator_for
from sk_jae.training.pairs import Pairs, ends_of, read_pairs, shuffled_pairs
from sk_jae.training.processes import ALONE, Processes
from sk_jae.training.reading import SampleReader
from sk_jae.training.shuffling import rows_in_order, shuffled_passes
from sk_jae.training.task_streams import PartOfOrder, TaskStream

__all__ = ["Batch", "TaskData", "TrainingBatches", "ValidationBatches"]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class TaskData:
    """The samples of all tasks for training, or for validation.

    Attributes
    ----------
    arrays : tuple of (ndarray or LazyArray of shape (n_samples_t, ...))
        In the dtype and layout of the user.
    layouts : tuple of Layout
    labels : tuple of (ndarray or None)
        Classes (n_samples_t,) with -1 for an unlabeled sample, or targets of regression
        (n_samples_t, n_outputs) with NaN for an unknown value.
    names : tuple of str
    rows : tuple of ndarray of int
        The rows of each array that belong to this part of the data. The arrays
        themselves are not copied.
    labeled_fraction : float, default=0.0
        If a smaller fraction of the samples of a task is labeled, the labeled ones are
        repeated until they make up this fraction.
    pairs : ndarray of int of shape (n_subjects, n_tasks) or None, default=None
        The row in each array of every subject that several tasks have, -1 for a task
        without it.
    labeled : tuple of (ndarray of bool of shape (n_samples_t,) or None)
        The masks of the labeled samples. By default they are found in `labels`.
    weights : tuple of (ndarray of shape (n_samples_t,) or None), default=()
        How much each sample counts, None if those of a task count alike. It is empty if
        all do.
    class_weight : ndarray of shape (n_classes,) or None, default=None
        How much the samples of each class count where their labels are learned.
    label_counts : ndarray of shape (n_classes,) or (1,), or None, default=None
        Labeled samples of each class, or samples with targets, that an earlier fit has
        learned from and that are not in the arrays.
    """

    arrays: tuple[SampleArray, ...]
    layouts: tuple[Layout, ...]
    labels: tuple[Encoded | None, ...]
    names: tuple[str, ...]
    rows: tuple[NDArray[np.intp], ...]
    labeled_fraction: float = 0.0
    pairs: NDArray[np.intp] | None = None
    labeled: tuple[NDArray[np.bool_] | None, ...] = ()
    weights: tuple[NDArray[np.float64] | None, ...] = ()
    class_weight: NDArray[np.float64] | None = None
    label_counts: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if not self.labeled:
            masks = tuple(None if y is None else labeled_rows(y) for y in self.labels)
            object.__setattr__(self, "labeled", masks)

    def __len__(self) -> int:
        return max(len(rows) for rows in self.rows)

    @property
    def n_per_epoch(self) -> int:
        """Samples of the largest task in an epoch of training."""
        return max(self.n_draws(t) for t in range(len(self.rows)))

    def reader(self, device: torch.device) -> SampleReader:
        """Make the reader of these arrays, which can read any of their rows."""
        return SampleReader(
            self.arrays, self.layouts, self.labels, device, self.weights
        )

    def weights_of(self, t: int, rows: NDArray[np.intp]) -> NDArray[np.float64] | None:
        """How much some samples of a task count; None if all count alike."""
        weights = self.weights[t] if self.weights else None
        return None if weights is None else weights[rows]

    def weights_of_classes(self) -> Tensor | None:
        """How much the samples of each class count (n_classes,)."""
        if self.class_weight is None:
            return None
        return torch.from_numpy(self.class_weight).float()

    def n_draws(self, t: int) -> int:
        """Number of samples of one task in an epoch, with repeated labeled ones."""
        groups = self.label_groups(t)
        n = len(groups[0])
        if len(groups) == 1:
            return n
        # The smallest total that contains all n unlabeled samples and a labeled one.
        part = self.labeled_fraction
        n += int((n - 1) * part / (1 - part) + _ROUNDING)
        return max(n, math.ceil(1 / part - _ROUNDING))

    def label_groups(self, t: int) -> list[NDArray[np.intp]]:
        """The rows of one task; unlabeled and labeled ones apart if labels are rare."""
        rows, all_labeled = self.rows[t], self.labeled[t]
        if all_labeled is None:
            return [rows]
        labeled = all_labeled[rows]
        if not 0 < labeled.sum() < len(rows) * self.labeled_fraction:
            return [rows]
        return [rows[~labeled], rows[labeled]]


@dataclass
class Batch:
    """Samples (n_t, *module_shape_t) and labels (n_t, ...) of each task, or None.

    `weights` (n_t,) say how much samples count, None if they count alike; `pairs` are
    subjects that several tasks have, if there are any.
    """

    inputs: list[Tensor | None]
    labels: list[Tensor | None]
    pairs: Pairs | None = None
    weights: list[Tensor | None] | None = None

    def weights_of(self, t: int) -> Tensor | None:
        return None if self.weights is None else self.weights[t]

    def __len__(self) -> int:
        return max(len(x) for x in self.inputs if x is not None)


class TrainingBatches:
    """The batches of one epoch.

    What is not in memory is read ahead of its use. If it has chunks, these are
    shuffled, and then the samples of a few of them.

    An epoch is one pass over the largest task. Smaller tasks are repeated and shuffled
    anew each time, so that every batch has samples of every task. The sizes of the
    batches differ by at most one sample, so that no batch is too small for batch
    normalization. If the labeled fraction of a task is below `labeled_fraction`, its
    labeled samples are repeated in the same way. So are subjects that several tasks
    have: every batch has `batch_size` of them, or all.

    Parameters
    ----------
    data : TaskData
    batch_size : int
        Largest number of samples of each task in a batch.
    reader : SampleReader
        Reads the arrays of `data`.
    seed, epoch : int
        The order of the samples of a task depends on these two and on the name of the
        task alone.
    processes : Processes
        Those that train together. Each reads its share of every batch, whose sizes are
        multiples of their number.
    """

    def __init__(
        self,
        data: TaskData,
        batch_size: int,
        reader: SampleReader,
        seed: int,
        epoch: int = 0,
        processes: Processes = ALONE,
    ) -> None:
        self.data = data
        self.reader = reader
        self.batch_size = batch_size
        self.processes = processes
        self.seed, self.epoch = seed, epoch
        self.most = [data.n_draws(t) for t in range(len(data.names))]
        n_steps = -(-max(self.most) // batch_size)
        ends = np.linspace(0, max(self.most), n_steps + 1).round().astype(int)
        self.sizes = np.diff(ends).tolist()

    def of_epoch(self, epoch: int) -> TrainingBatches:
        """The batches of another epoch."""
        found = copy(self)
        found.epoch = epoch
        return found

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Batch]:
        orders, streams = [], []
        with ExitStack() as opened:
            for t in range(len(self.data.names)):
                rows, parts = self._own_order(t)
                orders.append(self.reader.placed(rows))
                stream = TaskStream(self.reader, t, orders[t], parts)
                streams.append(opened.enter_context(stream))
            yield from self._batches(orders, streams)

    def _batches(
        self, orders: Sequence[Tensor], streams: Sequence[TaskStream]
    ) -> Iterator[Batch]:
        starts = [0] * len(orders)
        pairs = self._pairs()
        for size in self.sizes:
            batch = Batch([], [], next(pairs, None))
            for t, order in enumerate(orders):
                n = self._n_of_batch(t, size) // self.processes.size
                chosen = order[starts[t] : starts[t] + n]
                starts[t] += n
                batch.inputs.append(streams[t].take(n) if n else None)
                batch.labels.append(self.reader.targets(t, chosen) if n else None)
                _add_weights(batch, self.reader, t, chosen)
            yield batch

    def _pairs(self) -> Iterator[Pairs]:
        """The subjects that several tasks have, for all steps of an epoch."""
        if self.data.pairs is not None:
            generator = generator_for(self.seed, self.epoch, "pairs")
            n = self.processes.rounded_up(min(self.batch_size, len(self.data.pairs)))
            sizes = [n] * len(self.sizes)
            yield from shuffled_pairs(
                self.reader, self.data.pairs, sizes, generator, self.processes
            )

    def _n_of_batch(self, t: int, size: int) -> int:
        """Number of samples of a task in a batch of this size."""
        return self.processes.rounded_up(min(size, self.most[t]))

    def _own_order(self, t: int) -> tuple[Tensor, list[PartOfOrder]]:
        """What this process reads of the order of one task."""
        order, parts = self._order(t)
        if self.processes.size == 1:
            return order, parts
        mine = self.processes.mask([self._n_of_batch(t, size) for size in self.sizes])
        own = []
        for part in parts:
            of_part = mine if part.places is None else mine[part.places]
            ends = None if part.ends is None else ends_of(of_part, part.ends)
            places = None if part.places is None else part.places[mine]
            own.append(PartOfOrder(places, ends))
        return order[torch.from_numpy(mine)], own

    def _order(self, t: int) -> tuple[Tensor, list[PartOfOrder]]:
        """Rows of one task for all steps of an epoch, in whole shuffled passes."""
        needed = sum(self._n_of_batch(t, size) for size in self.sizes)
        groups = self.data.label_groups(t)
        generator = generator_for(self.seed, self.epoch, self.data.names[t], "order")
        for rows in groups:
            self.reader.hold(t, rows)
        if len(groups) == 1:
            order, ends = self._passes(t, groups[0], needed, generator)
            return order, [PartOfOrder(None, ends)]
        order = torch.empty(needed, dtype=torch.int64)
        parts = []
        places = torch.arange(needed + 1, dtype=torch.float64)
        # The labeled samples are spread evenly, so that every batch has some.
        labeled = (places * self.data.labeled_fraction + _ROUNDING).floor().diff() > 0
        for rows, places in zip(groups, (~labeled, labeled), strict=True):
            order[places], ends = self._passes(t, rows, int(places.sum()), generator)
            parts.append(PartOfOrder(places.numpy(), ends))
        return order, parts

    def _passes(
        self,
        t: int,
        rows: NDArray[np.intp],
        needed: int,
        generator: torch.Generator,
    ) -> tuple[Tensor, list[int] | None]:
        """So many rows, in whole shuffled passes, and the ends of what is read."""
        if not needed:  # of a task that stays as it is
            return torch.empty(0, dtype=torch.int64), None
        places, ends = shuffled_passes(self.reader, t, rows, needed, generator)
        return torch.from_numpy(rows[places]), ends


class ValidationBatches:
    """The batches of one pass over all samples, in order.

    A task that has no samples left is None in the batch.

    Parameters
    ----------
    data : TaskData
    batch_size : int
        Largest number of samples of each task in a batch.
    reader : SampleReader
        Reads the arrays of `data`.
    processes : Processes
        Those that read all samples together, each its share of every task.
    """

    def __init__(
        self,
        data: TaskData,
        batch_size: int,
        reader: SampleReader,
        processes: Processes = ALONE,
    ) -> None:
        self.batch_size = batch_size
        self.reader = reader
        self.rows = []
        for t, rows in enumerate(data.rows):
            own = processes.share(rows)
            reader.hold(t, own)
            in_order = rows_in_order(reader, t, own)
            self.rows.append(reader.placed(torch.from_numpy(in_order)))
        self.pairs = None if data.pairs is None else processes.share(data.pairs)

    def __len__(self) -> int:
        return -(-max(map(len, self.rows)) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        with ExitStack() as opened:
            streams = [
                opened.enter_context(TaskStream(self.reader, t, rows))
                for t, rows in enumerate(self.rows)
            ]
            yield from self._batches(streams)

    def _batches(self, streams: Sequence[TaskStream]) -> Iterator[Batch]:
        for start in range(0, max(map(len, self.rows)), self.batch_size):
            batch = Batch([], [], self._pairs(start))
            for t, all_rows in enumerate(self.rows):
                rows = all_rows[start : start + self.batch_size]
                some = len(rows) > 0
                batch.inputs.append(streams[t].take(len(rows)) if some else None)
                batch.labels.append(self.reader.labels(t, rows) if some else None)
                _add_weights(batch, self.reader, t, rows)
            yield batch

    def _pairs(self, start: int) -> Pairs | None:
        """The subjects that several tasks have, so many as samples of a task."""
        if self.pairs is None:
            return None
        rows = self.pairs[start : start + self.batch_size]
        return read_pairs(self.reader, rows) if len(rows) else None


def _add_weights(batch: Batch, reader: SampleReader, t: int, rows: Tensor) -> None:
    """Add the weights of the samples of the next task, if there are any."""
    if reader.has_weights:
        batch.weights = [*(batch.weights or []), reader.weights(t, rows)]
