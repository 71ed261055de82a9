"""The size of each term of the loss for a model that knows nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence
from math import prod

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from sk_jae.nn import ReconstructionLoss
from sk_jae.training.batches import TaskData

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
    rows = data.rows[t]
    if len(rows) > _MOST_ROWS:
        rows = rows[np.linspace(0, len(rows) - 1, _MOST_ROWS).astype(int)]
    cpu = torch.device("cpu")
    total = squares = torch.zeros((), dtype=torch.float64)
    reader = data.reader(cpu)
    n = max(1, _VALUES_PER_BLOCK // prod(data.layouts[t].module_shape))
    for start in range(0, len(rows), n):
        x = reader.samples(t, torch.from_numpy(rows[start : start + n])).double()
        total, squares = total + x.sum(0), squares + (x * x).sum(0)
    mean, square = total / len(rows), squares / len(rows)
    unit = _cross_entropy(mean) if loss == "bce" else square - mean**2
    # Features that do not vary at all leave nothing to learn.
    value = float(unit.mean())
    return value if value > 1e-12 else 1.0


def _cross_entropy(mean: Tensor) -> Tensor:
    return F.binary_cross_entropy(mean.clamp(0, 1), mean.clamp(0, 1), reduction="none")
