"""The batches of tasks on a device."""

from __future__ import annotations

import numpy as np
import torch

from sk_jae.tasks import Layout
from sk_jae.training.batches import TaskData, TrainingBatches, ValidationBatches

CPU = torch.device("cpu")


def make_data(*sizes, labels=False, rows=None):
    """Tasks whose samples are their row numbers."""
    arrays = tuple(np.arange(n, dtype=np.float32).reshape(n, 1) for n in sizes)
    return TaskData(
        arrays,
        tuple(Layout((1,), "vector") for _ in sizes),
        tuple(np.arange(n) % 3 - 1 if labels else None for n in sizes),
        tuple(f"task{t}" for t in range(len(sizes))),
        tuple(np.arange(n) for n in sizes) if rows is None else rows,
    )


def drawn(batches, t):
    """The row numbers of one task in every batch of an epoch."""
    return [batch.inputs[t].flatten().long().numpy() for batch in batches]


def training_batches(data, batch_size, device, seed):
    return TrainingBatches(data, batch_size, data.reader(device), seed)


def validation_batches(data, batch_size, device):
    return ValidationBatches(data, batch_size, data.reader(device))
