"""Splits of patients with several kinds of measurements, of TCGA breast cancer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.datasets import get_data_home

Array = NDArray[Any]

FRACTIONS = {"all": 1.0, "half": 0.5, "10 %": 0.1}


@dataclass(frozen=True)
class Subtypes:
    """A labeled and an unlabeled task of the same patients, some of them told as such.

    Attributes
    ----------
    X, y : ndarray of shape (n_samples, n_features) and (n_samples,)
        mRNA with the subtypes.
    X_unlabeled : ndarray of shape (n_samples, n_features_of_the_other)
        miRNA of the same patients in the same order.
    paired : ndarray of int of shape (n_pairs,)
        The rows that are told to be the same patients.
    X_test, y_test : ndarray
        miRNA of other patients, and their subtypes.
    """

    X: Array
    y: Array
    X_unlabeled: Array
    paired: Array
    X_test: Array
    y_test: Array

    @property
    def ids(self) -> list[list[int | None]]:
        """The ids of the rows of each task, None for a row that is not paired."""
        known = {*self.paired.tolist()}
        rows = range(len(self.X))
        return [[row if row in known else None for row in rows]] * 2


@dataclass(frozen=True)
class Translation:
    """Samples of two tasks that belong together row by row, and others to translate."""

    X: Array
    Y: Array
    X_test: Array
    Y_test: Array


@cache
def _load() -> dict[str, Array]:
    with np.load(get_data_home() / "real" / "tcga_breast.npz") as file:
        return {key: file[key] for key in file.files}


def subtypes(fraction: float) -> Callable[[int], Subtypes]:
    """The patients of the file's own split, and pairs that the seed draws."""

    def split(seed: int) -> Subtypes:
        data = _load()
        n = len(data["mrna_train"])
        order = np.random.default_rng(seed).permutation(n)
        return Subtypes(
            data["mrna_train"],
            data["subtype_train"],
            data["mirna_train"],
            np.sort(order[: round(fraction * n)]),
            data["mirna_test"],
            data["subtype_test"],
        )

    return split


def proteins(seed: int) -> Translation:
    """mRNA and protein of 100 patients, and another 50 whose proteins are asked for."""
    data = _load()
    order = np.random.default_rng(seed).permutation(len(data["mrna_train"]))
    known, tested = order[:100], order[100:]
    X, Y = data["mrna_train"], data["protein_train"]
    return Translation(X[known], Y[known], X[tested], Y[tested])


SUBTYPES = {f"subtypes, {name}": subtypes(part) for name, part in FRACTIONS.items()}
