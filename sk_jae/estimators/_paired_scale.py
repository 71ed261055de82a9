"""Places tables by the samples that they have of the same subjects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture, ColumnScale
from sk_jae.estimators._seen_columns import chosen_rows, seen_columns
from sk_jae.tasks import EncodedTargets, Layout, TaskInputs

__all__ = ["paired_offset", "with_paired_scale"]

_FEWEST_PAIRS = 3


def with_paired_scale(
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> list[Architecture]:
    """Move the tables that have subjects in common with another one of their columns.

    That one is the first labeled table, or the first table where none has labels. A
    table whose units are known to be those of labeled ones stays where it is.
    """
    found = list(architectures)
    encoded = labels.encoded if labels else (None,) * len(layouts)
    tables = [
        t
        for t, layout in enumerate(layouts)
        if layout.kind == "vector" and layout.scaling is not None
    ]
    first: dict[object, int] = {}
    for t in sorted(tables, key=lambda t: encoded[t] is None):
        a = architectures[t]
        reference = first.setdefault((a.view, a.features), t)
        is_placed = a.scale is not None and a.scale.is_common
        if reference == t or is_placed:
            continue
        offset = _offset(t, reference, architectures, inputs, layouts)
        if offset is not None:
            found[t] = replace(a, scale=_moved(a.scale, offset))
    return found


def _offset(
    t: int,
    reference: int,
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
) -> NDArray[np.float64] | None:
    """How far the samples of a task have to be moved, if there are pairs to tell it."""
    assert inputs.pairs is not None
    both = inputs.pairs[:, [reference, t]]
    both = both[chosen_rows(np.flatnonzero((both >= 0).all(axis=1)))]
    if len(both) < _FEWEST_PAIRS:
        return None
    one, other = (
        seen_columns(k, own, architectures, inputs, layouts).astype(np.float64)
        for k, own in zip((reference, t), both.T, strict=True)
    )
    sizes = len(inputs.arrays[reference]), len(inputs.arrays[t])
    return paired_offset(one, other, sizes)


def paired_offset(
    one: NDArray[np.float64], other: NDArray[np.float64], sizes: tuple[int, int]
) -> NDArray[np.float64]:
    """Estimate how far apart the zeros of two tables are, which are their own means.

    The means of two tables belong to different samples. Samples of the same subjects
    tell what is different in the tables alone, by the mean difference d of the pairs.
    Two variances say how much of it is believed: that of the difference of the means
    of the tables, if their samples are drawn from one population, and that of d. So
    columns that have little in common stay where they are.

    Parameters
    ----------
    one, other : ndarray of shape (n_pairs, n_columns)
        The samples of the same subjects in both tables.
    sizes : tuple of (int, int)
        The numbers of all samples of both tables.

    Returns
    -------
    offset : ndarray of shape (n_columns,)
        What has to be added to the values of the other table.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._paired_scale import paired_offset
    >>> one = np.array([[-1.0], [0.0], [1.0], [2.0]])
    >>> paired_offset(one, one - 0.5, (40, 10)).round(2)
    array([0.5])
    >>> paired_offset(one, -one, (40, 10)).round(2)
    array([0.11])
    """
    difference = one - other
    by_chance = difference.var(axis=0, ddof=1) / len(one)
    within = (one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / 2
    between = within * sum(1 / n for n in sizes)
    total = between + by_chance
    believed = np.divide(between, total, out=np.zeros_like(total), where=total > 0)
    found: NDArray[np.float64] = believed * difference.mean(axis=0)
    return found


def _moved(scale: ColumnScale | None, offset: NDArray[np.float64]) -> ColumnScale:
    factor = scale.factor if scale else (1.0,) * len(offset)
    return ColumnScale(tuple(offset.tolist()), factor)
