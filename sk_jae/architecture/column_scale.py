"""How the shared branch scales the columns of a table."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["ColumnScale"]


@dataclass(frozen=True)
class ColumnScale:
    """How the shared branch moves and weighs the standardized columns of a task.

    Attributes
    ----------
    offset, factor : tuple of float, one per column
        A value z becomes ``(z + offset) * factor``.
    is_common : bool, default=False
        Whether equal values of labeled tasks and of this one become equal.

    Examples
    --------
    >>> from sk_jae.architecture import ColumnScale
    >>> ColumnScale(offset=(0.2, -0.7), factor=(1.0, 0.5)).factor
    (1.0, 0.5)
    """

    offset: tuple[float, ...]
    factor: tuple[float, ...]
    is_common: bool = False
