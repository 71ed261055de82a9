"""Random orders of rows; those of a file are such that no chunk is read twice."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.tasks import BUFFER_BYTES, LazyArray, order_of_reading
from sk_jae.training.reading import SampleReader

__all__ = ["chunk_shuffled", "rows_in_order", "shuffled_passes"]


def shuffled_passes(
    reader: SampleReader,
    t: int,
    rows: NDArray[np.intp],
    needed: int,
    generator: torch.Generator,
) -> tuple[NDArray[np.intp], list[int] | None]:
    """So many places in the rows of a task, in whole shuffled passes.

    Returns
    -------
    places : ndarray of int of shape (needed,)
    ends : list of int or None
        Where each part ends whose rows are of a few chunks. None if the rows are
        shuffled without regard to chunks.
    """
    n, array = len(rows), reader.arrays[t]
    passes, ends = [], []
    has_chunks = reader.has_chunks(t, rows)
    for start in range(0, needed, n):
        if has_chunks:
            assert isinstance(array, LazyArray)
            chosen, own = chunk_shuffled(array, rows, generator)
            places = torch.from_numpy(chosen)
            ends += [start + end for end in own if start + end < needed]
        else:
            places = torch.randperm(n, generator=generator)
        passes.append(places)
    order = torch.cat(passes)[:needed].numpy()
    return order, [*ends, needed] if has_chunks else None


def rows_in_order(
    reader: SampleReader, t: int, rows: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The rows in the order in which they can be read at once, if it matters."""
    array = reader.arrays[t]
    if not isinstance(array, LazyArray) or not reader.has_chunks(t, rows):
        return rows
    return order_of_reading(array, rows)


def chunk_shuffled(
    array: LazyArray, rows: NDArray[np.intp], generator: torch.Generator
) -> tuple[NDArray[np.intp], list[int]]:
    """Shuffle the chunks of some rows, and then the rows of as many as a buffer holds.

    Parameters
    ----------
    array : LazyArray
        An array with chunks.
    rows : ndarray of int
    generator : torch.Generator

    Returns
    -------
    places : ndarray of int of shape (n_rows,)
        The shuffled places in `rows`.
    ends : list of int
        Where each buffer ends.
    """
    _, number, sizes = np.unique(
        array.chunks_of(rows), return_inverse=True, return_counts=True
    )
    shuffled = torch.randperm(len(sizes), generator=generator).numpy()
    middles = np.cumsum(sizes[shuffled]) - sizes[shuffled] / 2
    n_buffers = -(-len(rows) * array.row_bytes // BUFFER_BYTES)
    buffer = np.empty(len(sizes), dtype=np.intp)
    # All buffers are nearly equal, so that none holds the rows of one chunk alone.
    buffer[shuffled] = middles * n_buffers // len(rows)
    of_row = buffer[number]
    at_random = torch.randperm(len(rows), generator=generator).numpy()
    places = np.lexsort((at_random, of_row))
    counts = np.bincount(of_row)
    return places, np.cumsum(counts[counts > 0]).tolist()
