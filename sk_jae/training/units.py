"""The size of each term of the loss for a model that knows nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sk_jae.nn import ReconstructionLoss
from sk_jae.training.batches import TaskData
from sk_jae.training.reading import SampleReader
from sk_jae.training.task_streams import TaskStream

__all__ = ["Units", "units_of"]

Units = dict[tuple[str, int], float]  # by term and task

_MOST_ROWS, _VALUES_PER_BLOCK = 10_000, 2**17


def units_of(
    data: TaskData, loss: ReconstructionLoss, n_classes: Sequence[int]
) -> Units:
    """The value of each term in each task for a model that knows nothing.

    Such a model reconstructs every sample as the mean of the task, and all classes are
    equally probable for it. The terms are divided by these values, so that each is
    about 1 at the beginning, whatever the units of the samples and the number of
    classes are. The loss of a function of the user keeps its own size.

    Parameters
    ----------
    data : TaskData
    loss : str or callable
        The reconstruction loss.
    n_classes : sequence of int
        The number of classes that each task can have. It is empty without classes.

    Returns
    -------
    units : dict of {(str, int): float}
    """
    units = {}
    for t in range(len(data.names)):
        if isinstance(loss, str):
            units["reconstruction", t] = _reconstruction_unit(data, t, loss)
    for t, n in enumerate(n_classes):
        for term in ("classification", "infomax", "consistency", "agreement"):
            units[term, t] = math.log(n) if n > 1 else 1.0
    return units


def _reconstruction_unit(data: TaskData, t: int, loss: str) -> float:
    reader = data.reader(torch.device("cpu"))
    rows = reader.spread(t, data.rows[t], _MOST_ROWS)
    n_counted = total = squares = torch.zeros((), dtype=torch.float64)
    for x, w in _blocks(data, reader, t, rows):
        n_counted = n_counted + w.sum()
        total, squares = total + (w * x).sum(0), squares + (w * x * x).sum(0)
    mean, square = total / n_counted, squares / n_counted
    unit = square - mean**2
    if loss == "bce":
        unit = _cross_entropy(mean)
    elif loss == "huber":
        parts = [
            (w * _huber(x, mean)).sum(0) for x, w in _blocks(data, reader, t, rows)
        ]
        unit = torch.stack(parts).sum(0) / n_counted
    # Features that do not vary at all leave nothing to learn.
    value = float(unit.mean())
    return value if value > 1e-12 else 1.0


def _blocks(
    data: TaskData, reader: SampleReader, t: int, rows: NDArray[np.intp]
) -> Iterator[tuple[Tensor, Tensor]]:
    """These samples as the module sees them and their weights, a few at a time."""
    n = max(1, _VALUES_PER_BLOCK // prod(data.layouts[t].module_shape))
    with TaskStream(reader, t, torch.from_numpy(rows)) as stream:
        for start in range(0, len(rows), n):
            some = rows[start : start + n]
            x = stream.take(len(some)).double()
            weights = data.weights_of(t, some)
            w = torch.from_numpy(np.ones(len(some)) if weights is None else weights)
            yield x, w.reshape(-1, *(1 for _ in x.shape[1:]))


def _huber(x: Tensor, mean: Tensor) -> Tensor:
    return F.huber_loss(x, mean.expand_as(x), reduction="none")


def _cross_entropy(mean: Tensor) -> Tensor:
    return F.binary_cross_entropy(mean.clamp(0, 1), mean.clamp(0, 1), reduction="none")
