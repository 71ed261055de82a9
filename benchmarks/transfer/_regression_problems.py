"""Splits of real data whose targets are numbers: spectra of corn, and gas sensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_diabetes

from sk_jae.datasets import get_data_home

Array = NDArray[Any]

PROPERTIES = ("moisture", "oil", "protein", "starch")
BATCHES = (2, 4, 6)
_MOST_ROWS = 300


@dataclass(frozen=True)
class Split:
    """A source with targets, and another task that is read.

    Attributes
    ----------
    X, y : ndarray of shape (n_samples, n_features) and (n_samples,)
        The source.
    X_target, y_target : ndarray or None
        What is there of the other task for training, with NaN where a target is
        unknown. None if the source itself is read.
    X_test, y_test : ndarray
        The samples that are read.
    paired : bool
        Whether the first rows of both tasks are the same samples.
    axes : tuple of (ndarray, ndarray) or None
        The wavelengths of both tasks, if they are others.
    has_one_unit : bool
        Whether the columns of both tasks are known to have the same units.
    """

    X: Array
    y: Array
    X_target: Array | None
    y_target: Array | None
    X_test: Array
    y_test: Array
    paired: bool = False
    axes: tuple[Array, Array] | None = None
    has_one_unit: bool = False


@cache
def _load(name: str) -> dict[str, Array]:
    with np.load(get_data_home() / "real" / f"{name}.npz") as file:
        return {key: file[key] for key in file.files}


def corn(
    target: str, name: str = "moisture", *, labels: int = 0, pairs: int = 0
) -> Callable[[int], Split]:
    """Near-infrared spectra: 40 calibration samples, the other 40 are tested.

    With `labels`, so many calibration samples have a target on the other instrument
    too. With `pairs`, the other instrument has so many calibration samples, and nothing
    else.
    """

    def split(seed: int) -> Split:
        data = _load("corn_nir")
        order = np.random.default_rng(seed).permutation(80)
        known, tested = order[:40], order[40:]
        y = data["y"][:, PROPERTIES.index(name)].astype(float)
        source, other = (data[key].astype(float) for key in ("m5", target))
        X_target = y_target = None
        if target != "m5":
            rows = known[: pairs or 40]
            y_target = np.where(np.arange(len(rows)) < labels, y[rows], np.nan)
            X_target = other[rows]
        return Split(
            source[known],
            y[known],
            X_target,
            y_target,
            other[tested],
            y[tested],
            paired=pairs > 0,
        )

    return split


def other_sampling(target: str, *, pairs: int = 0) -> Callable[[int], Split]:
    """Spectra of m5 at every second wavelength, those of the other at every third."""
    whole = corn(target, pairs=pairs)

    def split(seed: int) -> Split:
        found, wavelengths = whole(seed), _load("corn_nir")["wavelengths"].astype(float)
        own, other = slice(0, None, 2), slice(1, None, 3)
        assert found.X_target is not None
        return replace(
            found,
            X=found.X[:, own],
            X_target=found.X_target[:, other],
            X_test=found.X_test[:, other],
            axes=(wavelengths[own], wavelengths[other]),
        )

    return split


def gas(batch: int, *, labels: int = 15) -> Callable[[int], Split]:
    """Gas sensors: log10 ppm of the first batch, and few labels of a later one."""

    def split(seed: int) -> Split:
        data = _load("gas_drift")
        X = data["X"].astype(float)
        X = np.sign(X) * np.log1p(np.abs(X))
        y = np.log10(data["concentration"].astype(float))
        rng = np.random.default_rng(seed)
        rows = rng.permutation(np.flatnonzero(data["batch"] == batch))
        known, tested = np.array_split(rows, 2)
        known, source = known[:_MOST_ROWS], data["batch"] == 1
        y_target = np.where(np.arange(len(known)) < labels, y[known], np.nan)
        return Split(X[source], y[source], X[known], y_target, X[tested], y[tested])

    return split


def patients(column: int) -> Callable[[int], Split]:
    """Diabetes: patients above the median of a column, and those below without label.

    One half of the others is adapted to, and the other half is tested.
    """

    def split(seed: int) -> Split:
        X, y = load_diabetes(return_X_y=True, scaled=False)
        order = np.random.default_rng(seed).permutation(len(y))
        X, y = X[order], y[order]
        above = X[:, column] > np.median(X[:, column])
        known, tested = np.array_split(np.flatnonzero(~above), 2)
        return Split(
            X[above],
            y[above],
            X[known],
            np.full(len(known), np.nan),
            X[tested],
            y[tested],
            has_one_unit=True,
        )

    return split


# Columns of diabetes by their names. The first ones were looked at when the rule was
# found that tells a choice of samples from another instrument.
LOOKED_AT = {"age": 0, "bmi": 2, "bp": 3, "s5": 8, "s6": 9}
FRESH = {"s1": 4, "s2": 5, "s3": 6, "s4": 7}

PROBLEMS: dict[str, Callable[[int], Split]] = {
    "corn, m5 on itself": corn("m5"),
    **{f"corn, none, {t}": corn(t) for t in ("mp5", "mp6")},
    **{
        f"corn, {n} labels, {t}": corn(t, labels=n)
        for n in (5, 15)
        for t in ("mp5", "mp6")
    },
    **{
        f"corn, {n} pairs, {t}": corn(t, pairs=n)
        for n in (5, 15)
        for t in ("mp5", "mp6")
    },
    **{
        f"corn {name}, 15 pairs, {t}": corn(t, name, pairs=15)
        for name in ("protein", "starch")
        for t in ("mp5", "mp6")
    },
    **{f"gas, 15 labels, batch {b}": gas(b) for b in BATCHES},
    **{f"gas, none, batch {b}": gas(b, labels=0) for b in BATCHES},
    **{f"other sampling, none, {t}": other_sampling(t) for t in ("mp5", "mp6")},
    **{
        f"other sampling, 10 pairs, {t}": other_sampling(t, pairs=10)
        for t in ("mp5", "mp6")
    },
    **{f"patients by {name}": patients(k) for name, k in LOOKED_AT.items()},
    **{f"patients by fresh {name}": patients(k) for name, k in FRESH.items()},
}
