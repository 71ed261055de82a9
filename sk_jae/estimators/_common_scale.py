"""Gives the tables of labeled and unlabeled tasks one scale in the shared branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture, ColumnScale
from sk_jae.estimators._selection import differ_by_selection
from sk_jae.estimators._shares_alone import differ_by_shares_alone
from sk_jae.nn import TaskDescription
from sk_jae.tasks import (
    EncodedTargets,
    Labels,
    Layout,
    RegressionTargets,
    Scaling,
    TaskInputs,
    Whitening,
)
from sk_jae.training import computed_once

__all__ = ["common_scales", "scale_of_view", "with_common_scale"]

MeanAndSpread: TypeAlias = tuple[NDArray[np.float64], NDArray[np.float64]]

# How much of a difference between means is kept, in standard deviations. Where half of
# the columns differ by more than _LARGE, something else than the samples is different,
# such as the instrument, and less is kept.
_KEPT, _KEPT_IF_LARGE, _LARGE = 0.7, 0.25, 0.5

# So many samples of a task tell how it differs from others.
_MOST_ROWS = 2000


def with_common_scale(
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> list[Architecture]:
    """Add the scales of the tables whose columns are the same in all of them.

    Tables that are whitened have one scale already.

    Without a labeled and an unlabeled table, nothing is added: each task is
    standardized by its own means, and its labels tell how to read it.
    """
    found = list(architectures)
    labeled, unlabeled = _tables(architectures, layouts, labels)
    if not labeled or not unlabeled:
        return found
    of_labeled = [scale_of_view(architectures[t], layouts[t]) for t in labeled]
    of_unlabeled = [scale_of_view(architectures[t], layouts[t]) for t in unlabeled]

    def scaled(alike: Sequence[bool]) -> list[Architecture]:
        scale, others = common_scales(of_labeled, of_unlabeled, alike)
        for t in labeled:
            found[t] = replace(found[t], scale=scale)
        for t, other in zip(unlabeled, others, strict=True):
            found[t] = replace(found[t], scale=other)
        return found

    alike = [False] * len(unlabeled)
    if isinstance(labels, Labels):
        scaled([True] * len(unlabeled))
        samples = _some_samples(found, [*labeled, *unlabeled], inputs, layouts, labels)
        of_labeled_tables = zip(*samples[: len(labeled)], strict=True)
        x, classes, weights = map(np.concatenate, of_labeled_tables)
        alike = [
            computed_once(differ_by_shares_alone, x, classes, weights, other)
            for other, *_ in samples[len(labeled) :]
        ]
    elif isinstance(labels, RegressionTargets):
        alike = _are_selected(architectures, labeled, unlabeled, inputs, layouts)
    return scaled(alike)


def _are_selected(
    architectures: Sequence[Architecture],
    labeled: Sequence[int],
    unlabeled: Sequence[int],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
) -> list[bool]:
    """Which unlabeled tables differ by the choice of their samples alone."""

    def samples(t: int) -> NDArray[np.float64]:
        rows = _not_too_many(np.flatnonzero(_weights(t, inputs) > 0))
        return _seen(t, rows, architectures, inputs, layouts).astype(np.float64)

    def mean_and_spread(t: int) -> MeanAndSpread:
        return scale_of_view(architectures[t], layouts[t])

    mean, variance = _of_all([mean_and_spread(t) for t in labeled])
    spread = np.sqrt(variance)
    z = np.concatenate([samples(t) for t in labeled])
    found = []
    for t in unlabeled:
        _, own = table = mean_and_spread(t)
        difference = _difference(mean, variance, table)
        ratio = np.divide(own, spread, out=np.zeros_like(own), where=spread > 0)
        found.append(differ_by_selection(z, samples(t), difference, ratio))
    return found


def _tables(
    architectures: Sequence[Architecture],
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> tuple[list[int], list[int]]:
    """The labeled tables whose columns the shared branch sees, and the unlabeled."""
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
        return [], []
    one = architectures[labeled[0]]
    alike = [
        t
        for t in tables
        if (architectures[t].view, architectures[t].features)
        == (one.view, one.features)
    ]
    return [t for t in labeled if t in alike], [t for t in alike if t not in labeled]


def scale_of_view(
    architecture: Architecture | TaskDescription, layout: Layout
) -> MeanAndSpread:
    """The mean and the spread of the columns that the shared branch sees."""
    assert layout.scaling is not None
    mean, spread = layout.scaling.mean, layout.scaling.spread
    if layout.axis is not None:
        return layout.axis.interpolated(mean), layout.axis.interpolated(spread)
    if architecture.indices is None:
        return mean, spread
    places = np.asarray(architecture.indices)
    return mean[places], spread[places]


def _some_samples(
    architectures: Sequence[Architecture],
    tables: Sequence[int],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: Labels,
) -> list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]:
    """Samples of tables as the shared branch sees them, their classes and weights.

    Of a labeled table they are labeled ones; the classes of another are all -1.
    """
    found = []
    for t in tables:
        rows, classes, weights = _some_rows(t, inputs, labels)
        z, scale = (
            _seen(t, rows, architectures, inputs, layouts),
            architectures[t].scale,
        )
        assert scale is not None
        found.append(((z + scale.offset) * scale.factor, classes, weights))
    return found


def _seen(
    t: int,
    rows: NDArray[np.intp],
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
) -> NDArray[Any]:
    """Samples of a table, standardized, in the columns that the shared branch sees."""
    scaling, axis, places = (
        layouts[t].scaling,
        layouts[t].axis,
        architectures[t].indices,
    )
    assert isinstance(scaling, Scaling)
    z: NDArray[Any] = scaling.seen(np.asarray(inputs.arrays[t][rows]))
    if axis is not None:
        z = axis.interpolated(z)
    return z if places is None else z[:, places]


def _some_rows(
    t: int, inputs: TaskInputs, labels: Labels
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[Any]]:
    """Rows that count, not more than are needed, their classes and their weights."""
    encoded, weights = labels.encoded[t], _weights(t, inputs)
    classes = np.full(len(weights), -1) if encoded is None else encoded
    counts = weights > 0 if encoded is None else (weights > 0) & (classes >= 0)
    rows = _not_too_many(np.flatnonzero(counts))
    return rows, classes[rows], weights[rows]


def _weights(t: int, inputs: TaskInputs) -> NDArray[Any]:
    own = inputs.weights[t] if inputs.weights else None
    return np.ones(len(inputs.arrays[t])) if own is None else own


def _not_too_many(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    if len(rows) <= _MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(0).permutation(rows)[:_MOST_ROWS])


def common_scales(
    labeled: Sequence[MeanAndSpread],
    unlabeled: Sequence[MeanAndSpread],
    alike: Sequence[bool],
) -> tuple[ColumnScale, list[ColumnScale]]:
    """Return the scales of the labeled tables and of each unlabeled one.

    Every table is standardized by its own means. That removes what an instrument adds
    to a column, but also a difference that is real, such as one between tasks in which
    the classes are not equally frequent. So small differences are given back, and
    columns that differ much count less. A table that is alike gets all back.

    Parameters
    ----------
    labeled, unlabeled : sequence of (ndarray, ndarray) of shape (n_columns,)
        The mean of each column of these tables, and its standard deviation, which is 0
        for a column that is constant.
    alike : sequence of bool
        The unlabeled tables that differ from labeled ones by their samples alone, and
        not by an instrument.

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
    >>> scale, (scale_of_other,) = common_scales([one], [other], [False])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 0.25]
    >>> [round(value, 2) for value in scale.factor]
    [1.0, 0.32]
    >>> scale, (scale_of_other,) = common_scales([one], [other], [True])
    >>> [round(value, 2) for value in scale_of_other.offset]
    [0.2, 6.0]
    """
    mean, variance = _of_all(labeled)
    differences = [_difference(mean, variance, table) for table in unlabeled]
    # The standard deviation of two tables together is larger by this factor.
    inflation = np.sqrt(1 + np.mean([d**2 for d in differences], axis=0) / 4)
    own = [s for (_, s), is_alike in zip(unlabeled, alike, strict=True) if is_alike]
    together = np.sqrt(np.mean([variance, *(s**2 for s in own)], axis=0))
    factor = _ratio(np.sqrt(variance), together) / inflation
    scales = []
    for difference, (m, s), is_alike in zip(differences, unlabeled, alike, strict=True):
        if is_alike:
            # A constant column has no unit of its own, and is moved alone.
            unit = np.where(s > 0, s, np.where(together > 0, together, 1.0))
            own_factor = _ratio(unit, together) / inflation
            scales.append(_scale((m - mean) / unit, own_factor, is_common=True))
        else:
            is_large = np.median(np.abs(difference)) > _LARGE
            most = _KEPT_IF_LARGE if is_large else _KEPT
            scales.append(_scale(difference.clip(-most, most), factor))
    return _scale(np.zeros_like(mean), factor), scales


def _of_all(tables: Sequence[MeanAndSpread]) -> MeanAndSpread:
    """The mean of tables that count alike, and the variance within them."""
    mean: NDArray[np.float64] = np.mean([m for m, _ in tables], axis=0)
    return mean, np.mean([s**2 for _, s in tables], axis=0)


def _difference(
    mean: NDArray[np.float64], variance: NDArray[np.float64], table: MeanAndSpread
) -> NDArray[np.float64]:
    """How far a table is from the labeled ones, in standard deviations."""
    m, s = table
    both = np.sqrt((variance + s**2) / 2)
    # A column that is constant in all tables tells nothing.
    return np.divide(m - mean, both, out=np.zeros_like(both), where=both > 0)


def _ratio(
    spread: NDArray[np.float64], together: NDArray[np.float64]
) -> NDArray[np.float64]:
    return np.divide(spread, together, out=np.ones_like(spread), where=together > 0)


def _scale(
    offset: NDArray[np.float64], factor: NDArray[np.float64], *, is_common: bool = False
) -> ColumnScale:
    return ColumnScale(tuple(offset.tolist()), tuple(factor.tolist()), is_common)
