"""What the shared branch sees of features that lie on an axis."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["AxisPoints"]


@dataclass(frozen=True)
class AxisPoints:
    """Where the points of a common axis lie between the features of a task.

    Attributes
    ----------
    lower, upper : tuple of int
        The places of the two features, or time steps, on both sides of each point.
    part : tuple of float
        How far each point is from the first towards the second, from 0 to 1.

    Examples
    --------
    >>> from sk_jae.architecture import AxisPoints
    >>> len(AxisPoints(lower=(0, 1), upper=(1, 2), part=(0.5, 0.5)))
    2
    """

    lower: tuple[int, ...]
    upper: tuple[int, ...]
    part: tuple[float, ...]

    def __len__(self) -> int:
        return len(self.part)
