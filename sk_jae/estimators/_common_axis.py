"""What the shared branch sees of vectors and signals that lie on an axis."""

from __future__ import annotations

from collections.abc import Sequence

from sk_jae.architecture import AxisPoints, Shape
from sk_jae.estimators._whitened import is_whitened
from sk_jae.tasks import Layout

__all__ = ["names_of_axes", "points_of_view", "view_on_axis"]


def view_on_axis(layout: Layout) -> Shape:
    """The shape of one sample at the points of the common axis.

    Whitened vectors are interpolated before they are whitened.
    """
    shape = layout.module_shape
    if layout.axis is None or is_whitened(layout):
        return shape
    return (*shape[:-1], len(layout.axis.common))


def points_of_view(layout: Layout) -> AxisPoints | None:
    """Where the shared branch reads the samples, None if it does not interpolate."""
    axis = layout.axis
    if axis is None or axis.is_common or is_whitened(layout):
        return None
    lower, upper, part = (tuple(values.tolist()) for values in axis.neighbors)
    return AxisPoints(lower, upper, part)


def names_of_axes(layouts: Sequence[Layout]) -> list[tuple[str, ...] | None]:
    """Names of the common points, None if all vectors have them."""
    axes = [layout.axis for layout in layouts if layout.kind == "vector"]
    if all(axis is not None for axis in axes):
        return [None] * len(layouts)
    return [names_on_axis(layout) for layout in layouts]


def names_on_axis(layout: Layout) -> tuple[str, ...] | None:
    """Names of the common points of one task."""
    if layout.kind != "vector" or layout.axis is None:
        return None
    return tuple(f"at {point:g}" for point in layout.axis.common)
