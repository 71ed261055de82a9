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
from sk_jae.nn import common_scales, difference_of_means, mean_and_variance
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

    alike = _are_selected(architectures, labeled, unlabeled, inputs, layouts)
    if isinstance(labels, Labels):
        scaled([True] * len(unlabeled))
        samples = _some_samples(found, [*labeled, *unlabeled], inputs, layouts, labels)
        of_labeled_tables = zip(*samples[: len(labeled)], strict=True)
        x, classes, weights = map(np.concatenate, of_labeled_tables)
        alike = [
            is_selected or computed_once(differ_by_shares_alone, x, classes, weights, z)
            for is_selected, (z, *_) in zip(alike, samples[len(labeled) :], strict=True)
        ]
    mean, variance = mean_and_variance(of_labeled)
    return scaled(
        [
            is_alike and not differ_by_units((mean, np.sqrt(variance)), table)
            for is_alike, table in zip(alike, of_unlabeled, strict=True)
        ]
    )


def _are_selected(
    architectures: Sequence[Architecture],
    labeled: Sequence[int],
    unlabeled: Sequence[int],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
) -> list[bool]:
    """Which unlabeled tables differ by the choice of their samples alone."""

    def samples(t: int) -> NDArray[np.float64]:
        rows = chosen_rows(np.flatnonzero(weights_of(t, inputs) > 0))
        return seen_columns(t, rows, architectures, inputs, layouts).astype(np.float64)

    tables = [scale_of_view(architectures[t], layouts[t]) for t in labeled]
    mean, variance = mean_and_variance(tables)
    z = np.concatenate([samples(t) for t in labeled])
    found = []
    for t in unlabeled:
        table = scale_of_view(architectures[t], layouts[t])
        difference = difference_of_means(mean, variance, table)
        found.append(computed_once(differ_by_selection, z, samples(t), difference))
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
            seen_columns(t, rows, architectures, inputs, layouts),
            architectures[t].scale,
        )
        assert scale is not None
        found.append(((z + scale.offset) * scale.factor, classes, weights))
    return found


def _some_rows(
    t: int, inputs: TaskInputs, labels: Labels
) -> tuple[NDArray[np.intp], NDArray[Any], NDArray[Any]]:
    """Rows that count, not more than are needed, their classes and their weights."""
    encoded, weights = labels.encoded[t], weights_of(t, inputs)
    classes = np.full(len(weights), -1) if encoded is None else encoded
    counts = weights > 0 if encoded is None else (weights > 0) & (classes >= 0)
    rows = chosen_rows(np.flatnonzero(counts))
    return rows, classes[rows], weights[rows]
