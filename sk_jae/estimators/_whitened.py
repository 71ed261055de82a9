"""What the shared branch sees of whitened vectors, whose columns are directions."""

from __future__ import annotations

from collections.abc import Sequence

from sk_jae.tasks import Layout, Whitening

__all__ = ["is_whitened", "names_of_directions"]


def is_whitened(layout: Layout) -> bool:
    return isinstance(layout.scaling, Whitening)


def names_of_directions(layouts: Sequence[Layout]) -> list[tuple[str, ...] | None]:
    """Names of the directions of whitened tasks, None if they have them in common."""
    scalings = [layout.scaling for layout in layouts]
    groups = [s.group if isinstance(s, Whitening) else -1 for s in scalings]
    if len(set(groups)) == 1:
        return [None] * len(layouts)
    return [
        tuple(f"direction {i} of {group}" for i in range(s.n_values)) if s else None
        for s, group in zip(scalings, groups, strict=True)
    ]
