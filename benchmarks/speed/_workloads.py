"""What the speed benchmark trains: an estimator and samples, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae import JointAutoencoder, JointTransferClassifier, paper
from sk_jae.datasets import load_cifar10, load_mnist, load_svhn, load_usps


@dataclass(frozen=True, eq=False)  # arrays cannot be compared: each equals itself
class Workload:
    """An estimator with its samples, float32 images or vectors in [0, 1].

    `n_epochs` is how many epochs a measured fit has.
    """

    estimator: Any
    X: list[NDArray[Any]]
    y: list[NDArray[Any] | None] | None = None
    n_epochs: int = 1


# Gives images of a data set, channels first as the modules take them, and labels: the
# name of the set, how many, and the first of them.
Images: TypeAlias = Callable[..., tuple[NDArray[Any], NDArray[Any]]]

_LOADERS = {
    "mnist": load_mnist,
    "usps": load_usps,
    "cifar10": load_cifar10,
    "svhn": load_svhn,
}
_SHAPES = {
    "mnist": (1, 28, 28),
    "usps": (1, 16, 16),
    "cifar10": (3, 32, 32),
    "svhn": (3, 32, 32),
}
_N_QUICK = 256


def real_images(name: str, n: int, first: int = 0) -> tuple[Any, Any]:
    """Images from the folder of the data."""
    X, y = _LOADERS[name](return_X_y=True)
    X = X[first : first + n].astype(np.float32) / 255
    X = X[:, None] if X.ndim == 3 else np.ascontiguousarray(X.transpose(0, 3, 1, 2))
    return X, y[first : first + n] % 10


def random_images(name: str, n: int, first: int = 0) -> tuple[Any, Any]:
    """Fewer images of the same shape, of noise, for a trial without data."""
    return noise_images(name, min(n, _N_QUICK), first)


def noise_images(name: str, n: int, first: int = 0) -> tuple[Any, Any]:
    """As many images of the same shape, of noise."""
    rng = np.random.default_rng(first)
    X = rng.random((n, *_SHAPES[name]), dtype=np.float32)
    return X, np.arange(n) % 10


def _flat(X: NDArray[Any]) -> NDArray[Any]:
    return X.reshape(len(X), -1)


def _dense(images: Images, batch_size: int) -> Workload:
    estimator = JointAutoencoder(encoder=(256,), batch_size=batch_size)
    X = [_flat(images(name, 2048)[0]) for name in ("mnist", "usps")]
    return Workload(estimator, X)


def _eight_tasks(images: Images) -> Workload:
    estimator = JointAutoencoder(encoder=(128,))
    digits = _flat(images("mnist", 16_000)[0])
    return Workload(estimator, np.split(digits, 8))


def _figure2(images: Images) -> Workload:
    X = [images("mnist", 2048, first)[0] for first in (0, 2048)]
    return Workload(paper.figure(2), X)


def _figure4(images: Images) -> Workload:
    X = [images("cifar10", 1024, first)[0] for first in (0, 1024)]
    return Workload(paper.figure(4), X)


def _figure7(images: Images) -> Workload:
    (mnist, y), (usps, _) = images("mnist", 2000), images("usps", 1800)
    return Workload(paper.figure(7), [mnist, usps], [y, None])


def _figure8(images: Images) -> Workload:
    (svhn, y), (mnist, _) = images("svhn", 1024), images("mnist", 1024)
    return Workload(paper.figure(8), [svhn, mnist], [y, None])


def _adaptation(images: Images) -> Workload:
    """One branch with a classifier, for two tasks of one shape, one of them unlabeled.

    The terms that the shared branch trains on are those of the classes and of the
    unlabeled predictions, as in the methods for deep domain adaptation. The latter
    begin after 30 % of the epochs, so that there have to be several.
    """
    (mnist, y), (usps, _) = images("mnist", 2000), images("usps", 1800)
    padded = np.pad(usps, ((0, 0), (0, 0), (6, 6), (6, 6)))
    model = JointTransferClassifier(
        encoder="Conv 8x(5x5), MP 2x2, Conv 16x(5x5), MP 2x2, FC 128",
        n_private=0,
        reconstruction_weight=0.0,
        consistency_weight=0.0,
        augmentation=None,
    )
    return Workload(model, [mnist, padded], [y, None], n_epochs=10)


WORKLOADS: dict[str, Callable[[Images], Workload]] = {
    "dense, batch 64": lambda images: _dense(images, 64),
    "dense, batch 256": lambda images: _dense(images, 256),
    "8 tasks of 2,000": _eight_tasks,
    "Figure 2": _figure2,
    "Figure 4": _figure4,
    "Figure 7": _figure7,
    "Figure 8": _figure8,
    "adaptation": _adaptation,
}
