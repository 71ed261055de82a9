"""One fit of each kind, by name: what has to be equal on every device.

A new kind of estimator, of input or of layer gets a function here and a line in `FITS`;
step 3 then compares it on CPU and GPU, repeats it, copies it and sends it to a process
without a GPU. Fits are small, of seconds on a CPU, and random only by `random_state`.
They are short, of a few dozen steps, since training carries every rounding on: where
max-pooling once chooses another pixel, outputs go apart by hundredths.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae import JointAutoencoder, JointTransferClassifier, paper
from sk_jae.datasets import load_digits_pair


@dataclass(frozen=True)
class NamedFit:
    """An estimator, not fitted, and what it is fitted on.

    Attributes
    ----------
    estimator : estimator
        Its `device`, `precision` and `random_state` are set by the step.
    X, y : object
        The arguments of `fit`.
    same_everywhere : bool, default=True
        False if it draws random numbers on the device, as augmentation does: these
        are others on another device.
    outputs_apart : float, default=1e-2
        How far outputs of two devices may be apart: ‖a - b‖ / ‖b‖ of any task and
        method. Max-pooling needs more, as does batch normalization: the gradient of a
        bias ahead of it is nothing but rounding, of which Adam makes steps of its full
        size.
    """

    estimator: Any
    X: Any
    y: Any = None
    same_everywhere: bool = True
    outputs_apart: float = 1e-2


def digits(
    flat: bool, n: int | None = None
) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
    """The first embedded digits, or all, as two tasks of 8x8 and of 16x16 pixels."""
    X, y = load_digits_pair(return_X_y=True)
    images = [x[:n].astype(np.float32) / 255 for x in X.values()]
    if flat:
        images = [x.reshape(len(x), -1) for x in images]
    return images, [labels[:n] for labels in y.values()]


def grainy(images: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """The same with some noise.

    Of the equal values of a plain background, max-pooling takes any, and each device
    another one.
    """
    rng = np.random.default_rng(0)
    return [0.8 * x + 0.2 * rng.random(x.shape, dtype=np.float32) for x in images]


def dense() -> NamedFit:
    X, _ = digits(flat=True)
    return NamedFit(JointAutoencoder(encoder=(64,), max_epochs=5), X)


def images() -> NamedFit:
    X, y = digits(flat=False, n=256)
    clf = JointTransferClassifier(max_epochs=3, augmentation=None)
    return NamedFit(clf, grainy(X), [y[0], None], outputs_apart=5e-2)


def augmented_images() -> NamedFit:
    X, y = digits(flat=False, n=256)
    clf = JointTransferClassifier(max_epochs=3)
    return NamedFit(clf, X, [y[0], None], same_everywhere=False)


def color_images() -> NamedFit:
    """With upsampling in the decoder, and images that have their channels last."""
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 256, (192, 32, 32, 3), dtype=np.uint8) for _ in range(2)]
    return NamedFit(paper.figure(4, max_epochs=2, batch_size=32), X)


def paper_classifier() -> NamedFit:
    """Figure 7: max-pooling of windows that overlap, and two kinds of classifiers."""
    X, y = digits(flat=False, n=256)
    X = [np.pad(x, ((0, 0), (4, 4), (4, 4))) for x in X]
    clf = paper.figure(7, max_epochs=2)
    return NamedFit(clf, grainy(X), [y[0], None], outputs_apart=5e-2)


def three_tasks() -> NamedFit:
    X, y = digits(flat=True)
    X, y = {"optical": X[0], "pen": X[1], "half": X[1][::2, ::2]}, {"optical": y[0]}
    return NamedFit(JointTransferClassifier(max_epochs=5), X, y)


def partly_labeled() -> NamedFit:
    X, y = digits(flat=True)
    few = np.where(np.arange(len(y[1])) < 60, y[1], -1)
    return NamedFit(JointTransferClassifier(max_epochs=5), X, [y[0], few])


def common_branch() -> NamedFit:
    X, y = digits(flat=True)
    clf = JointTransferClassifier(strategy="common-branch", max_epochs=3)
    return NamedFit(clf, X, y)


def early_stopping() -> NamedFit:
    X, y = digits(flat=True)
    clf = JointTransferClassifier(early_stopping=True, max_epochs=6)
    return NamedFit(clf, X, [y[0], None])


FITS: dict[str, Callable[[], NamedFit]] = {
    "dense": dense,
    "images": images,
    "images, augmented": augmented_images,
    "color images": color_images,
    "Figure 7": paper_classifier,
    "three tasks": three_tasks,
    "partly labeled": partly_labeled,
    "common branch": common_branch,
    "early stopping": early_stopping,
}
