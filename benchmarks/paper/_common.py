"""What all experiments of the paper have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from sk_jae.datasets import load_cifar10, load_mnist, load_usps

N_QUICK = 100


@dataclass(frozen=True)
class Options:
    """What the command line decides, and the folder of pictures."""

    quick: bool = False
    device: str = "auto"
    folder: Path = Path()

    def size(self, n: int) -> int:
        """How many samples there are in place of n."""
        return min(n, N_QUICK) if self.quick else n

    def tested(self, tasks: dict[str, Any]) -> dict[str, Any]:
        """The test samples or labels of every task, in a trial a few of them."""
        return shortened(tasks, N_QUICK) if self.quick else tasks

    def estimator(self, make: Callable[..., Any], seed: int, **parameters: Any) -> Any:
        if self.quick:
            parameters["max_epochs"] = 1
        # As the paper trained, whatever the hardware would do faster.
        common = {"device": self.device, "precision": "float32"}
        return make(random_state=seed, **common, **parameters)


@dataclass(frozen=True)
class Run:
    """One line of a table, or a part of it, for one seed.

    `train` fits the estimator and returns it, and `measure` gives values by column. A
    run is known again by the other fields. `n_systems` is how many systems the
    estimator is, each of which has its part of the parameters and of the time.
    """

    row: str
    seed: int
    estimator: Any
    train: Callable[[Any], Any]
    measure: Callable[[Any], dict[str, float]]
    part: str = ""
    data: dict[str, Any] = field(default_factory=dict)
    n_systems: int = 1


@cache
def mnist(subset: str) -> Any:
    return load_mnist(subset=subset, return_X_y=True)


@cache
def usps(subset: str) -> Any:
    return load_usps(subset=subset, return_X_y=True)


@cache
def cifar10(subset: str) -> Any:
    return load_cifar10(subset=subset, return_X_y=True)


def fit_on(X: Any, y: Any = None) -> Callable[[Any], Any]:
    return lambda estimator: estimator.fit(X, y)


def shortened(tasks: dict[str, Any], n: int) -> dict[str, Any]:
    return {name: values[:n] for name, values in tasks.items()}


def squared_errors(estimator: Any, X: dict[str, Any]) -> dict[str, float]:
    """Sum of squared errors per image of each task, of values in [0, 1]."""
    errors = {}
    for name, images in X.items():
        total = 0.0
        for start in range(0, len(images), 1000):
            batch = images[start : start + 1000]
            rebuilt = estimator.reconstruct({name: batch})[name]
            total += float((((rebuilt - batch.astype(np.float32)) / 255) ** 2).sum())
        errors[name] = total / len(images)
    return errors


def accuracy(estimator: Any, task: str, X: Any, y: Any) -> float:
    """Percent of right predictions among samples of one task."""
    return 100 * float(np.mean(estimator.predict({task: X})[task] == y))


def accuracy_in(column: str, task: str, X: Any, y: Any) -> Callable[[Any], Any]:
    return lambda estimator: {column: accuracy(estimator, task, X, y)}
