"""What fitted estimators give, and how far two of them are apart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

METHODS = ("transform", "reconstruct", "predict_proba", "decision_function", "predict")
Outputs = dict[str, list[NDArray[Any]]]


def outputs(estimator: Any, X: Any) -> Outputs:
    """An array per task of every method that the estimator has."""
    found = {}
    for method in METHODS:
        if hasattr(estimator, method):
            given = getattr(estimator, method)(X)
            tasks = given.values() if isinstance(given, dict) else given
            found[method] = [np.asarray(one) for one in tasks]
    return found


def distance(one: Outputs, other: Outputs) -> float:
    """The largest ‖a - b‖ / ‖b‖ of any array of numbers."""
    return max(_norm_apart(a, b) for a, b in _pairs(one, other) if b.dtype.kind == "f")


def labels_apart(one: Outputs, other: Outputs) -> float:
    """The largest part of a task's labels that differ; 0 if there are none."""
    return max(
        (float(np.mean(a != b)) for a, b in _pairs(one, other) if b.dtype.kind != "f"),
        default=0.0,
    )


def identical(one: Outputs, other: Outputs) -> bool:
    """Whether all arrays are equal to the last bit."""
    return all(np.array_equal(a, b) for a, b in _pairs(one, other))


def _pairs(one: Outputs, other: Outputs) -> Iterator[tuple[NDArray[Any], NDArray[Any]]]:
    assert one.keys() == other.keys()
    for method in one:
        for a, b in zip(one[method], other[method], strict=True):
            assert a.shape == b.shape
            yield a, b


def _norm_apart(a: NDArray[Any], b: NDArray[Any]) -> float:
    a, b = a.astype(np.float64), b.astype(np.float64)
    apart = float(np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-12))
    return apart if np.isfinite(apart) else float("inf")


def loss_distance(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest relative difference of the losses of an epoch."""
    if len(one) != len(other):
        return float("inf")
    return float(np.max(np.abs(np.subtract(one, other)) / np.abs(other)))
