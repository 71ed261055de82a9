"""The samples of one task in the order of an epoch, as the module sees them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.tasks import LazyArray, RowStream, window_ends
from sk_jae.training.reading import SampleReader

__all__ = ["PartOfOrder", "TaskStream"]


@dataclass(frozen=True)
class PartOfOrder:
    """Rows of a task that are shuffled by themselves.

    Attributes
    ----------
    places : ndarray of bool or None
        Where these rows are in the order of the epoch; None if they are all of it.
    ends : list of int or None
        The ends of the parts of these rows that are read at once, None if that does not
        matter.
    """

    places: NDArray[np.bool_] | None = None
    ends: list[int] | None = None


class TaskStream:
    """Reads the samples of one task in order.

    Parameters
    ----------
    reader : SampleReader
    t : int
        The task.
    rows : Tensor
        Its rows in order, from `reader.placed`.
    parts : sequence of PartOfOrder, default=(PartOfOrder(),)
        The rows that are shuffled by themselves: one part of all, or two.
    """

    def __init__(
        self,
        reader: SampleReader,
        t: int,
        rows: Tensor,
        parts: Sequence[PartOfOrder] = (PartOfOrder(),),
    ) -> None:
        self._reader, self._t, self._rows = reader, t, rows
        self._at = 0
        array = reader.arrays[t]
        self._streams: list[RowStream | TaskStream] = []
        self._places: NDArray[np.bool_] | None = None
        if not isinstance(array, LazyArray) or not reader.reads_ahead(t, rows):
            return
        order = rows.numpy()
        self._places = parts[0].places
        for part in parts:
            own = order if part.places is None else order[part.places]
            if reader.reads_ahead(t, own):
                ends = part.ends or window_ends(array, own)
                self._streams.append(RowStream(array, own, ends))
            else:
                self._streams.append(TaskStream(reader, t, torch.from_numpy(own)))
        reader.streams.add(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the threads that read ahead."""
        for stream in self._streams:
            stream.close()

    def take(self, n: int) -> Tensor:
        """The next `n` samples, of shape (n, *module_shape)."""
        start, self._at = self._at, self._at + n
        if not self._streams:
            return self._reader.samples(self._t, self._rows[start : start + n])
        if self._places is None:
            return self._taken(self._streams[0], n)
        own = self._places[start : start + n]
        mask = torch.from_numpy(own).to(self._reader.device)
        k = int(own.sum())
        one = self._taken(self._streams[0], k)
        other = self._taken(self._streams[1], n - k)
        x = one.new_empty((n, *one.shape[1:]))
        x[mask], x[~mask] = one, other
        return x

    def _taken(self, stream: RowStream | TaskStream, n: int) -> Tensor:
        if isinstance(stream, TaskStream):
            return stream.take(n)
        return self._reader.as_module(self._t, stream.take(n))
