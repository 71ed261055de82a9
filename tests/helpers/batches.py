"""The batches of tasks on a device."""

from __future__ import annotations

from sk_jae.training.batches import TrainingBatches, ValidationBatches


def training_batches(data, batch_size, device, seed):
    return TrainingBatches(data, batch_size, data.reader(device), seed)


def validation_batches(data, batch_size, device):
    return ValidationBatches(data, batch_size, data.reader(device))
