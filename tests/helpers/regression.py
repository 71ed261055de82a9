"""Tasks whose targets are numbers."""

from __future__ import annotations

import numpy as np

from tests.helpers.small import small

QUICK = small(max_epochs=30, batch_size=32, lr=0.02)


def make_regression(n_samples=(60, 30), n_outputs=None, seed=0):
    """A list of samples and one of targets, which are linear in the samples."""
    rng = np.random.default_rng(seed)
    coefficients = np.random.default_rng(99).normal(size=(5, n_outputs or 1))
    X = [rng.normal(size=(n, 5)) for n in n_samples]
    y = [100 + 10 * x @ coefficients for x in X]
    return X, y if n_outputs else [part[:, 0] for part in y]


def with_gaps(y, every=4):
    """Targets of which some are unknown."""
    y = y.copy()
    y[::every] = np.nan
    return y
