"""One small estimator and one maker of tasks, for all tests."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch

from sk_jae import JointTransferClassifier

SMALL = {
    "n_shared": 3,
    "n_private": 2,
    "encoder": (8,),
    "max_epochs": 2,
    "batch_size": 16,
    "lr": 0.01,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


def small(base=SMALL, **changes):
    """Parameters with which small tasks are learned in a moment."""
    return {**base, **changes}


CONV = small(encoder="Conv 4x(3x3), BN, MP 2x2, FC 8")

# The paper's losses alone, for the classifier.
PAPER = small(
    infomax_weight=0.0,
    consistency_weight=0.0,
    augmentation=None,
    lr_schedule="constant",
)


def make_tasks(n_samples=(40, 20), shapes=((6,), (4,)), seed=0):
    """A list of samples and one of labels, of three classes that can be learned."""
    rng = np.random.default_rng(seed)
    X = [
        rng.normal(size=(n, *shape)) for n, shape in zip(n_samples, shapes, strict=True)
    ]
    return X, [(x.reshape(len(x), -1)[:, :2] > 0).sum(axis=1) for x in X]


def half_labeled():
    """Two tasks of the same features, of which the second has no labels."""
    X, (y, _) = make_tasks(shapes=((6,), (6,)))
    return X, [y, None]


def vectors(n_samples=(24, 15), n_features=(6, 4)):
    X, _ = make_tasks(n_samples, [(size,) for size in n_features[: len(n_samples)]])
    return dict(zip("abc", X, strict=False))


def images():
    """Images of `uint8`, gray and with channels first and last."""
    rng = np.random.default_rng(0)
    shapes = {"gray": (20, 8, 8), "first": (12, 3, 10, 9), "last": (9, 9, 8, 3)}
    return {
        name: rng.integers(256, size=shape, dtype=np.uint8)
        for name, shape in shapes.items()
    }


def labels(X):
    """Three classes for each task."""
    return {name: np.arange(len(x)) % 3 for name, x in X.items()}


def labeled_vectors():
    """Two tasks of equally many samples, with labels."""
    X = vectors((24, 24))
    return X, labels(X)


@cache
def fitted_classifier(kind, codes="both"):
    """A classifier fitted on a dict of tasks, and their samples. Not to be changed."""
    X = vectors() if kind == "dense" else images()
    parameters = SMALL if kind == "dense" else CONV
    clf = JointTransferClassifier(**parameters, codes=codes)
    return clf.fit(X, labels(X)), X


def equal_weights(one, other):
    one, other = one.module_.state_dict(), other.module_.state_dict()
    return one.keys() == other.keys() and all(
        torch.equal(one[key], other[key]) for key in one
    )
