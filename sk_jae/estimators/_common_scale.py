"""Gives the tables of labeled and unlabeled tasks one scale in the shared branch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from sk_jae.architecture import Architecture, MeanAndSpread, common_scales
from sk_jae.tasks import Labels, Layout

__all__ = ["with_common_scale"]


def with_common_scale(
    architectures: Sequence[Architecture],
    layouts: Sequence[Layout],
    labels: Labels | None,
) -> list[Architecture]:
    """Add the scales of the tables whose columns are the same in all of them.

    Without a labeled and an unlabeled table, nothing is added: each task is
    standardized by its own means, and its labels tell how to read it.
    """
    found = list(architectures)
    encoded = labels.encoded if labels else ()
    tables = [t for t, layout in enumerate(layouts) if layout.scaling is not None]
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
        [_of_view(architectures[t], layouts[t]) for t in labeled],
        [_of_view(architectures[t], layouts[t]) for t in unlabeled],
    )
    for t in labeled:
        found[t] = replace(found[t], scale=scale)
    for t, other in zip(unlabeled, others, strict=True):
        found[t] = replace(found[t], scale=other)
    return found


def _of_view(architecture: Architecture, layout: Layout) -> MeanAndSpread:
    """The mean and the spread of the columns that the shared branch sees."""
    assert layout.scaling is not None
    mean, spread = layout.scaling.mean, layout.scaling.spread
    if architecture.indices is None:
        return mean, spread
    places = np.asarray(architecture.indices)
    return mean[places], spread[places]
