"""The order that mixes groups of samples evenly."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["evenly_mixed", "positions"]


def evenly_mixed(groups: NDArray[Any]) -> NDArray[np.intp]:
    """Find an order of the samples in which every group is spread evenly.

    Parameters
    ----------
    groups : ndarray of shape (n_samples,)
        The group of each sample, such as its task or its label.

    Returns
    -------
    order : ndarray of shape (n_samples,)
        Positions of the samples: sample i of the n samples of a group is sorted by
        ``(i + 0.5) / n``. Every contiguous block of this order, its beginning too,
        therefore holds the groups in proportion. Samples with the same key keep the
        order in which they came.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks import evenly_mixed
    >>> evenly_mixed(np.array([0, 0, 0, 0, 1, 1]))
    array([0, 4, 1, 2, 5, 3])
    """
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    by_group = np.argsort(group, kind="stable")
    number_in_group = np.empty(len(group), dtype=np.intp)
    starts = np.cumsum(sizes) - sizes
    number_in_group[by_group] = np.arange(len(group)) - np.repeat(starts, sizes)
    return np.argsort((number_in_group + 0.5) / sizes[group], kind="stable")


def positions(task: NDArray[np.intp], n_tasks: int) -> NDArray[np.intp]:
    """Return the position of each sample among the samples of its task."""
    position = np.empty(len(task), dtype=np.intp)
    for t in range(n_tasks):
        own = task == t
        position[own] = np.arange(np.count_nonzero(own))
    return position
