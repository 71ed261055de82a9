"""What `score` returns for one task: the accuracy, or an R^2, of weighted samples."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.estimators._prediction import Predictor
from sk_jae.tasks import SampleArray, TaskInputs

__all__ = ["accuracy", "r2", "relative_weights", "targets_r2"]


def relative_weights(
    weights: NDArray[np.float64] | None,
    tasks: TaskInputs,
    t: int,
    mask: NDArray[np.bool_] | None = None,
) -> NDArray[np.float64] | None:
    """The weights of the samples of one task that count, divided by the largest."""
    if weights is None:
        return None
    if mask is not None:
        weights = weights[mask]
    largest = weights.max()
    if largest <= 0:
        which = "sample" if mask is None else "labeled sample"
        raise ValueError(
            f"{tasks.describe(t, 'sample_weight')} is 0 for every {which}, so that the "
            "task has no score; give at least one of them a positive weight, or leave "
            "the task out of X."
        )
    with np.errstate(under="ignore"):
        relative: NDArray[np.float64] = weights / largest
    return relative


def accuracy(
    predicted: NDArray[Any],
    labels: NDArray[Any],
    weights: NDArray[np.float64] | None,
) -> float:
    """The weighted fraction of right predictions."""
    return float(np.average(predicted == labels, weights=weights))


def targets_r2(
    predicted: NDArray[np.float64],
    targets: NDArray[np.float64],
    weights: NDArray[np.float64] | None,
) -> float:
    """R^2 of the known targets (n, n_outputs), averaged over the outputs with any."""
    w = np.ones(len(targets)) if weights is None else weights
    scores = []
    for values, guesses in zip(targets.T, predicted.T, strict=True):
        known = ~np.isnan(values) & (w > 0)
        if not known.any():
            continue
        own, y = w[known], values[known]
        # In units of the largest, squares are finite.
        unit = np.abs(y - y[0]).max() or 1.0
        error = (own * ((y - guesses[known]) / unit) ** 2).sum()
        y = (y - y[0]) / unit
        variation = (own * (y - np.average(y, weights=own)) ** 2).sum()
        scores.append(_of_variation(error, variation))
    return float(np.mean(scores))


def _of_variation(error: float, variation: float) -> float:
    """R^2; as in scikit-learn, it is 1 or 0 for what does not vary."""
    if variation <= 0:
        return 1.0 if error == 0 else 0.0
    return float(1 - error / variation)


def r2(
    predictor: Predictor,
    array: SampleArray,
    t: int,
    weights: NDArray[np.float64] | None,
) -> float:
    """R^2 in the units of the user, from sums over batches, which are held one by one.

    A column that is constant in fit counts, too, although the module does not see it.
    """
    if weights is None:
        weights = np.ones(len(array))
    scaling = predictor.state.layouts[t].scaling
    error = squares = total = np.float64(0)
    for rows, raw, x in predictor.batches(array, t):
        w = weights[rows, None]
        found = predictor.apply(x, t, lambda z: predictor.reconstruct(t, z))
        other: NDArray[Any] = found.reshape(len(x), -1)
        if scaling is None:
            values = x.cpu().numpy().reshape(len(x), -1).astype(np.float64)
        else:
            values = scaling.relative(raw.reshape(len(x), -1))
            other = scaling.undo_relative(other)
        error = error + (w * (values - other) ** 2).sum()
        squares = squares + (w * values**2).sum(0)
        total = total + (w * values).sum(0)
    variation = (squares - total**2 / weights.sum()).sum()
    return _of_variation(float(error), float(variation))
