"""Statistics that several scorers need."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["entropy", "evenly_spaced", "numpy_defaults"]


def numpy_defaults() -> np.errstate:
    """How numpy treats floating-point errors if the user has not changed it."""
    return np.errstate(divide="warn", over="warn", under="ignore", invalid="warn")


def entropy(p: NDArray[Any]) -> Any:
    """Return the entropy of each distribution along the last axis."""
    return -np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1)


def evenly_spaced(n_samples: int, n_chosen: int) -> NDArray[np.intp]:
    """Return positions of at most `n_chosen` samples at equal distances."""
    n_chosen = min(n_samples, n_chosen)
    return np.arange(n_chosen) * n_samples // n_chosen
