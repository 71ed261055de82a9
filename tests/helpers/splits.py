"""Tasks with labels to split, and what a selection holds of them."""

from __future__ import annotations

import warnings

import numpy as np
from hypothesis import strategies as st

from sk_jae.tasks import pack


def blobs(n_samples, n_features, n_classes=3, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.arange(n_samples) % n_classes)
    return rng.normal(size=(n_samples, n_features)) + 3 * y[:, None], y


def counts(X, y, index):
    """The number of samples of every (task, label) in a selection."""
    table = np.zeros((X.n_tasks, y.max() + 2), dtype=int)
    np.add.at(table, (X.task[index], y[index]), 1)
    return table


@st.composite
def labeled_tasks(draw):
    y = draw(
        st.lists(
            st.lists(st.integers(-1, 3), min_size=3, max_size=30),
            min_size=2,
            max_size=3,
        ).filter(lambda y: sum(label >= 0 for part in y for label in part) >= 4)
    )
    return pack([np.zeros((len(part), 2)) for part in y], y)


def quiet(splits):
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Only .* samples of task", UserWarning)
        return list(splits)
