"""What makes the host wait for the device: reads of numbers, and copies to and fro.

They are counted on the CPU, with the arrays read as they are on a GPU that holds them.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.training import reading
from tests.helpers.batches import CPU, make_data, training_batches, validation_batches
from tests.helpers.small import CONV, small

IMAGES = small(CONV, batch_size=8)

READS = {"item", "tolist", "numpy", "__bool__", "__int__", "__float__", "__index__"}
COPIES = {"cpu", "cuda", "pin_memory"}


class Reads(TorchDispatchMode):
    """Counts the operations that read a number, whoever asks for it."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        if operation is torch.ops.aten._local_scalar_dense.default:
            self.counts["scalar"] += 1
        return operation(*args, **(kwargs or {}))


class Calls(TorchFunctionMode):
    """Counts the calls that read tensors or copy them to another device."""

    def __init__(self):
        super().__init__()
        self.counts = Counter()

    def __torch_function__(self, function, types, args=(), kwargs=None):
        name = getattr(function, "__name__", "")
        if name in READS | COPIES:
            self.counts[name] += 1
        if name == "to" and not isinstance(args[1], torch.dtype):
            self.counts["to"] += 1
        return function(*args, **(kwargs or {}))


def counted(estimator, n_samples, y):
    """The reads and copies of a fit on as many samples."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 8, 8)).astype(np.float32) for n in (n_samples, 20)]
    y = [np.arange(n_samples) % 3, y]
    with Reads() as reads, Calls() as calls:
        estimator.fit(X, y)
    return reads.counts + calls.counts


ESTIMATORS = {
    "autoencoder": (JointAutoencoder(**IMAGES, early_stopping=True), None),
    "unlabeled": (JointTransferClassifier(**IMAGES, early_stopping=True), None),
    "few labels": (
        JointTransferClassifier(**IMAGES),
        np.where(np.arange(20) < 4, np.arange(20) % 3, -1),
    ),
    "common branch": (
        JointTransferClassifier(**IMAGES, strategy="common-branch"),
        np.arange(20) % 3,
    ),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_they_do_not_grow_with_the_steps_of_an_epoch(name, monkeypatch):
    monkeypatch.setattr(reading, "fits_on", lambda device, arrays: True)
    estimator, y = ESTIMATORS[name]
    estimator.set_params(max_epochs=4)
    short, long = (counted(estimator, n, y) for n in (32, 96))
    assert short["tolist"] > 0  # those of the ends of epochs are seen
    assert short.keys() == long.keys()
    assert all(long[kind] <= n for kind, n in short.items())


def test_what_is_read_on_the_device_is_what_would_be_copied(monkeypatch):
    data = make_data(31, 12, labels=True)
    plain = [
        *training_batches(data, 8, CPU, 0),
        *validation_batches(data, 8, CPU),
    ]
    monkeypatch.setattr(reading, "fits_on", lambda device, arrays: True)
    resident = [
        *training_batches(data, 8, CPU, 0),
        *validation_batches(data, 8, CPU),
    ]
    for one, other in zip(plain, resident, strict=True):
        for part in ("inputs", "labels"):
            for x, z in zip(getattr(one, part), getattr(other, part), strict=True):
                assert (x is None) == (z is None)
                assert x is None or torch.equal(x, z)
