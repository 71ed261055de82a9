"""What the speed benchmark trains: an estimator and samples, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae import JointAutoencoder, JointTransferClassifier, paper
from sk_jae.datasets import load_cifar10, load_mnist, load_svhn, load_usps


@dataclass(frozen=True)
class Workload:
    """An estimator with its samples, float32 images or vectors in [0, 1]."""

    estimator: Any
    X: list[NDArray[Any]]
    y: list[NDArray[Any] | None] | None = None


def _images(loader: Callable[..., Any], n: int, first: int = 0) -> tuple[Any, Any]:
    X, y = loader(return_X_y=True)
    X = X[first : first + n].astype(np.float32) / 255
    # Channels first, as the modules take them.
    X = X[:, None] if X.ndim == 3 else np.ascontiguousarray(X.transpose(0, 3, 1, 2))
    return X, y[first : first + n]


def _flat(X: NDArray[Any]) -> NDArray[Any]:
    return X.reshape(len(X), -1)


def _dense(batch_size: int) -> Workload:
    estimator = JointAutoencoder(encoder=(256,), batch_size=batch_size)
    X = [_flat(_images(load, 2048)[0]) for load in (load_mnist, load_usps)]
    return Workload(estimator, X)


def _eight_tasks() -> Workload:
    estimator = JointAutoencoder(encoder=(128,))
    digits = _flat(_images(load_mnist, 16_000)[0])
    return Workload(estimator, np.split(digits, 8))


def _figure2() -> Workload:
    X = [_images(load_mnist, 2048, first)[0] for first in (0, 2048)]
    return Workload(paper.figure(2), X)


def _figure4() -> Workload:
    X = [_images(load_cifar10, 1024, first)[0] for first in (0, 1024)]
    return Workload(paper.figure(4), X)


def _figure7() -> Workload:
    (mnist, y), (usps, _) = _images(load_mnist, 2000), _images(load_usps, 1800)
    return Workload(paper.figure(7), [mnist, usps], [y, None])


def _figure8() -> Workload:
    (svhn, y), (mnist, _) = _images(load_svhn, 1024), _images(load_mnist, 1024)
    return Workload(paper.figure(8), [svhn, mnist], [y % 10, None])


def _adaptation() -> Workload:
    """One branch with a classifier, for two tasks of one shape, one of them unlabeled.

    The terms that the shared branch trains on are those of the classes and of the
    unlabeled predictions, as in the methods for deep domain adaptation.
    """
    (mnist, y), (usps, _) = _images(load_mnist, 2000), _images(load_usps, 1800)
    padded = np.pad(usps, ((0, 0), (0, 0), (6, 6), (6, 6)))
    model = JointTransferClassifier(
        encoder="Conv 8x(5x5), MP 2x2, Conv 16x(5x5), MP 2x2, FC 128",
        n_private=0,
        reconstruction_weight=0.0,
        consistency_weight=0.0,
        augmentation=None,
    )
    return Workload(model, [mnist, padded], [y, None])


WORKLOADS: dict[str, Callable[[], Workload]] = {
    "dense, batch 64": lambda: _dense(64),
    "dense, batch 256": lambda: _dense(256),
    "Figure 2": _figure2,
    "Figure 4": _figure4,
    "Figure 7": _figure7,
    "Figure 8": _figure8,
    "8 tasks of 2,000": _eight_tasks,
    "adaptation": _adaptation,
}
