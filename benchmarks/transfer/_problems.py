"""The problems of the transfer benchmark of tables: a source and a target each.

Except for the set that scikit-learn ships, which is for trials, their files are in the
folder real/ of the data folder, and none of them is part of the package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

from sk_jae.datasets import get_data_home

Labeled = tuple[np.ndarray, np.ndarray]


# All samples; only some of both tasks; few of some classes of the target.
VARIANTS = ("all", "small", "shifted")


@dataclass(frozen=True)
class Split:
    """A source with labels, and the halves of a target: to adapt to and to test on."""

    X: np.ndarray
    y: np.ndarray
    X_adapt: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class Problem:
    """A source and a target, drawn anew for every seed where anything is drawn."""

    set: str
    source: str
    target: str
    load: Callable[[np.random.Generator], tuple[Labeled, Labeled]]

    @property
    def name(self) -> str:
        return f"{self.set}: {self.source} -> {self.target}"

    def split(self, seed: int, variant: str = "all") -> Split:
        """Halves of the target, in one of the `VARIANTS`."""
        rng = np.random.default_rng(seed)
        (X, y), (X_target, y_target) = self.load(rng)
        if variant == "shifted":
            X_target, y_target = _thinned_out(X_target, y_target, seed)
        order = rng.permutation(len(X_target))
        adapt, test = np.array_split(order, 2)
        if variant == "small":
            X, y = _some_rows(X, y, seed)
            adapt = adapt[:60]
        classes, y = np.unique(y, return_inverse=True)
        X_adapt, X_test = X_target[adapt], X_target[test]
        return Split(
            _filled(X, like=X),
            y,
            _filled(X_adapt, like=X_adapt),
            _filled(X_test, like=X_adapt),
            np.searchsorted(classes, y_target[test]),
        )


def _some_rows(X: np.ndarray, y: np.ndarray, seed: int) -> Labeled:
    """A hundred rows, with all classes in their shares."""
    if len(y) <= 100:
        return X, y
    X, _, y, _ = train_test_split(X, y, train_size=100, stratify=y, random_state=seed)
    return X, y


def _thinned_out(X: np.ndarray, y: np.ndarray, seed: int) -> Labeled:
    """All samples of two classes in five, and 15 % of those of the others."""
    rng = np.random.default_rng([seed, 1])
    classes = np.unique(y)
    whole = rng.permutation(classes)[: max(1, round(0.4 * len(classes)))]
    kept = np.isin(y, whole) | (rng.random(len(y)) < 0.15)
    return X[kept], y[kept]


def _filled(X: np.ndarray, like: np.ndarray) -> np.ndarray:
    """Medians of a task, of the rows that training sees, in place of missing values."""
    if not np.isnan(X).any():
        return X
    return np.where(np.isnan(X), np.nanmedian(like, axis=0), X)


@lru_cache(maxsize=4)
def _arrays(name: str) -> dict[str, np.ndarray]:
    with np.load(get_data_home() / "real" / f"{name}.npz") as arrays:
        return dict(arrays)


def _gas(target: int) -> Callable[..., tuple[Labeled, Labeled]]:
    def load(rng: np.random.Generator) -> tuple[Labeled, Labeled]:
        gas = _arrays("gas_drift")
        X = np.sign(gas["X"]) * np.log1p(np.abs(gas["X"]))
        first, later = gas["batch"] == 1, gas["batch"] == target
        return (X[first], gas["y"][first]), (X[later], gas["y"][later])

    return load


def _activity(*, back: bool) -> Callable[..., tuple[Labeled, Labeled]]:
    def load(rng: np.random.Generator) -> tuple[Labeled, Labeled]:
        phones = _arrays("wisdm_har")
        source = (phones["subject"] <= 18) != back
        X, y = phones["X"], phones["y"]
        return (X[source], y[source]), (X[~source], y[~source])

    return load


def _reviews(source: str, target: str) -> Callable[..., tuple[Labeled, Labeled]]:
    def load(rng: np.random.Generator) -> tuple[Labeled, Labeled]:
        words = _arrays("amazon_reviews400")
        one, other = (
            (words[f"X_{name}"], words[f"y_{name}"]) for name in (source, target)
        )
        return one, other

    return load


def _bearing(source: int) -> Callable[..., tuple[Labeled, Labeled]]:
    def load(rng: np.random.Generator) -> tuple[Labeled, Labeled]:
        bearing = _arrays("cwru_bearing")
        magnitudes = np.abs(np.fft.rfft(bearing["X"].astype(np.float32)))[..., 1:]
        X = np.log(magnitudes + 1e-6).astype(np.float32)
        # A moment that both sensors recorded is in one of the tasks only.
        one, other = np.array_split(rng.permutation(len(X)), 2)
        y = bearing["y"]
        return (X[one, source], y[one]), (X[other, 1 - source], y[other])

    return load


def _cancer(rng: np.random.Generator) -> tuple[Labeled, Labeled]:
    """Samples of even texture, and of uneven texture in other units."""
    X, y = load_breast_cancer(return_X_y=True)
    texture = X[:, 1].argsort(kind="stable").argsort(kind="stable") / len(X)
    source = rng.random(len(X)) < 0.8 - 0.6 * texture
    units = np.exp(rng.normal(size=X.shape[1]))
    return (X[source], y[source]), (units * X[~source], y[~source])


def _problems() -> Iterator[Problem]:
    for batch in (2, 3, 4, 5, 6, 8, 9):
        yield Problem("gas", "batch 1", f"batch {batch}", _gas(batch))
    groups = ("subjects 1-18", "subjects 19-36")
    yield Problem("activity", *groups, _activity(back=False))
    yield Problem("activity", *groups[::-1], _activity(back=True))
    kinds = ("books", "dvd", "electronics", "kitchen")
    for pair in zip(kinds, (*kinds[1:], kinds[0]), strict=True):
        yield Problem("reviews", *pair, _reviews(*pair))
    sensors = ("drive end", "fan end")
    yield Problem("bearing", *sensors, _bearing(0))
    yield Problem("bearing", *sensors[::-1], _bearing(1))
    yield Problem("cancer", "even texture", "uneven texture", _cancer)


PROBLEMS = {problem.name: problem for problem in _problems()}
# Needs no file, and is too small to be shown.
TRIAL = "cancer: even texture -> uneven texture"
