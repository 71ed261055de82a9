"""Gives the tables of labeled and unlabeled tasks one scale in the shared branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture
from sk_jae.estimators._seen_columns import (
    chosen_rows,
    scale_of_view,
    seen_columns,
    weights_of,
)
from sk_jae.estimators._selection import differ_by_selection, differ_by_units
from sk_jae.estimators._shares_alone import differ_by_shares_alone
from sk_jae.nn import common_scales, differences_of_means
from sk_jae.tasks import EncodedTargets, Labels, Layout, TaskInputs, Whitening
from sk_jae.training import computed_once

__all__ = ["with_common_scale"]


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

    scaled([True] * len(unlabeled))
    samples = [
        _some_samples(t, found, inputs, layouts, labels) for t in (*labeled, *unlabeled)
    ]
    of_labeled_tables = zip(*samples[: len(labeled)], strict=True)
    whole = [np.concatenate(parts) for parts in of_labeled_tables]
    center, differences = differences_of_means(of_labeled, of_unlabeled)
    alike = []
    for table, difference, (z, x, *_) in zip(
        of_unlabeled, differences, samples[len(labeled) :], strict=True
    ):
        is_alike = computed_once(_have_other_samples, *whole, z, x, difference)
        alike.append(is_alike and not differ_by_units(center, table, difference))
    return scaled(alike)


def _have_other_samples(
    labeled: NDArray[np.float64],
    labeled_in_one_unit: NDArray[Any],
    classes: NDArray[np.intp],
    weights: NDArray[np.float64],
    unlabeled: NDArray[np.float64],
    unlabeled_in_one_unit: NDArray[Any],
    difference: NDArray[np.float64],
) -> bool:
    """Whether tables differ by the choice of their samples, or by class shares alone.

    The samples are given on the scale of their own table, and in one unit.
    """
    if differ_by_selection(labeled, unlabeled, difference):
        return True
    has_classes = bool((classes >= 0).any())
    return has_classes and differ_by_shares_alone(
        labeled_in_one_unit, classes, weights, unlabeled_in_one_unit
    )


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


def _some_samples(
    t: int,
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Samples of a table on its own scale and in one unit, their classes and weights.

    Of a table with classes they are labeled ones; the classes of another are all -1.
    """
    rows, classes, weights = _some_rows(t, inputs, labels)
    z = seen_columns(t, rows, architectures, inputs, layouts).astype(np.float64)
    scale = architectures[t].scale
    assert scale is not None
    return z, (z + scale.offset) * scale.factor, classes, weights


def _some_rows(
    t: int, inputs: TaskInputs, labels: EncodedTargets | None
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[Any]]:
    """Rows that count, not more than are needed, their classes and their weights."""
    encoded = labels.encoded[t] if isinstance(labels, Labels) else None
    weights = weights_of(t, inputs)
    classes = np.full(len(weights), -1) if encoded is None else encoded
    counts = weights > 0 if encoded is None else (weights > 0) & (classes >= 0)
    rows = chosen_rows(np.flatnonzero(counts))
    return rows, classes[rows], weights[rows]
