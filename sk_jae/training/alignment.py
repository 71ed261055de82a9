"""Tells whether the signals of all tasks start at the same event."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.tasks import Layout, SampleArray
from sk_jae.training.reading import SampleReader

__all__ = ["start_alike"]

# So many signals of each task, spread over all, show what all have in common.
_N_SIGNALS = 256
# The least part of the variance that the mean over the signals of a task explains, the
# least multiple of what it would explain by chance, and the least correlation of the
# means of two tasks.
_EXPLAINED, _CHANCE, _ALIKE = 0.1, 4.0, 0.8


def start_alike(
    arrays: Sequence[SampleArray],
    layouts: Sequence[Layout],
    rows: Sequence[NDArray[np.intp]],
) -> bool:
    """Tell whether the signals of all tasks take the same course from the same start.

    Heartbeats that are cut at their peaks, or the power that is used over a day, have a
    mean over the signals that explains a part of every one of them; recordings that
    start anywhere have a mean near 0. Where the means of two tasks agree, a step means
    the same in both.

    Parameters
    ----------
    arrays : sequence of (ndarray or LazyArray of shape (n_samples_t, ...))
    layouts : sequence of Layout
        Those of signals, with their scaling.
    rows : sequence of ndarray of int
        The samples of each task that count.

    Returns
    -------
    alike : bool
        False where the tasks have different numbers of channels.
    """
    if len({layout.module_shape[0] for layout in layouts}) != 1:
        return False
    nothing = (None,) * len(arrays)
    reader = SampleReader(tuple(arrays), tuple(layouts), nothing, torch.device("cpu"))
    courses = []
    for t, own in enumerate(rows):
        _, x = reader.some(t, own, _N_SIGNALS)
        course = _course(x.double().numpy())
        if course is None:
            return False
        courses.append(course)
    n_steps = min(course.shape[1] for course in courses)
    stretched = [_stretched(course, n_steps).ravel() for course in courses]
    return bool(np.corrcoef(stretched).min() >= _ALIKE)


def _course(x: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The mean over the signals (n, channels, time), if it tells enough of each."""
    if len(x) < 2:
        return None
    x = x - x.mean(axis=2, keepdims=True)  # the level says nothing about the course
    mean = x.mean(axis=0)
    within = float(x.var(axis=0, ddof=1).mean())
    by_chance = within / len(x)
    found = float(np.square(mean).mean())
    enough = max(_CHANCE * by_chance, by_chance + _EXPLAINED * (found + within))
    return mean if found >= enough and found > 0 else None


def _stretched(course: NDArray[np.float64], n_steps: int) -> NDArray[np.float64]:
    """A course (channels, time) at so many steps."""
    before, after = np.linspace(0, 1, course.shape[1]), np.linspace(0, 1, n_steps)
    return np.stack([np.interp(after, before, channel) for channel in course])
