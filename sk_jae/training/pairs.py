"""Samples of the same subjects in different tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.training.reading import SampleReader

__all__ = ["Pairs", "read_pairs"]


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


def read_pairs(reader: SampleReader, rows: NDArray[np.intp]) -> Pairs:
    """Read the samples of subjects.

    Parameters
    ----------
    reader : SampleReader
    rows : ndarray of shape (n_subjects, n_tasks)
        The row of each subject in each task, -1 for a task without it.

    Returns
    -------
    pairs : Pairs
    """
    present = rows >= 0
    place = present.cumsum(axis=0) - 1
    inputs: list[Tensor | None] = []
    for t in range(rows.shape[1]):
        own = rows[present[:, t], t]
        some = reader.placed(torch.from_numpy(own))
        inputs.append(reader.samples(t, some) if len(own) else None)
    places = {}
    for t, u in combinations(range(rows.shape[1]), 2):
        both = present[:, t] & present[:, u]
        if both.any():
            one, other = (torch.from_numpy(place[both, k]) for k in (t, u))
            places[t, u] = one.to(reader.device), other.to(reader.device)
    return Pairs(inputs, places)
