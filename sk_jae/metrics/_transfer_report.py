"""What can be seen, without labels, of how far the classes of a task can be trusted."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from sk_jae._sklearn_types import FittedClassifier
from sk_jae.metrics._statistics import entropy, evenly_spaced, numpy_defaults
from sk_jae.metrics._task_view import predictor_of, select_task, task_output
from sk_jae.tasks import Samples, Targets, TaskInputs, check_tasks, labeled_samples

__all__ = ["transfer_report"]

# Between what was measured where transfer worked, at least 0.98 and 0.94 of the labeled
# task, and where it failed (benchmarks/negative_transfer.py).
_LEAST_CLASSES = 0.9
_LEAST_AGREEMENT = 0.8


def transfer_report(
    estimator: FittedClassifier,
    X: Samples,
    y: Targets,
    *,
    n_neighbors: int = 5,
    max_samples: int = 2000,
) -> dict[str, dict[str, Any]]:
    """Look, without labels of a task, for signs that its predictions are wrong.

    A task without labels is compared with those that have some, by the predictions for
    both:

    - If classes are rarer in the task than elsewhere, or missing, its predictions use
      fewer *effective classes*, even though `infomax_weight` spreads them.
    - If the task has nothing to do with the others, its classes do not follow its
      samples: nearest neighbors *agree* less often on their class.

    Classes that only the unlabeled task has cannot be seen: their samples are given to
    other classes, with confidence.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`JointTransferClassifier`, or a pipeline or search around one.
    X : list, tuple, dict or JointArrays
        Samples, of labeled tasks too, in the form given to `fit`; those of `fit` may
        be used.
    y : list, tuple or dict, or array-like of shape (n_samples,)
        Labels in the form of `X`; they tell which tasks have any.
    n_neighbors : int, default=5
        How many nearest neighbors each sample is compared with, by the Euclidean
        distance of all features.
    max_samples : int, default=2000
        At most so many evenly spaced samples of each task are compared.

    Returns
    -------
    report : dict of dict
        For every task in `X`, by name, with ``pandas.DataFrame(report).T`` a table:

        n_samples : int
        confidence : float
            The mean of the largest probability.
        effective_classes : float
            The exponential of the entropy of the mean prediction: the number of classes
            if all are equally frequent.
        neighbor_agreement : float
            How often a sample and its neighbor are predicted alike, corrected for
            chance like Cohen's kappa: 1 for always, 0 for as often as at random.
        warning : str
            What should make one doubt the predictions of a task without labels: fewer
            than 0.9 of the effective classes, or less than 0.8 of the agreement, of the
            labeled tasks. Empty without such a sign.

    Raises
    ------
    ValueError
        If `y` has no label, or a task has fewer than 2 samples.

    See Also
    --------
    sk_jae.metrics.ReverseValidationScorer : Costs a fit, and ranks candidates.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.metrics import transfer_report
    >>> rng = np.random.default_rng(0)
    >>> labels = np.arange(80) % 2
    >>> X = {"a": rng.normal(size=(80, 4)) + 4 * labels[:, None]}
    >>> X["noise"] = rng.normal(size=(60, 4))
    >>> y = {"a": labels}
    >>> clf = JointTransferClassifier(max_epochs=20, random_state=0).fit(X, y)
    >>> report = transfer_report(clf, X, y)
    >>> 1.8 < report["a"]["effective_classes"] <= 2.0
    True
    >>> report["noise"]["neighbor_agreement"] < report["a"]["neighbor_agreement"]
    True
    """
    check_is_fitted(estimator)
    predictor, transformers = predictor_of(estimator)
    for transformer in transformers:
        X = transformer.transform(X)
    tasks, _ = check_tasks(X, estimator=predictor)
    present = [t for t, x in enumerate(tasks.arrays) if x is not None and len(x)]
    masks = labeled_samples(y, tasks, predictor)
    labeled = [t for t in present if np.any(masks[t])]
    if not labeled:
        raise ValueError(
            "y has no labeled sample of any task in X, but transfer_report compares "
            "tasks without labels with those that have some; give their samples and "
            "labels too."
        )
    with numpy_defaults():
        return _report(predictor, tasks, present, labeled, max_samples, n_neighbors)


def _report(
    predictor: Any,
    tasks: TaskInputs,
    present: list[int],
    labeled: list[int],
    max_samples: int,
    n_neighbors: int,
) -> dict[str, dict[str, Any]]:
    report, means = {}, {}
    for t in present:
        p = predictor.predict_proba(select_task(tasks, t))
        p = np.asarray(task_output(tasks, t, p))
        means[t] = p.mean(axis=0)
        x = tasks.arrays[t]
        if len(x) < 2:
            raise ValueError(
                f"{tasks.describe(t)} has 1 sample, but transfer_report compares "
                "samples with each other and needs at least 2."
            )
        rows = evenly_spaced(len(x), max_samples)
        report[tasks.names[t]] = {
            "n_samples": len(x),
            "confidence": float(p.max(axis=1).mean()),
            "effective_classes": _effective_classes(means[t]),
            "neighbor_agreement": _agreement(x[rows], p[rows].argmax(1), n_neighbors),
            "warning": "",
        }
    n_classes = _effective_classes(np.mean([means[t] for t in labeled], axis=0))
    agreement = float(
        np.mean([report[tasks.names[t]]["neighbor_agreement"] for t in labeled])
    )
    for t in present:
        if t not in labeled:
            found = report[tasks.names[t]]
            found["warning"] = _warning(found, n_classes, agreement)
    return report


def _warning(found: dict[str, Any], n_classes: float, agreement: float) -> str:
    n, agrees = found["effective_classes"], found["neighbor_agreement"]
    if agrees < _LEAST_AGREEMENT * agreement:
        return (
            f"Neighbors agree on their class by {agrees:.2f}, in labeled tasks by "
            f"{agreement:.2f}: the task may have little to do with them."
        )
    if n < _LEAST_CLASSES * n_classes:
        return (
            f"Predictions use {n:.1f} effective classes, in labeled tasks "
            f"{n_classes:.1f}: some may be rarer here or missing, which "
            "infomax_weight supposes they are not; set it to 0 and compare."
        )
    return ""


def _effective_classes(p: NDArray[Any]) -> float:
    return float(np.exp(entropy(p)))


def _agreement(x: NDArray[Any], predicted: NDArray[np.intp], n_neighbors: int) -> float:
    """How often neighbors are predicted alike, corrected for chance."""
    x = x.reshape(len(x), -1).astype(np.float32)
    neighbors = NearestNeighbors(n_neighbors=min(n_neighbors, len(x) - 1)).fit(x)
    # Without an argument, a sample is not its own neighbor.
    places = neighbors.kneighbors(return_distance=False)
    observed = np.mean(predicted[places] == predicted[:, None])
    chance = np.sum((np.bincount(predicted) / len(predicted)) ** 2)
    return float((observed - chance) / (1 - chance)) if chance < 1 else 0.0
