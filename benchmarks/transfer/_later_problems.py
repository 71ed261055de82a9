"""Real data of which a third task comes later: gas sensors, and phones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.datasets import get_data_home

Array = NDArray[Any]

# How many samples of the task that comes later have labels.
LABELS = {"none": 0, "15": 15, "all": None}


@dataclass(frozen=True)
class Later:
    """A labeled task, one without labels, and the halves of one that comes later."""

    X: Array
    y: Array
    X_second: Array
    X_later: Array
    y_later: Array
    X_test: Array
    y_test: Array

    def labels(self, n: int | None) -> Array | None:
        """Labels of the first samples, None for the others; None without any."""
        if n == 0:
            return None
        labels = self.y_later.astype(object)
        if n is not None:
            labels[n:] = None
        return labels

    def scaled(self, x: Array, task: Array) -> Array:
        """Samples in standard deviations of their task."""
        spread = task.std(0)
        return (x - task.mean(0)) / np.where(spread > 0, spread, 1)


@cache
def _load(name: str) -> dict[str, Array]:
    with np.load(get_data_home() / "real" / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def gas(batch: int) -> Callable[[int], Later]:
    """The first batch has labels, the second none, and another one comes later."""

    def split(seed: int) -> Later:
        data = _load("gas_drift")
        X = data["X"].astype(float)
        X = np.sign(X) * np.log1p(np.abs(X))
        groups = [np.flatnonzero(data["batch"] == b) for b in (1, 2, batch)]
        return _split(X, data["y"], groups, seed)

    return split


def activity(seed: int) -> Later:
    """Three groups of twelve subjects each."""
    data = _load("wisdm_har")
    group = (data["subject"] - 1) // 12
    groups = [np.flatnonzero(group == k) for k in range(3)]
    return _split(data["X"].astype(float), data["y"], groups, seed)


def _split(X: Array, y: Array, groups: list[Array], seed: int) -> Later:
    first, second, third = groups
    known, tested = np.array_split(np.random.default_rng(seed).permutation(third), 2)
    return Later(
        _filled(X[first], X[first]),
        y[first],
        _filled(X[second], X[second]),
        _filled(X[known], X[known]),
        y[known],
        _filled(X[tested], X[known]),
        y[tested],
    )


def _filled(x: Array, task: Array) -> Array:
    """Medians of the task in place of missing values."""
    return np.where(np.isnan(x), np.nanmedian(task, axis=0), x)


PROBLEMS: dict[str, Callable[[int], Later]] = {
    **{f"gas, batch {b}": gas(b) for b in (3, 5, 8)},
    "activity": activity,
}
