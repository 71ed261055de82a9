"""The layouts of vectors that are whitened."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray
from sk_jae.tasks.whitening import (
    Whitening,
    are_spectra,
    joined_whitening,
    whitenings_of,
)

__all__ = ["Whitened", "can_whiten", "whitened", "whitened_like"]

# All vectors; all if they look like spectra; or none, with a warning if they do.
Whitened: TypeAlias = Literal["all", "spectra", "warn"]


def can_whiten(
    tasks: TaskInputs,
    layouts: Sequence[Layout],
    losses: Sequence[object],
    which: Whitened,
) -> bool:
    """Whether all vectors are reconstructed as numbers of any size."""
    for t, layout in enumerate(layouts):
        if layout.kind == "vector" and losses[t] in ("bce", "poisson"):
            if which == "all" and losses[t] == "poisson":
                raise ValueError(
                    f"{tasks.describe(t)} holds counts by reconstruction_loss="
                    "'poisson', which input_scaling='whiten' would mix; use "
                    "input_scaling='auto', or reconstruction_loss='mse'."
                )
            return False
    return True


def whitened(
    arrays: Sequence[SampleArray | None],
    layouts: Sequence[Layout],
    seen: Sequence[Layout | None],
    weights: Sequence[NDArray[np.float64] | None],
    which: Whitened,
) -> list[Layout]:
    """The layouts in which vectors are whitened, as in an earlier fit if it was so."""
    new = [t for t, own in enumerate(layouts) if own.kind == "vector" and not seen[t]]
    known = [own.scaling for own in seen if own and own.kind == "vector"]
    if known:  # tasks that join others
        which = "all"
        if not all(isinstance(scaling, Whitening) for scaling in known):
            return list(layouts)
    rows = [_counted(arrays[t], weights[t], layouts[t].shape) for t in new]
    # All or none, so that vectors of one kind stay alike.
    if which != "all" and not (new and all(map(are_spectra, rows))):
        return list(layouts)
    if which == "warn":
        warnings.warn(
            "The vectors of all tasks look like spectra: they differ almost in one "
            "direction only, which is most of what the codes of standardized columns "
            "hold; set input_scaling='whiten' for codes of what else tells the "
            "samples apart, whose reconstructions are less exact.",
            UserWarning,
            stacklevel=7,
        )
        return list(layouts)
    # Tasks that join others get the common axis of these by `whitened_like`.
    axes = [None if known else layouts[t].axis for t in new]
    kinds: list[object] = [
        (layouts[t].shape, layouts[t].columns) if axis is None else "axis"
        for t, axis in zip(new, axes, strict=True)
    ]
    found = list(layouts)
    whitenings = whitenings_of(rows, kinds, axes)
    for t, whitening in zip(new, whitenings, strict=True):
        found[t] = replace(layouts[t], scaling=whitening)
    return found


def _counted(
    array: SampleArray | None,
    weights: NDArray[np.float64] | None,
    shape: tuple[int, ...],
) -> SampleArray:
    """The rows of a table whose weight is not 0."""
    if isinstance(array, LazyArray):
        return array if weights is None else array.select(np.flatnonzero(weights))
    rows = np.asarray(array).reshape(-1, prod(shape))
    return rows if weights is None else rows[weights > 0]


def whitened_like(layout: Layout, earlier: Sequence[Layout]) -> Layout:
    """Project a whitened table on the directions of others of the same columns."""
    if not isinstance(layout.scaling, Whitening):
        return layout
    groups = [-1]
    for other in earlier:
        if not isinstance(other.scaling, Whitening):
            continue
        groups.append(other.scaling.group)
        if _have_common_columns(layout, other):
            joined = joined_whitening(layout.scaling, other.scaling, layout.axis)
            return replace(layout, scaling=joined)
    own = replace(layout.scaling, group=max(groups) + 1)
    return replace(layout, scaling=own)


def _have_common_columns(layout: Layout, other: Layout) -> bool:
    if layout.axis is not None or other.axis is not None:
        return layout.axis is not None and other.axis is not None
    unnamed = layout.columns is None or other.columns is None
    return layout.shape == other.shape and (unnamed or layout.columns == other.columns)
