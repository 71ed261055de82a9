"""The weights of samples: one non-negative number for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.array_types import Targets
from sk_jae.tasks.conversion import (
    check_one_per_sample,
    is_per_task,
    items_per_task,
    to_array,
)
from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.label_values import known_values

__all__ = ["check_sample_weight", "given_weights", "relative", "weights_in_fit"]


def check_sample_weight(
    sample_weight: Targets | None, tasks: TaskInputs
) -> list[NDArray[np.float64] | None]:
    """Check the weights of the samples of all tasks.

    Parameters
    ----------
    sample_weight : list, tuple, dict, array-like or None
        Weights in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.

    Returns
    -------
    weights : list of (ndarray of shape (n_samples_t,) or None)
        None for a task whose samples all have the same weight.

    Raises
    ------
    ValueError, TypeError
        If these are not weights of the samples; the message names the task.
    """
    return [
        None if item is None or array is None else _weights(item, tasks, t, len(array))
        for t, (item, array) in enumerate(
            zip(given_weights(sample_weight, tasks), tasks.arrays, strict=True)
        )
    ]


def weights_in_fit(
    item: object, tasks: TaskInputs, t: int, n: int
) -> NDArray[np.float64] | None:
    """Check the weights of the samples of one task in `fit`, which cannot all be 0.

    Parameters
    ----------
    item : array-like or None
        From :func:`given_weights`.
    tasks : TaskInputs
        The samples.
    t, n : int
        The task, and its number of samples.

    Returns
    -------
    weights : ndarray of shape (n_samples_t,) or None
    """
    if item is None:
        return None
    weights = _weights(item, tasks, t, n)
    if not weights.any():
        raise ValueError(
            f"{tasks.describe(t, 'sample_weight')} is zero for every sample, so that "
            "nothing is left to learn from; give at least one of them a positive "
            "weight, or leave the task out of X."
        )
    return weights


def relative(
    weights: Sequence[NDArray[np.float64] | None],
) -> tuple[NDArray[np.float64] | None, ...]:
    """Divide the weights of all tasks by the largest, so that any sum is finite."""
    largest = max((own.max() for own in weights if own is not None), default=1.0)
    with np.errstate(under="ignore"):
        return tuple(None if own is None else own / largest for own in weights)


def given_weights(sample_weight: Targets | None, tasks: TaskInputs) -> list[Any]:
    """Return the weights of each task, not yet checked."""
    if sample_weight is None:
        return [None] * len(tasks.names)
    if tasks.container is not None:
        if is_per_task(sample_weight):
            raise TypeError(
                f"sample_weight is a {type(sample_weight).__name__} with one item per "
                "task while X is a JointArrays, expected one array in the order of its "
                "samples; X.join makes it of arrays per task."
            )
        flat = to_array(sample_weight, "sample_weight")
        check_one_per_sample(
            flat, len(tasks.container), "sample_weight", what="weight", remedy=" of X"
        )
        parts = tasks.container.split(flat)
        values = parts.values() if isinstance(parts, dict) else parts
        by_task = dict(zip(tasks.positions, values, strict=True))
        return [by_task.get(t) for t in range(len(tasks.names))]
    if tasks.container_kind == "array":
        if isinstance(sample_weight, Mapping):
            raise TypeError(
                "sample_weight is a dict while X is one array, expected one weight per "
                "sample of X."
            )
        return [sample_weight]
    return items_per_task(sample_weight, len(tasks.names), tasks.names, "sample_weight")


def _weights(item: object, tasks: TaskInputs, t: int, n: int) -> NDArray[np.float64]:
    words = tasks.describe(t, "sample_weight")
    given = to_array(item, words)
    if given.shape != (n,):
        raise ValueError(
            f"{words} has shape {given.shape}, expected ({n},), one weight per sample."
        )
    values = known_values(given)
    if values.dtype.kind not in "biuf":
        raise TypeError(
            f"{words} holds values of dtype {values.dtype}, expected real numbers."
        )
    weights = values.astype(np.float64)
    wrong = ~np.isfinite(weights) | (weights < 0)
    if wrong.any():
        i = int(wrong.argmax())
        raise ValueError(
            f"{words} is {weights[i]} for sample {i}, expected finite numbers of at "
            "least 0."
        )
    return weights
