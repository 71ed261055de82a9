"""The columns of tables as the shared branch sees them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.architecture import Architecture
from sk_jae.estimators._whitened import is_whitened
from sk_jae.nn import MeanAndSpread, TaskDescription
from sk_jae.tasks import Layout, TaskInputs

__all__ = [
    "chosen_rows",
    "scale_of_view",
    "seen_columns",
    "weights_of",
]

# So many samples of a task tell how it differs from others.
_MOST_ROWS = 2000


def scale_of_view(
    architecture: Architecture | TaskDescription, layout: Layout
) -> MeanAndSpread:
    """The mean and the spread of the columns that the shared branch sees."""
    return layout.scale_of_columns(architecture.indices)


def seen_columns(
    t: int,
    rows: NDArray[np.intp],
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
) -> NDArray[Any]:
    """Samples of a table, each task on its own scale, without a common one."""
    layout, places = layouts[t], architectures[t].indices
    assert layout.scaling is not None
    z: NDArray[Any] = layout.scaling.seen(np.asarray(inputs.arrays[t][rows]))
    if layout.axis is not None and not is_whitened(layout):
        z = layout.axis.interpolated(z)
    return z if places is None else z[:, places]


def weights_of(t: int, inputs: TaskInputs) -> NDArray[Any]:
    """How much each sample of a task counts."""
    own = inputs.weights[t] if inputs.weights else None
    return np.ones(len(inputs.arrays[t])) if own is None else own


def chosen_rows(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Rows of which there are not too many."""
    if len(rows) <= _MOST_ROWS:
        return rows
    return np.sort(np.random.default_rng(0).permutation(rows)[:_MOST_ROWS])
