"""The axes that `shared_input` may have: wavelengths, frequencies or times."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.parameters import per_task
from sk_jae.tasks.task_axis import TaskAxis
from sk_jae.tasks.wording import counted

__all__ = ["Axes", "with_axes"]

Points: TypeAlias = NDArray[np.float64]
Axes: TypeAlias = Sequence[Any] | Mapping[str, Any]


def with_axes(
    shared_input: object,
    tasks: TaskInputs,
    layouts: Sequence[Layout],
    seen: Sequence[Layout | None],
) -> list[Layout]:
    """Give the layouts the axes of their features.

    Parameters
    ----------
    shared_input : object
        The parameter; only a list or dict has axes.
    tasks : TaskInputs
    layouts : sequence of Layout
    seen : sequence of (Layout or None)
        The layouts of an earlier fit, whose common axis stays.

    Returns
    -------
    layouts : list of Layout

    Raises
    ------
    ValueError, TypeError
        If there is not one axis per task, if one cannot be used, if axes have no range
        in common, or if an earlier fit had other ones.
    """
    given: list[Points | None] = [None] * len(layouts)
    if isinstance(shared_input, list | dict):
        values = per_task(
            shared_input, tasks.names, "shared_input", is_one=lambda _: False
        )
        given = [
            None
            if v is None
            else _checked(v, layout, tasks.describe(t, "shared_input"))
            for t, (v, layout) in enumerate(zip(values, layouts, strict=True))
        ]
    for t, (points, earlier) in enumerate(zip(given, seen, strict=True)):
        if earlier is not None and not _are_equal(points, earlier.axis):
            raise ValueError(
                f"{tasks.describe(t, 'shared_input')} is another axis than in the "
                "earlier fit, with whose weights warm_start=True goes on; give that "
                "axis, or set warm_start=False to start anew."
            )
    found = list(layouts)
    for kind in ("vector", "signal"):
        own = [t for t, layout in enumerate(layouts) if layout.kind == kind]
        axes = {t: points for t in own if (points := given[t]) is not None}
        before = [own.axis for own in seen if own and own.kind == kind and own.axis]
        if not axes:
            continue
        common = before[0].common if before else _common_points(axes, tasks)
        for t, points in axes.items():
            if before:
                _check_covers(points, common, tasks.describe(t, "shared_input"))
            found[t] = replace(layouts[t], axis=TaskAxis(points, common))
    return found


def _are_equal(points: Points | None, axis: TaskAxis | None) -> bool:
    if points is None or axis is None:
        return points is None and axis is None
    return np.array_equal(points, axis.points)


def _checked(value: object, layout: Layout, words: str) -> Points:
    """The points of one task."""
    try:
        points = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"{words} is {value!r}, expected the numbers of its axis, such as "
            "wavelengths, or None for a task without; a shape for images is a tuple."
        ) from error
    if layout.is_image:
        raise ValueError(
            f"{words} is an axis, but the task holds images; give None for it, since "
            "only vectors and signals have one."
        )
    n = layout.sample_shape[-1]
    what = "feature" if layout.kind == "vector" else "time step"
    if points.ndim != 1 or len(points) != n:
        raise ValueError(
            f"{words} has shape {points.shape}, expected ({n},), one number for each "
            f"{what}; a shape for images is a tuple."
        )
    steps = np.diff(points)
    if not np.isfinite(points).all() or not ((steps > 0).all() or (steps < 0).all()):
        raise ValueError(
            f"{words} neither rises nor falls from one {what} to the next, expected "
            "finite numbers in order; sort it, and the features with it."
        )
    return points


def _common_points(axes: Mapping[int, Points], tasks: TaskInputs) -> Points:
    """The points of the coarsest axis that lie in the range of all of them."""
    low = max(points.min() for points in axes.values())
    high = min(points.max() for points in axes.values())
    inside = [p[(p >= low) & (p <= high)] for p in axes.values()]
    common: Points = min(inside, key=len)
    if len(common) < 2:
        ranges = ", ".join(
            f"{points.min():g} to {points.max():g} of task {tasks.names[t]!r}"
            for t, points in axes.items()
        )
        raise ValueError(
            f"shared_input has the ranges {ranges}, expected axes that have a range of "
            "at least 2 points in common; give all of them in one unit, and None for a "
            "task that is measured elsewhere."
        )
    return common


def _check_covers(points: Points, common: Points, words: str) -> None:
    """Refuse the axis of a task that joins, if it has less than the common one."""
    low, high = common.min(), common.max()
    n_inside = ((points >= low) & (points <= high)).sum()
    # An axis of the same spacing may have its points between those of the common one.
    if points.min() > low or points.max() < high or n_inside < len(common) - 1:
        raise ValueError(
            f"{words} has {counted(int(n_inside), 'point')} from {points.min():g} to "
            f"{points.max():g}, expected an axis with at least the {len(common)} from "
            f"{low:g} to {high:g} that the shared branch sees; fit all tasks anew."
        )
