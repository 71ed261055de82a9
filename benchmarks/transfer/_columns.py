"""The columns of the transfer benchmark: the tasks, their labels and their tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy import ndimage
from sklearn.datasets import load_digits

from sk_jae.datasets import (
    keep_labels,
    load_mnist,
    load_mnist_usps,
    load_svhn,
    load_usps,
)

Arrays = dict[str, np.ndarray]


@dataclass(frozen=True)
class Column:
    """One source with all its labels, and targets with `n_labels` per class.

    `load` gives X, y, X_test and y_test for a seed; a quick run keeps `n_quick` samples
    per task.
    """

    source: str
    targets: tuple[str, ...]
    load: Callable[[int], tuple[Arrays, Arrays, Arrays, Arrays]]
    note: str
    n_labels: int = 0
    n_quick: int = 300

    def data(self, seed: int, *, quick: bool = False) -> tuple:
        """X, y with the labels that training may see, all labels, X_test, y_test."""
        X, y, X_test, y_test = self.load(seed)
        if quick:
            X, y, X_test, y_test = (
                {name: a[: self.n_quick] for name, a in part.items()}
                for part in (X, y, X_test, y_test)
            )
        known = {self.source: y[self.source]}
        if self.n_labels:
            for name in self.targets:
                known[name] = keep_labels(y[name], self.n_labels, random_state=seed)
        return X, known, y, X_test, y_test


@lru_cache(maxsize=1)
def _small(seed: int) -> tuple:
    train = load_mnist_usps(random_state=seed, return_X_y=True)
    return *train, *load_mnist_usps(subset="test", return_X_y=True)


def _full(seed: int) -> tuple:
    train = load_mnist_usps(n_mnist=60_000, n_usps=7291, return_X_y=True)
    return *train, *load_mnist_usps(subset="test", return_X_y=True)


def _svhn(*targets: str) -> Callable[[int], tuple]:
    loaders = {"svhn": load_svhn, "mnist": load_mnist, "usps": load_usps}

    def load(seed: int) -> tuple:
        rng = np.random.default_rng(seed)
        parts: tuple[Arrays, Arrays, Arrays, Arrays] = {}, {}, {}, {}
        for name in ("svhn", *targets):
            X, y = loaders[name](return_X_y=True)
            chosen = rng.permutation(len(y))[:10_000]
            parts[0][name], parts[1][name] = X[chosen], y[chosen]
            parts[2][name], parts[3][name] = loaders[name](
                subset="test", return_X_y=True
            )
        return parts

    return load


def _dense(*targets: str) -> Callable[[int], tuple]:
    """scikit-learn's digits, dealt to tasks that each see them in their own way."""

    def load(seed: int) -> tuple:
        images, digits = load_digits(return_X_y=True)
        images = images / 16
        rng = np.random.default_rng(seed)
        rotation = np.linalg.qr(rng.normal(size=(64, 64)))[0]
        ways = {
            "plain": lambda x: x,
            "noisy": lambda x: x + rng.normal(scale=0.2, size=x.shape),
            "blurred": lambda x: ndimage.gaussian_filter(
                x.reshape(-1, 8, 8), (0, 0.7, 0.7)
            ).reshape(len(x), 64),
            "faint": lambda x: 0.3 + 0.4 * x**2,
            "rotated": lambda x: (x - 0.3) @ rotation,
            "half": lambda x: x[:, ::2],
        }
        names = ("plain", *targets)
        order = rng.permutation(len(digits))
        parts: tuple[Arrays, Arrays, Arrays, Arrays] = {}, {}, {}, {}
        for i, name in enumerate(names):
            own = order[i :: len(names)]
            n_train = 2 * len(own) // 3
            for X, y, rows in (
                (*parts[:2], own[:n_train]),
                (*parts[2:], own[n_train:]),
            ):
                X[name] = ways[name](images[rows]).astype(np.float32)
                y[name] = digits[rows]
        return parts

    return load


@lru_cache(maxsize=1)
def _development(seed: int) -> tuple:
    """MNIST digits as they are, and others of its training set in another hand."""
    X, y = load_mnist(return_X_y=True)
    rng = np.random.default_rng(1000 + seed)
    a, b, c, d, _ = np.split(rng.permutation(len(y)), [2000, 3800, 6300, 8800])
    train = {"plain": X[a], "small": _redrawn(X[b], rng)}
    test = {"plain": X[c], "small": _redrawn(X[d], rng)}
    y_train, y_test = {"plain": y[a], "small": y[b]}, {"plain": y[c], "small": y[d]}
    return train, y_train, test, y_test


def _redrawn(X: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Digits slanted, some of them bolder, cropped to 16 x 16 and smoothed."""
    small = np.zeros((len(X), 16, 16), np.uint8)
    for i, x in enumerate(X):
        x = np.pad(_cropped(x.astype(float)), ((0, 0), (5, 5)))
        slant = rng.normal(0.15, 0.1)
        x = ndimage.affine_transform(
            x, [[1, 0], [slant, 1]], offset=[0, -slant * len(x) / 2], order=1
        )
        if rng.random() < 0.6:
            x = ndimage.grey_dilation(x, (2, 2))
        x = _cropped(x)
        width = min(16, max(4, round(16 * 1.15 * x.shape[1] / x.shape[0])))
        x = ndimage.zoom(x, (16 / x.shape[0], width / x.shape[1]), order=1)[:16, :16]
        left = (16 - x.shape[1]) // 2
        x = np.clip(1.1 * ndimage.gaussian_filter(x, 0.75), 0, 255)
        small[i, : x.shape[0], left : left + x.shape[1]] = x
    return small


def _cropped(x: np.ndarray) -> np.ndarray:
    rows, columns = np.nonzero(x > 60)
    return x[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


_MU = Column("mnist", ("usps",), _small, "2,000 / 1,800 training samples")
_UM = replace(_MU, source="usps", targets=("mnist",))
_SVHN = (
    "9,082-digit subset of SVHN, no house in both training and test; 10,000 MNIST and "
    "7,291 USPS training images"
)

_PS = Column(
    "plain",
    ("small",),
    _development,
    "MNIST against other MNIST digits redrawn at 16 x 16, where settings were chosen",
)

COLUMNS: dict[str, Column] = {
    "mnist-usps": _MU,
    "usps-mnist": _UM,
    **{
        f"{name}-{n}": replace(column, n_labels=n)
        for name, column in (("mnist-usps", _MU), ("usps-mnist", _UM))
        for n in (1, 3, 5, 7, 10, 50)
    },
    "mnist-usps-full": replace(_MU, load=_full, note="60,000 / 7,291 training samples"),
    "usps-mnist-full": replace(_UM, load=_full, note="60,000 / 7,291 training samples"),
    "svhn-mnist": Column("svhn", ("mnist",), _svhn("mnist"), _SVHN),
    "svhn-usps": Column("svhn", ("usps",), _svhn("usps"), _SVHN),
    "svhn-mnist-usps": Column("svhn", ("mnist", "usps"), _svhn("mnist", "usps"), _SVHN),
    "plain-small": _PS,
    "small-plain": replace(_PS, source="small", targets=("plain",)),
    "dense": Column(
        "plain",
        ("noisy", "blurred", "faint"),
        _dense("noisy", "blurred", "faint"),
        "scikit-learn's digits as vectors, about 300 per task",
    ),
    "dense-5": Column(
        "plain",
        ("rotated", "half", "noisy", "faint"),
        _dense("rotated", "half", "noisy", "faint"),
        "scikit-learn's digits as vectors of 64 and 32 features, about 240 per task",
        n_labels=5,
    ),
}
