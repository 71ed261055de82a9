"""Reads rows of the user's arrays as tensors on the device."""

from __future__ import annotations

import math
from collections.abc import Generator
from typing import Any, TypeAlias
from weakref import WeakSet

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import (
    BUFFER_BYTES,
    LARGEST_EXPONENT,
    LINEAR_RANGE,
    Encoded,
    Layout,
    LazyArray,
    SampleArray,
    batches_of_rows,
    blocks_of,
    to_lazy,
)
from sk_jae.training.held_rows import HeldRows

__all__ = [
    "SampleReader",
    "arrange",
    "read_batches",
    "standardized",
    "to_module",
]

# So many samples stand for others, however large they are.
_FEWEST_SAMPLES = 32

MeanAndFactor: TypeAlias = tuple[Tensor, Tensor]


class SampleReader:
    """Reads samples and labels of every task by their rows.

    On a GPU, all arrays are copied there once if they fit half of its free memory; a
    batch is then an indexed read on the device, without a copy per step. Of an array
    that is not in memory, rows that fit a small buffer are read once and held.

    Parameters
    ----------
    arrays : tuple of (ndarray or LazyArray of shape (n_samples_t, ...))
    layouts : tuple of Layout
    labels : tuple of (ndarray of shape (n_samples_t, ...) or None)
    device : torch.device
    weights : tuple of (ndarray of shape (n_samples_t,) or None), default=()
        How much each sample counts; empty if all count alike.
    """

    def __init__(
        self,
        arrays: tuple[SampleArray, ...],
        layouts: tuple[Layout, ...],
        labels: tuple[Encoded | None, ...],
        device: torch.device,
        weights: tuple[NDArray[np.float64] | None, ...] = (),
    ) -> None:
        self.arrays = arrays
        self.layouts = layouts
        self.device = device
        self.is_resident = fits_on(device, arrays)
        self._tensors: list[Tensor] = []
        self._held: dict[int, HeldRows] = {}
        # What reads ahead at this moment, with threads.
        self.streams: WeakSet[Any] = WeakSet()
        self._scalings = [_scaling_on(device, layout) for layout in layouts]
        self._labels = [None if y is None else torch.from_numpy(y) for y in labels]
        self.guesses: dict[int, Tensor] = {}
        self._weights = [
            None if w is None else torch.from_numpy(w / w.max()).float()
            for w in weights
        ]
        if self.is_resident:
            self._tensors = [_on_device(array, device) for array in arrays]
            self._labels = [None if y is None else y.to(device) for y in self._labels]
            self._weights = [None if w is None else w.to(device) for w in self._weights]

    def placed(self, rows: Tensor) -> Tensor:
        """Row numbers on the device that needs them; call it once per epoch."""
        return rows.to(self.device) if self.is_resident else rows

    def samples(self, t: int, rows: Tensor) -> Tensor:
        """Samples (n, *module_shape) of one task, for rows from `placed`."""
        if self.is_resident:
            x = self._tensors[t][rows]
            return arrange(x, self.layouts[t], self._scalings[t])
        held, own = self._held.get(t), rows.numpy()
        if held is not None and (found := held.find(own)) is not None:
            return self.as_module(t, found)
        return self.as_module(t, self.arrays[t][own])

    def as_module(self, t: int, values: NDArray[Any]) -> Tensor:
        """Values of one task that have been read, as samples of the module."""
        return to_module(values, self.layouts[t], self.device, self._scalings[t])

    def reads_ahead(self, t: int, rows: Tensor | NDArray[np.intp]) -> bool:
        """Whether these rows are read a part at a time; otherwise they are at hand."""
        array = self.arrays[t]
        if self.is_resident or not isinstance(array, LazyArray) or array.is_mapped:
            return False
        held = self._held.setdefault(t, HeldRows(array))
        return not held.has_all(np.asarray(rows))

    def has_chunks(self, t: int, rows: NDArray[np.intp]) -> bool:
        """Whether these rows are shuffled by chunks, since they are too many to hold.

        It does not depend on the device, so that equal seeds give equal results.
        """
        array = self.arrays[t]
        if not isinstance(array, LazyArray) or not array.has_chunks:
            return False
        return len(rows) * array.row_bytes > BUFFER_BYTES

    def hold(self, t: int, rows: NDArray[np.intp]) -> None:
        """Read rows once, if they are not many, to have them at hand."""
        array = self.arrays[t]
        if self.is_resident or not isinstance(array, LazyArray) or array.is_mapped:
            return
        if len(rows) * array.row_bytes <= BUFFER_BYTES:
            self._held.setdefault(t, HeldRows(array)).add(rows)

    def spread(self, t: int, rows: NDArray[np.intp], n: int) -> NDArray[np.intp]:
        """At most `n` of some rows of a task, which stand for all of them."""
        array = self.arrays[t]
        if isinstance(array, LazyArray):
            return array.spread(n, rows)
        if len(rows) <= n:
            return rows
        found: NDArray[np.intp] = rows[np.linspace(0, len(rows) - 1, n).astype(int)]
        return found

    def some(
        self, t: int, rows: NDArray[np.intp], most: int
    ) -> tuple[NDArray[np.intp], Tensor]:
        """Samples that stand for some rows of a task, and their rows."""
        size = 4 * math.prod(self.layouts[t].module_shape)
        n = min(most, max(_FEWEST_SAMPLES, BUFFER_BYTES // size))
        found = self.spread(t, rows, n)
        return found, self.samples(t, self.placed(torch.from_numpy(found)))

    def close(self) -> None:
        """End all threads that read ahead."""
        for stream in list(self.streams):
            stream.close()

    @property
    def has_weights(self) -> bool:
        return len(self._weights) > 0

    def weights(self, t: int, rows: Tensor) -> Tensor | None:
        """Weights (n,) of one task, for rows from `placed`."""
        weights = self._weights[t]
        if weights is None:
            return None
        chosen = weights[rows]
        return chosen if self.is_resident else chosen.to(self.device, non_blocking=True)

    def labels(self, t: int, rows: Tensor) -> Tensor | None:
        """Labels (n, ...) of one task, for rows from `placed`."""
        return self._chosen(self._labels[t], rows)

    def guess(self, t: int, classes: Tensor) -> None:
        """Let training learn these classes (n_samples_t,) of an unlabeled task."""
        self.guesses[t] = classes.to(self.device) if self.is_resident else classes

    def targets(self, t: int, rows: Tensor) -> Tensor | None:
        """What training learns (n, ...): the labels of a task, or guesses for them."""
        return self._chosen(self.guesses.get(t, self._labels[t]), rows)

    def _chosen(self, values: Tensor | None, rows: Tensor) -> Tensor | None:
        if values is None:
            return None
        chosen = values[rows]
        return chosen if self.is_resident else chosen.to(self.device, non_blocking=True)


def fits_on(device: torch.device, arrays: tuple[SampleArray, ...]) -> bool:
    """Whether a GPU can hold all arrays in half of its free memory."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    is_small = sum(array.nbytes for array in arrays) <= free / 2
    return is_small and all(map(_is_torch_ready, arrays))


def _on_device(array: SampleArray, device: torch.device) -> Tensor:
    """A copy on the device, of which no more than a block is in memory here."""
    if isinstance(array, np.ndarray) and (mapped := to_lazy(array, "X")) is not None:
        array = mapped
    if not isinstance(array, LazyArray):
        return torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
    dtype = torch.from_numpy(np.empty(0, array.dtype)).dtype
    copy = torch.empty(array.shape, dtype=dtype, device=device)
    for rows, block in blocks_of(array):
        places = torch.from_numpy(np.arange(len(array))[rows])
        values = np.require(block, requirements=["C", "W"])
        copy[places.to(device)] = torch.from_numpy(values).to(device)
    return copy


def to_module(
    array: NDArray[Any],
    layout: Layout,
    device: torch.device,
    scaling: MeanAndFactor | None = None,
) -> Tensor:
    """Samples as the module sees them: float32, scaled, channels first."""
    if scaling is not None and scaling[0].device.type != device.type:
        x = to_module(array, layout, scaling[0].device, scaling)
        return x.to(device)
    if not _is_torch_ready(array) or (device.type == "mps" and array.itemsize > 4):
        # What is standardized needs the precision of float64 until then.
        with np.errstate(under="ignore"):
            array = array.astype(np.float32 if scaling is None else np.float64)
    elif not array.flags.writeable or any(
        s < 0 or s % array.itemsize for s in array.strides
    ):
        array = array.copy()
    x = torch.from_numpy(array)
    if device.type == "cuda":
        # A copy from pinned memory runs while the device computes the steps before it.
        x = x.pin_memory()
    return arrange(x.to(device, non_blocking=True), layout, scaling)


def _is_torch_ready(array: SampleArray) -> bool:
    """Whether torch knows the dtype well enough to index and cast it on any device."""
    kind, size = array.dtype.kind, array.itemsize
    known = kind == "i" or (kind == "u" and size == 1) or (kind == "f" and size <= 8)
    return known and array.dtype.isnative


def arrange(x: Tensor, layout: Layout, scaling: MeanAndFactor | None = None) -> Tensor:
    """Cast, scale and permute samples that are on the device already."""
    if scaling is not None:
        x = _scaled(x.reshape(len(x), -1), *scaling)
        return x.reshape(len(x), *layout.module_shape) if layout.kind == "signal" else x
    x = x.to(torch.float32)
    if layout.scale != 1.0:
        x = x * layout.scale
    if layout.kind == "channels_last":
        return x.reshape(len(x), *layout.sample_shape).permute(0, 3, 1, 2)
    x = x.reshape(len(x), *layout.module_shape)
    if layout.is_image:
        x = x.contiguous(memory_format=torch.channels_last)
    return x


def _scaling_on(device: torch.device, layout: Layout) -> MeanAndFactor | None:
    """The scaling of a task as tensors on the device that scales."""
    scaling = layout.scaling
    if scaling is None:
        return None
    if device.type == "mps":  # has no float64, in which the mean is subtracted
        device = torch.device("cpu")
    mean, factor = map(torch.from_numpy, (scaling.mean, scaling.factor.copy()))
    return mean.to(device), factor.to(device)


def _scaled(x: Tensor, mean: Tensor, factor: Tensor) -> Tensor:
    """Vectors (n, features) of mean 0 and spread 1; see `sk_jae.tasks.Scaling`.

    The factor is one number for each column, or a matrix that whitens.
    """
    x = torch.sub(x, mean)  # in float64, as the mean is
    x = (x @ factor if factor.ndim == 2 else x.mul_(factor)).to(torch.float32)
    near = x.clamp(-LINEAR_RANGE, LINEAR_RANGE)
    beyond = x.sub_(near)
    return near.add_(beyond.abs().log1p_().copysign_(beyond))


def standardized(x: Tensor) -> Tensor:
    """Scaled vectors as multiples of the spread, without the logarithm."""
    size = x.abs()
    exponent = (size - LINEAR_RANGE).clamp(0, LARGEST_EXPONENT)
    beyond = exponent.expm1() + LINEAR_RANGE
    return torch.where(size > LINEAR_RANGE, beyond.copysign(x), x)


def read_batches(
    array: SampleArray,
    layout: Layout,
    device: torch.device,
    batch_size: int | None = None,
) -> Generator[tuple[slice | NDArray[np.intp], NDArray[Any], Tensor]]:
    """The places of samples, what is read of them, and what the module sees."""
    if batch_size is None:
        # The results of convolutions of 256 images mostly fit in the cache of a CPU.
        batch_size = 256 if layout.is_image and device.type == "cpu" else 1024
    scaling = _scaling_on(device, layout)
    for places, values in batches_of_rows(array, batch_size):
        yield places, values, to_module(values, layout, device, scaling)
