"""Samples of the same subjects in different tasks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.training.processes import ALONE, Processes
from sk_jae.training.reading import SampleReader
from sk_jae.training.shuffling import shuffled_passes
from sk_jae.training.task_streams import PartOfOrder, TaskStream

__all__ = ["Pairs", "ends_of", "read_pairs", "shuffled_pairs"]


@dataclass(frozen=True)
class Pairs:
    """Samples of subjects that several tasks have.

    Attributes
    ----------
    inputs : list of (Tensor of shape (n_t, *module_shape_t) or None)
        The samples of each task, None for a task that has none of the subjects.
    places : dict of {(int, int): (Tensor, Tensor)}
        For each two tasks with subjects in common, the places of these subjects in the
        inputs of the one and of the other.
    """

    inputs: list[Tensor | None]
    places: Mapping[tuple[int, int], tuple[Tensor, Tensor]]


def read_pairs(
    reader: SampleReader,
    rows: NDArray[np.intp],
    streams: Sequence[TaskStream] | None = None,
) -> Pairs:
    """Read the samples of subjects.

    Parameters
    ----------
    reader : SampleReader
    rows : ndarray of shape (n_subjects, n_tasks)
        The row of each subject in each task, -1 for a task without it.
    streams : sequence of TaskStream or None, default=None
        What gives the samples of these subjects next, for each task.

    Returns
    -------
    pairs : Pairs
    """
    present = rows >= 0
    place = present.cumsum(axis=0) - 1
    inputs: list[Tensor | None] = []
    for t in range(rows.shape[1]):
        own = rows[present[:, t], t]
        if not len(own):
            inputs.append(None)
        elif streams is not None:
            inputs.append(streams[t].take(len(own)))
        else:
            inputs.append(reader.samples(t, reader.placed(torch.from_numpy(own))))
    places = {}
    for t, u in combinations(range(rows.shape[1]), 2):
        both = present[:, t] & present[:, u]
        if both.any():
            one, other = (torch.from_numpy(place[both, k]) for k in (t, u))
            places[t, u] = one.to(reader.device), other.to(reader.device)
    return Pairs(inputs, places)


def shuffled_pairs(
    reader: SampleReader,
    rows: NDArray[np.intp],
    sizes: Sequence[int],
    generator: torch.Generator,
    processes: Processes = ALONE,
) -> Iterator[Pairs]:
    """Read the samples of subjects for all steps of an epoch, in shuffled passes.

    Parameters
    ----------
    reader : SampleReader
    rows : ndarray of shape (n_subjects, n_tasks)
        The row of each subject in each task, -1 for a task without it.
    sizes : sequence of int
        The number of subjects in each step.
    generator : torch.Generator
    processes : Processes
        Those that train together, of which each reads a part of every step.
    """
    # Chunks are shuffled for the task that is the largest; samples of other tasks are
    # near each other if they have the order of this one.
    largest = max(range(rows.shape[1]), key=lambda t: reader.arrays[t].nbytes)
    order, ends = shuffled_passes(
        reader, largest, rows[:, largest].clip(0), sum(sizes), generator
    )
    rows, mine = rows[order], processes.mask(sizes)
    with ExitStack() as opened:
        streams = []
        for t in range(rows.shape[1]):
            has = (rows[:, t] >= 0) & mine
            own = reader.placed(torch.from_numpy(rows[has, t]))
            until = None if ends is None else ends_of(has, ends)
            stream = TaskStream(reader, t, own, [PartOfOrder(None, until)])
            streams.append(opened.enter_context(stream))
        rows, start = rows[mine], 0
        for size in sizes:
            end = start + size // processes.size
            yield read_pairs(reader, rows[start:end], streams)
            start = end


def ends_of(has: NDArray[np.bool_], ends: Sequence[int]) -> list[int]:
    """The ends of parts of rows, among those rows that are chosen."""
    counts = np.concatenate([[0], np.cumsum(has)])
    found: list[int] = np.unique(counts[list(ends)]).tolist()
    return found
