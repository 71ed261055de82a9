"""What predictors learn from: the classes or the numbers of every task, encoded."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Encoded", "EncodedTargets", "labeled_rows"]

# Positions of classes (n_samples,) with -1 where there is none, or standardized numbers
# (n_samples, n_outputs) with NaN where one is unknown.
Encoded: TypeAlias = NDArray[Any]


class EncodedTargets:
    """The encoded targets of every task; classes and numbers have their subclasses.

    Attributes
    ----------
    encoded : tuple of (ndarray or None)
        Those of each task, None for a task without any.
    labeled : tuple of (ndarray of bool of shape (n_samples_t,) or None)
        The masks of the labeled samples of each task.
    complete : tuple of bool
        Whether nothing is missing in each task, of the samples that count.
    are_complete : bool
        Whether nothing is missing in any task.
    class_weight : ndarray of shape (n_classes,) or None
        How much the samples of each class count; None if all count alike.
    weights : tuple of (ndarray of shape (n_samples_t,) or None)
        How much each sample counts; empty if all count alike.
    """

    encoded: tuple[Encoded | None, ...]
    labeled: tuple[NDArray[np.bool_] | None, ...]
    complete: tuple[bool, ...]
    are_complete: bool
    class_weight: NDArray[np.float64] | None = None
    weights: tuple[NDArray[np.float64] | None, ...] = ()

    def __post_init__(self) -> None:
        labeled = tuple(p if p is None else labeled_rows(p) for p in self.encoded)
        complete = tuple(map(self._is_complete, range(len(self.encoded))))
        # The dataclasses are frozen.
        object.__setattr__(self, "labeled", labeled)
        object.__setattr__(self, "complete", complete)
        object.__setattr__(self, "are_complete", all(complete))

    def _is_complete(self, t: int) -> bool:
        part = self.encoded[t]
        if part is None:
            return False
        known = _known(part)
        weights = self.weights[t] if self.weights else None
        return bool((known if weights is None else known[weights > 0]).all())

    def groups(self, t: int) -> NDArray[Any] | None:
        """What a part of a task's samples should hold in proportion, if anything."""
        part = self.encoded[t]
        return part if part is None or part.ndim == 1 else self.labeled[t]


def labeled_rows(encoded: Encoded) -> NDArray[np.bool_]:
    """Find the samples that have a class, or at least one known number."""
    known = _known(encoded)
    return known if known.ndim == 1 else np.asarray(known.any(axis=1))


def _known(encoded: Encoded) -> NDArray[np.bool_]:
    known: NDArray[np.bool_]
    known = ~np.isnan(encoded) if encoded.dtype.kind == "f" else encoded >= 0
    return known
