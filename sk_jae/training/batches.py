"""Batches of several tasks: one indexed read per task, cast on the device."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import Layout

__all__ = ["Batch", "TaskData", "TrainingBatches", "batches_of", "to_module"]

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


def to_module(array: NDArray[Any], layout: Layout, device: torch.device) -> Tensor:
    """Samples as the module sees them: float32, scaled, channels first."""
    if not _is_torch_ready(array) or (device.type == "mps" and array.itemsize > 4):
        array = array.astype(np.float32)
    elif not array.flags.writeable or any(s < 0 for s in array.strides):
        array = array.copy()
    x = torch.from_numpy(array)
    if device.type == "cuda":
        # The copy then waits for nothing, and is over before the steps ahead of it are.
        x = x.pin_memory()
    return arrange(x.to(device, non_blocking=True), layout)


def _is_torch_ready(array: NDArray[Any]) -> bool:
    """Whether torch knows the dtype well enough to index and cast it on any device."""
    kind, size = array.dtype.kind, array.itemsize
    known = kind == "i" or (kind == "u" and size == 1) or (kind == "f" and size <= 8)
    return known and array.dtype.isnative


def arrange(x: Tensor, layout: Layout) -> Tensor:
    """The same for samples that are on the device already."""
    x = x.to(torch.float32)
    if layout.scale != 1.0:
        x = x * layout.scale
    if layout.kind == "channels_last":
        return x.permute(0, 3, 1, 2)
    x = x.reshape(len(x), *layout.module_shape)
    if layout.is_image:
        x = x.contiguous(memory_format=torch.channels_last)
    return x


class TrainingBatches:
    """The batches of one epoch, anew at every iteration.

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
    device : torch.device
    seed : int
        The order of a task's samples depends on the seed and the task's name alone.
    """

    def __init__(
        self, data: TaskData, batch_size: int, device: torch.device, seed: int
    ) -> None:
        self.data = data
        self.device = device
        self.most = [data.n_draws(t) for t in range(len(data.names))]
        n_steps = -(-max(self.most) // batch_size)
        ends = np.linspace(0, max(self.most), n_steps + 1).round().astype(int)
        self.sizes = np.diff(ends).tolist()
        self.generators = [
            # torch's generator on the CPU looks at the lowest 32 bits only.
            torch.Generator().manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
            for name in data.names
        ]
        self.resident = _resident(data, device)
        self.labels = [
            None if labels is None else torch.from_numpy(labels)
            for labels in data.labels
        ]
        if self.resident is not None:
            self.labels = [None if y is None else y.to(device) for y in self.labels]

    def __len__(self) -> int:
        return len(self.sizes)

    def __iter__(self) -> Iterator[Batch]:
        orders = [self._order(t) for t in range(len(self.data.names))]
        if self.resident is not None:
            # Once per epoch: a copy per step would wait for the device.
            orders = [order.to(self.device) for order in orders]
        starts = [0] * len(orders)
        for size in self.sizes:
            batch = Batch([], [])
            for t, order in enumerate(orders):
                n = min(size, self.most[t])
                chosen = order[starts[t] : starts[t] + n]
                starts[t] += n
                batch.inputs.append(self._read(t, chosen))
                labels = self.labels[t]
                batch.labels.append(
                    None
                    if labels is None
                    else labels[chosen].to(self.device, non_blocking=True)
                )
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

    def _read(self, t: int, chosen: Tensor) -> Tensor:
        layout = self.data.layouts[t]
        if self.resident is not None:
            return arrange(self.resident[t][chosen], layout)
        return to_module(self.data.arrays[t][chosen.numpy()], layout, self.device)


class ValidationBatches:
    """The batches of one pass over all samples, in order; None where a task is over."""

    def __init__(self, data: TaskData, batch_size: int, device: torch.device) -> None:
        self.data = data
        self.batch_size = batch_size
        self.device = device

    def __len__(self) -> int:
        return -(-len(self.data) // self.batch_size)

    def __iter__(self) -> Iterator[Batch]:
        data = self.data
        for start in range(0, len(data), self.batch_size):
            batch = Batch([], [])
            for t, all_rows in enumerate(data.rows):
                rows = all_rows[start : start + self.batch_size]
                labels = data.labels[t]
                empty = not len(rows)
                batch.inputs.append(
                    None
                    if empty
                    else to_module(data.arrays[t][rows], data.layouts[t], self.device)
                )
                batch.labels.append(
                    None
                    if empty or labels is None
                    else torch.from_numpy(labels[rows]).to(self.device)
                )
            yield batch


def batches_of(
    array: NDArray[Any],
    layout: Layout,
    device: torch.device,
    batch_size: int | None = None,
) -> Iterator[Tensor]:
    """One task's samples in order, a batch at a time."""
    if batch_size is None:
        # What convolutions make of 256 images mostly stays in the cache of a CPU.
        batch_size = 256 if layout.is_image and device.type == "cpu" else 1024
    for start in range(0, len(array), batch_size):
        yield to_module(array[start : start + batch_size], layout, device)


def _resident(data: TaskData, device: torch.device) -> list[Tensor] | None:
    """The tasks' arrays on a GPU if all fit half of its free memory."""
    if device.type != "cuda":
        return None
    free, _ = torch.cuda.mem_get_info(device)
    if sum(array.nbytes for array in data.arrays) > free / 2 or any(
        isinstance(array, np.memmap) or not _is_torch_ready(array)
        for array in data.arrays
    ):
        return None
    return [
        torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
        for array in data.arrays
    ]
