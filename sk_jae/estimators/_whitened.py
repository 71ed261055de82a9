"""What the shared branch sees of whitened vectors, whose columns are directions."""

from __future__ import annotations

from collections.abc import Sequence

from sk_jae.tasks import AxisWhitening, Layout, Whitening

__all__ = ["is_whitened", "names_of_directions", "names_of_group", "names_of_values"]


def is_whitened(layout: Layout) -> bool:
    return isinstance(layout.scaling, Whitening)


def names_of_directions(layouts: Sequence[Layout]) -> list[tuple[str, ...] | None]:
    """Names of the common directions, None if these are all that the tasks have."""
    scalings = [layout.scaling for layout in layouts]
    groups = [s.group if isinstance(s, Whitening) else -1 for s in scalings]
    have_own = any(isinstance(s, AxisWhitening) for s in scalings)
    if len(set(groups)) == 1 and not have_own:
        return [None] * len(layouts)
    return [names_of_group(layout) if layout.scaling else None for layout in layouts]


def names_of_group(layout: Layout) -> tuple[str, ...]:
    """Names of the directions that one task has in common with others of its group."""
    scaling = layout.scaling
    assert scaling is not None
    n = scaling.n_values
    if isinstance(scaling, AxisWhitening):
        n = scaling.n_common_values
    group = scaling.group if isinstance(scaling, Whitening) else -1
    return tuple(f"direction {i} of {group}" for i in range(n))


def names_of_values(layout: Layout) -> tuple[str, ...] | None:
    """Names of all values of a task, None if they are the common directions."""
    scaling = layout.scaling
    if not isinstance(scaling, AxisWhitening):
        return None
    n_own = scaling.n_values - scaling.n_common_values
    return (*names_of_group(layout), *(f"own direction {i}" for i in range(n_own)))
