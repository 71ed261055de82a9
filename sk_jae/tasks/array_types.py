"""Names for the types of what users pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from numpy.typing import ArrayLike

__all__ = [
    "AllTasks",
    "DictOfTasks",
    "HasShape",
    "ListOfTasks",
    "Targets",
    "TasksInContainer",
]


class HasShape(Protocol):
    """A numpy array, a tensor, a dataframe or an array that is read lazily."""

    @property
    def shape(self) -> Any: ...


# What tells a list of tasks from one array that is written as a list of rows is that
# the items of the first have a shape.
ListOfTasks: TypeAlias = Sequence[HasShape | None]
DictOfTasks: TypeAlias = Mapping[str, ArrayLike | None]

# In these, every task has samples.
AllTasks: TypeAlias = Sequence[ArrayLike] | Mapping[str, ArrayLike]

# For arguments that cannot be one array, so that items need not have a shape.
TasksInContainer: TypeAlias = Sequence[ArrayLike | None] | DictOfTasks
# Lists of labels may mix text with marks of unlabeled samples.
Targets: TypeAlias = (
    ArrayLike | Sequence[object] | Mapping[str, ArrayLike | Sequence[object] | None]
)
