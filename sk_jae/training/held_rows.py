"""The few rows of an array that are read once and held."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import LazyArray

__all__ = ["HeldRows"]


class HeldRows:
    """Rows of an array that have been read once."""

    def __init__(self, array: LazyArray) -> None:
        self._array = array
        self._place = np.full(len(array), -1, dtype=np.intp)
        self._values: NDArray[Any] | None = None

    def has_all(self, rows: NDArray[np.intp]) -> bool:
        return bool((self._place[rows] >= 0).all())

    def add(self, rows: NDArray[np.intp]) -> None:
        """Read those rows that are not there yet."""
        new = np.unique(rows[self._place[rows] < 0])
        if len(new):
            read = self._array.read(new)
            old = [] if self._values is None else [self._values]
            self._place[new] = np.arange(len(new)) + sum(map(len, old))
            self._values = np.concatenate([*old, read]) if old else read

    def find(self, rows: NDArray[np.intp]) -> NDArray[Any] | None:
        """These rows, or None if some of them are not there."""
        places = self._place[rows]
        if self._values is None or not (places >= 0).all():
            return None
        return self._values[places]
