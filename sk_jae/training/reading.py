"""Reads rows of the user's arrays as tensors on the device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import LARGEST_EXPONENT, LINEAR_RANGE, Encoded, Layout

__all__ = ["SampleReader", "arrange", "batches_of", "standardized", "to_module"]


MeanAndFactor: TypeAlias = tuple[Tensor, Tensor]


class SampleReader:
    """Reads samples and labels of every task by their rows.

    On a GPU, all arrays are copied there once if they fit half of its free memory; a
    batch is then an indexed read on the device, without a copy per step.

    Parameters
    ----------
    arrays : tuple of ndarray of shape (n_samples_t, ...)
    layouts : tuple of Layout
    labels : tuple of (ndarray of shape (n_samples_t, ...) or None)
    device : torch.device
    weights : tuple of (ndarray of shape (n_samples_t,) or None), default=()
        How much each sample counts; empty if all count alike.
    """

    def __init__(
        self,
        arrays: tuple[NDArray[Any], ...],
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
        self._scalings = [_scaling_on(device, layout) for layout in layouts]
        self._labels = [None if y is None else torch.from_numpy(y) for y in labels]
        self._weights = [
            None if w is None else torch.from_numpy(w / w.max()).float()
            for w in weights
        ]
        if self.is_resident:
            self._tensors = [
                torch.from_numpy(np.require(array, requirements=["C", "W"])).to(device)
                for array in arrays
            ]
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
        chosen = self.arrays[t][rows.numpy()]
        return to_module(chosen, self.layouts[t], self.device, self._scalings[t])

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
        labels = self._labels[t]
        if labels is None:
            return None
        chosen = labels[rows]
        return chosen if self.is_resident else chosen.to(self.device, non_blocking=True)


def fits_on(device: torch.device, arrays: tuple[NDArray[Any], ...]) -> bool:
    """Whether a GPU can hold all arrays in half of its free memory."""
    if device.type != "cuda":
        return False
    free, _ = torch.cuda.mem_get_info(device)
    return sum(array.nbytes for array in arrays) <= free / 2 and not any(
        isinstance(array, np.memmap) or not _is_torch_ready(array) for array in arrays
    )


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


def _is_torch_ready(array: NDArray[Any]) -> bool:
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
    x = x.to(torch.float64) - mean
    x = (x @ factor if factor.ndim == 2 else x * factor).to(torch.float32)
    size = x.abs()
    beyond = (size - LINEAR_RANGE).clamp(min=0).log1p() + LINEAR_RANGE
    return torch.where(size > LINEAR_RANGE, beyond.copysign(x), x)


def standardized(x: Tensor) -> Tensor:
    """Scaled vectors as multiples of the spread, without the logarithm."""
    size = x.abs()
    exponent = (size - LINEAR_RANGE).clamp(0, LARGEST_EXPONENT)
    beyond = exponent.expm1() + LINEAR_RANGE
    return torch.where(size > LINEAR_RANGE, beyond.copysign(x), x)


def batches_of(
    array: NDArray[Any],
    layout: Layout,
    device: torch.device,
    batch_size: int | None = None,
) -> Iterator[Tensor]:
    """The samples of one task in order, batch by batch."""
    if batch_size is None:
        # The results of convolutions of 256 images mostly fit in the cache of a CPU.
        batch_size = 256 if layout.is_image and device.type == "cpu" else 1024
    scaling = _scaling_on(device, layout)
    for start in range(0, len(array), batch_size):
        yield to_module(array[start : start + batch_size], layout, device, scaling)
