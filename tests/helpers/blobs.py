"""Four classes around points that are far from each other, with any shares."""

from __future__ import annotations

import numpy as np

EVEN, UNEVEN = (0.25, 0.25, 0.25, 0.25), (0.7, 0.2, 0.1, 0.0)
LEARNED = {
    "n_shared": 4,
    "n_private": 2,
    "encoder": (12,),
    "max_epochs": 20,
    "batch_size": 40,
    "lr": 0.01,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


def blobs(shares=EVEN, *, n=160, seed=0):
    """Samples and their classes."""
    rng = np.random.default_rng(seed)
    y = np.repeat(np.arange(len(shares)), np.round(n * np.array(shares)).astype(int))
    return 3 * np.eye(len(shares), 6)[y] + 0.6 * rng.normal(size=(len(y), 6)), y


def two_tasks(source=EVEN, target=EVEN):
    """The samples of two tasks, the labels of the first, and all labels."""
    (X, y), (X_target, y_target) = blobs(source), blobs(target, seed=1)
    # As another instrument has them, so that not only the shares differ.
    X_target[:, 5] += 8
    return [X, X_target], [y, None], [y, y_target]
