"""Batches of several tasks: one indexed read per task."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import Layout
from sk_jae.training.isolation import generator_for
from sk_jae.training.reading import SampleReader

__all__ = ["Batch", "TaskData", "TrainingBatches", "ValidationBatches"]

_ROUNDING = 1e-9


@dataclass(frozen=True)
class TaskData:
    """The samples of all tasks that a fit trains on, or validates on.

    Attributes
    ----------
    arrays : tuple of ndarray of shape (n_samples_t, ...)
        In the user's own dtype and layout.
    layouts : tuple of Layout
    labels : tuple of (ndarray of int64 of shape (n_samples_t,) or None)
        -1 for an unlabeled sample.
    names : tuple of str
    rows : tuple of ndarray of int
        The rows of each array that belong to this part, so that a part of the data
        for validation costs no copy.
    labeled_fraction : float, default=0.0
        If a smaller part of a task's samples is labeled, these are repeated.
    """

    arrays: tuple[NDArray[Any], ...]
    layouts: tuple[Layout, ...]
    labels: tuple[NDArray[np.int64] | None, ...]
    names: tuple[str, ...]
    rows: tuple[NDArray[np.intp], ...]
    labeled_fraction: float = 0.0

    def __len__(self) -> int:
        return max(len(rows) for rows in self.rows)

    @property
    def n_per_epoch(self) -> int:
        """Samples of the largest task in an epoch of training."""
        return max(self.n_draws(t) for t in range(len(self.rows)))

    def reader(self, device: torch.device) -> SampleReader:
        """What reads these arrays, also for other rows of them."""
        return SampleReader(self.arrays, self.layouts, self.labels, device)

    def n_draws(self, t: int) -> int:
        """Samples of one task in a pass over it, with rare labeled ones repeated."""
        groups = self.label_groups(t)
        n = len(groups[0])
        if len(groups) == 1:
            return n
        # The fewest of which n are unlabeled.
        part = self.labeled_fraction
        return n + int((n - 1) * part / (1 - part) + _ROUNDING)

    def label_groups(self, t: int) -> list[NDArray[np.intp]]:
        """The rows of one task, unlabeled and labeled apart if labels are rare."""
        rows, labels = self.rows[t], self.labels[t]
        if labels is None:
            return [rows]
        labeled = labels[rows] >= 0
        if not 0 < labeled.sum() < len(rows) * self.labeled_fraction:
            return [rows]
        return [rows[~labeled], rows[labeled]]


@dataclass
class Batch:
    """Samples (n_t, *module_shape_t) and labels (n_t,) of each task, or None."""

    inputs: list[Tensor | None]
    labels: list[Tensor | None]

    def __len__(self) -> int:
        return max(len(x) for x in self.inputs if x is not None)


class TrainingBatches:
    """The batches of one epoch.

    An epoch is one pass over the largest task; smaller ones are reshuffled and
    repeated, and every batch holds samples of every task. The batches of an epoch
    differ in size by one sample at most, so that none is too small for its statistics.
    If fewer of a task's samples are labeled than `labeled_fraction`, they are repeated,
    in whole shuffled passes too, until that part is.

    Parameters
    ----------
    data : TaskData
    batch_size : int
        The most samples per task in a batch.
    reader : SampleReader
        Reads the arrays of `data`.
    seed, epoch : int
        The order of the samples of a task depends on these two and on the name of the
        task alone.
    """

    def __init__(
        self,
        data: TaskData,
        batch_size: int,
        reader: SampleReader,
        seed: int,
        epoch: int = 0,
    ) -> None:
        self.data = data
        self.reader = reader
        self.most = [data.n_draws(t) for t in range(len(data.names))]
        n_steps = -(-max(self.most) // batch_size)
        ends = np.linspace(0, max(self.most), n_steps + 1).round().astype(int)
        self.sizes = np.diff(ends).tolist()
        self.generators = [
            generator_for(seed, epoch, name, "order") for name in data.names
        ]

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Batch]:
        tasks = range(len(self.data.names))
        orders = [self.reader.placed(self._order(t)) for t in tasks]
        starts = [0] * len(orders)
        for size in self.sizes:
            batch = Batch([], [])
            for t, order in enumerate(orders):
                n = min(size, self.most[t])
                chosen = order[starts[t] : starts[t] + n]
                starts[t] += n
                batch.inputs.append(self.reader.samples(t, chosen))
                batch.labels.append(self.reader.labels(t, chosen))
            yield batch

    def _order(self, t: int) -> Tensor:
        """Rows of one task for all steps of an epoch, in whole shuffled passes."""
        needed = sum(min(size, self.most[t]) for size in self.sizes)
        groups = self.data.label_groups(t)
        if len(groups) == 1:
            return self._passes(t, groups[0], needed)
        order = torch.empty(needed, dtype=torch.int64)
        places = torch.arange(needed + 1, dtype=torch.float64)
        # Evenly spread, so that every batch has its part.
        labeled = (places * self.data.labeled_fraction + _ROUNDING).floor().diff() > 0
        for rows, places in zip(groups, (~labeled, labeled), strict=True):
            n = int(places.sum())
            order[places] = self._passes(t, rows, n)[:n]
        return order

    def _passes(self, t: int, rows: NDArray[np.intp], needed: int) -> Tensor:
        """At least so many rows, in whole shuffled passes."""
        passes = [
            torch.from_numpy(rows)[
                torch.randperm(len(rows), generator=self.generators[t])
            ]
            for _ in range(-(-needed // len(rows)))
        ]
        return torch.cat(passes)


class ValidationBatches:
    """The batches of one pass over all samples, in order; None where a task is over.

    Parameters
    ----------
    data : TaskData
    batch_size : int
        The most samples per task in a batch.
    reader : SampleReader
        Reads the arrays of `data`.
    """

    def __init__(self, data: TaskData, batch_size: int, reader: SampleReader) -> None:
        self.data = data
        self.batch_size = batch_size
        self.reader = reader
        self.rows = [reader.placed(torch.from_numpy(rows)) for rows in data.rows]

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        for start in range(0, len(self.data), self.batch_size):
            batch = Batch([], [])
            for t, all_rows in enumerate(self.rows):
                rows = all_rows[start : start + self.batch_size]
                some = len(rows) > 0
                batch.inputs.append(self.reader.samples(t, rows) if some else None)
                batch.labels.append(self.reader.labels(t, rows) if some else None)
            yield batch
