"""What the shared branch sees of whitened vectors, whose columns are directions."""

from __future__ import annotations

from collections.abc import Sequence

from sk_jae.tasks import Layout, Whitening

__all__ = ["is_whitened", "names_of_directions", "names_of_group"]


def is_whitened(layout: Layout) -> bool:
    return isinstance(layout.scaling, Whitening)


def names_of_directions(layouts: Sequence[Layout]) -> list[tuple[str, ...] | None]:
    """Names of the directions of whitened tasks, None if they have them in common."""
    scalings = [layout.scaling for layout in layouts]
    groups = [s.group if isinstance(s, Whitening) else -1 for s in scalings]
    if len(set(groups)) == 1:
        return [None] * len(layouts)
    return [names_of_group(layout) if layout.scaling else None for layout in layouts]


def names_of_group(layout: Layout) -> tuple[str, ...]:
    """Names of the directions of one task."""
    scaling = layout.scaling
    assert scaling is not None
    group = scaling.group if isinstance(scaling, Whitening) else -1
    return tuple(f"direction {i} of {group}" for i in range(scaling.n_values))
