"""Finds classes of an unlabeled task that information maximization has exchanged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn

from sk_jae.nn import JointModule

__all__ = ["TaskFeatures", "exchanged_classes", "features_of"]

# A class is compared with others from so many samples on.
_LEAST_ROWS = 3

# How much more probable, as a logarithm, the labels may make the classes that training
# has found than those that the features tell. Below it, they cannot tell them apart.
_UNDECIDED = 0.25

_MOST_SPREADS = 5.0


@dataclass(frozen=True)
class TaskFeatures:
    """Some samples of one task, standardized by their own mean and spread.

    Attributes
    ----------
    values : ndarray of shape (n_samples, n_features)
    classes : ndarray of int of shape (n_samples,)
        Labels or predictions, -1 for a sample without.
    weights : ndarray of shape (n_samples,)
    """

    values: NDArray[np.float64]
    classes: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def of(
        cls,
        values: NDArray[np.float64],
        classes: NDArray[np.int64],
        weights: NDArray[np.float64] | None,
    ) -> TaskFeatures:
        """Standardize the features of some samples of one task."""
        w = np.ones(len(values)) if weights is None else weights
        mean = np.average(values, axis=0, weights=w)
        spread = np.sqrt(np.average((values - mean) ** 2, axis=0, weights=w))
        z = np.divide(
            values - mean, spread, out=np.zeros_like(values), where=spread > 0
        )
        return cls(z.clip(-_MOST_SPREADS, _MOST_SPREADS), classes, w)


def features_of(module: JointModule, t: int, x: Tensor) -> Tensor | None:
    """What the first trained layer of the shared branch sees, (n, n_features).

    It is None where tasks need not have the same features: if that layer belongs to
    one task alone, or sees the steps of signals, which come at any time.
    """
    if any(True for _ in module.pre_tied[t].children()):
        return None
    is_signal = x.ndim == 3
    z = module.views[t](x)
    for layer in module.tied:
        if isinstance(layer, nn.Module) and any(True for _ in layer.parameters()):
            break
        z = layer(z)
    return None if is_signal and z.ndim > 2 else z.flatten(1)


def exchanged_classes(
    labeled: Sequence[TaskFeatures],
    unlabeled: TaskFeatures,
    before: NDArray[np.float32],
) -> NDArray[np.intp]:
    """Return for each predicted class the one that the samples should have.

    The samples that are predicted to be of one class are compared with the labeled
    samples of each class, by the means of their features. If the classes fit better in
    another order, those are exchanged between which the labels could not decide: the
    predictions before information maximization were as probable either way. It has
    then told the classes apart, but named them by chance.

    Parameters
    ----------
    labeled : sequence of TaskFeatures
        The samples of labeled tasks.
    unlabeled : TaskFeatures
        Samples of the unlabeled task, with predicted classes.
    before : ndarray of shape (n_samples, n_classes)
        The probabilities of the classes of these samples before.

    Returns
    -------
    classes : ndarray of int of shape (n_classes,)
        Each class itself, if none are exchanged.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.training.class_matching import TaskFeatures, exchanged_classes
    >>> values, y = np.repeat(np.diag([1.0, 2.0, 3.0]), 5, axis=0), np.arange(15) // 5
    >>> source = TaskFeatures.of(values, y, None)
    >>> target = TaskFeatures.of(values, np.array([1, 0, 2])[y], None)
    >>> exchanged_classes([source], target, np.full((15, 3), 1 / 3))
    array([1, 0, 2])
    >>> exchanged_classes([source], source, np.full((15, 3), 1 / 3))
    array([0, 1, 2])
    """
    n_classes = before.shape[1]
    found = np.arange(n_classes)
    means = _means(labeled, n_classes)
    of_predicted = _means([unlabeled], n_classes)
    both = np.array([k for k in means if k in of_predicted])
    if len(both) < 2:
        return found
    distances = [
        [np.sum((means[k] - of_predicted[p]) ** 2) for k in both] for p in both
    ]
    order = found.copy()
    order[both] = both[linear_sum_assignment(distances)[1]]
    log_p = np.log(before.astype(np.float64).clip(1e-4))
    for cycle in _cycles(order):
        lost = [
            np.average(
                (log_p[:, k] - log_p[:, order[k]])[unlabeled.classes == k],
                weights=unlabeled.weights[unlabeled.classes == k],
            )
            for k in cycle
        ]
        if np.mean(lost) < _UNDECIDED:
            found[cycle] = order[cycle]
    return found


def _means(
    tasks: Sequence[TaskFeatures], n_classes: int
) -> dict[int, NDArray[np.float64]]:
    """The mean features of each class of which there are enough samples."""
    values, classes, weights = (
        np.concatenate([getattr(task, name) for task in tasks])
        for name in ("values", "classes", "weights")
    )
    found = {}
    for k in range(n_classes):
        own = (classes == k) & (weights > 0)
        if own.sum() >= _LEAST_ROWS:
            found[k] = np.average(values[own], axis=0, weights=weights[own])
    return found


def _cycles(order: NDArray[np.intp]) -> Iterator[list[int]]:
    """The classes that change places among each other."""
    seen: set[int] = set()
    for start in range(len(order)):
        cycle = []
        k = start
        while k not in seen:
            seen.add(k)
            cycle.append(k)
            k = int(order[k])
        if len(cycle) > 1:
            yield cycle
