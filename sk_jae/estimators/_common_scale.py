"""Gives the tables of labeled and unlabeled tasks one scale in the shared branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture, ColumnScale
from sk_jae.nn import TaskDescription
from sk_jae.tasks import EncodedTargets, Layout, Whitening

__all__ = ["common_scales", "scale_of_view", "with_common_scale"]

MeanAndSpread: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

# How much of a difference between means is kept, in standard deviations. Where half of
# the columns differ by more than _LARGE, something else than the samples is different,
# such as the instrument, and less is kept.
_KEPT, _KEPT_IF_LARGE, _LARGE = 0.7, 0.25, 0.5


def with_common_scale(
    architectures: Sequence[Architecture],
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> list[Architecture]:
    """Add the scales of the tables whose columns are the same in all of them.

    Tables that are whitened have one scale already.

    Without a labeled and an unlabeled table, nothing is added: each task is
    standardized by its own means, and its labels tell how to read it.
    """
    found = list(architectures)
    encoded = labels.encoded if labels else ()
    tables = [
        t
        for t, layout in enumerate(layouts)
        if layout.kind == "vector"
        and layout.scaling is not None
        and not isinstance(layout.scaling, Whitening)
    ]
    labeled = [t for t in tables if labels and encoded[t] is not None]
    if not labeled:
        return found
    one = architectures[labeled[0]]
    alike = [
        t
        for t in tables
        if (architectures[t].view, architectures[t].features)
        == (one.view, one.features)
    ]
    labeled = [t for t in labeled if t in alike]
    unlabeled = [t for t in alike if t not in labeled]
    if not unlabeled:
        return found
    scale, others = common_scales(
        [scale_of_view(architectures[t], layouts[t]) for t in labeled],
        [scale_of_view(architectures[t], layouts[t]) for t in unlabeled],
    )
    for t in labeled:
        found[t] = replace(found[t], scale=scale)
    for t, other in zip(unlabeled, others, strict=True):
        found[t] = replace(found[t], scale=other)
    return found


def scale_of_view(
    architecture: Architecture | TaskDescription, layout: Layout
) -> MeanAndSpread:
    """The mean and the spread of the columns that the shared branch sees."""
    assert layout.scaling is not None
    mean, spread = layout.scaling.mean, layout.scaling.spread
    if architecture.indices is None:
        return mean, spread
    places = np.asarray(architecture.indices)
    return mean[places], spread[places]


def common_scales(
    labeled: Sequence[MeanAndSpread], unlabeled: Sequence[MeanAndSpread]
) -> tuple[ColumnScale, list[ColumnScale]]:
    """Return the scales of the labeled tables and of each unlabeled one.

    Every table is standardized by its own means. That removes what an instrument adds
    to a column, but also a difference that is real, such as one between tasks in which
    the classes are not equally frequent. So small differences are given back, and
    columns that differ much count less.

    Parameters
    ----------
    labeled, unlabeled : sequence of (ndarray, ndarray) of shape (n_columns,)
        The mean of each column of these tables, and its standard deviation, which is 0
        for a column that is constant.

    Returns
    -------
    scale : ColumnScale
        That of all labeled tables.
    scales : list of ColumnScale
        Those of the unlabeled tables.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.estimators._common_scale import common_scales
    >>> one = np.array([0.0, 0.0]), np.array([1.0, 1.0])
    >>> other = np.array([0.2, 6.0]), np.array([1.0, 1.0])
    >>> scale, (scale_of_other,) = common_scales([one], [other])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 0.25]
    >>> [round(value, 2) for value in scale.factor]
    [1.0, 0.32]
    """
    mean = np.mean([m for m, _ in labeled], axis=0)
    variance = np.mean([s**2 for _, s in labeled], axis=0)
    differences = []
    for m, s in unlabeled:
        both = np.sqrt((variance + s**2) / 2)
        # A column that is constant in all tables tells nothing.
        difference = np.divide(m - mean, both, out=np.zeros_like(both), where=both > 0)
        differences.append(difference)
    # The standard deviation of two tables together is larger by this factor.
    inflation = np.sqrt(1 + np.mean([d**2 for d in differences], axis=0) / 4)
    factor = tuple((1 / inflation).tolist())
    scales = []
    for difference in differences:
        is_large = np.median(np.abs(difference)) > _LARGE
        most = _KEPT_IF_LARGE if is_large else _KEPT
        scales.append(ColumnScale(tuple(difference.clip(-most, most).tolist()), factor))
    return ColumnScale((0.0,) * len(mean), factor), scales
