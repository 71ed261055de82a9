"""Signs, found without labels, that the predictions for a task may be wrong."""

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

# These lie between the values measured when transfer worked, at least 0.98 and 0.94 of
# those of the labeled task, and when it failed (benchmarks/negative_transfer.py).
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
    """Look for signs that the predictions for a task without labels are wrong.

    The predictions for a task without labels are compared with those for the tasks that
    have labels:

    - If some classes are missing in the task, or less frequent than in other tasks, the
      predictions use fewer *effective classes*, although `infomax_weight` makes them
      more diverse.
    - If the task is not related to the other tasks, its predicted classes do not depend
      on its samples in the same way: nearest neighbors *agree* on their class less
      often.

    Classes that only the unlabeled task has cannot be noticed. Their samples are
    confidently predicted to be of other classes.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`JointTransferClassifier`, or a pipeline or search around one.
    X : list, tuple, dict or JointArrays
        Samples of tasks with and without labels in the form given to `fit`. They may be
        the samples of `fit`.
    y : list, tuple or dict, or array-like of shape (n_samples,)
        Labels in the form of `X`. They decide which tasks count as labeled.
    n_neighbors : int, default=5
        Number of nearest neighbors with which each sample is compared. The distance is
        the Euclidean distance of all features.
    max_samples : int, default=2000
        Largest number of samples of each task that are compared. If there are more,
        evenly spaced ones are taken.

    Returns
    -------
    report : dict of dict
        One dict per task in `X`, by the name of the task.
        ``pandas.DataFrame(report).T`` makes a table of it.

        n_samples : int
            Number of samples of the task.
        confidence : float
            The mean of the largest probability of each sample.
        effective_classes : float
            The exponential of the entropy of the mean prediction. It is the number of
            classes if all are equally frequent.
        neighbor_agreement : float
            How often the same class is predicted for a sample and its neighbor,
            corrected for chance like Cohen's kappa: 1 means always, and 0 means as
            often as by chance.
        warning : str
            The reason to doubt the predictions for a task without labels: these have
            fewer than 0.9 of the effective classes, or less than 0.8 of the agreement,
            of the predictions for labeled tasks. It is empty if there is no reason.

    Raises
    ------
    ValueError
        If `y` has no label, or if a task has fewer than 2 samples.

    See Also
    --------
    sk_jae.metrics.ReverseValidationScorer : Ranks candidates at the cost of a fit.

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
            f"The agreement of neighbors on their class is {agrees:.2f}, in labeled "
            f"tasks {agreement:.2f}: the task may have little to do with them."
        )
    if n < _LEAST_CLASSES * n_classes:
        return (
            f"Predictions use {n:.1f} effective classes, in labeled tasks "
            f"{n_classes:.1f}: some classes may be missing or less frequent here, but "
            "infomax_weight assumes equal frequencies; set it to 0 and compare."
        )
    return ""


def _effective_classes(p: NDArray[Any]) -> float:
    return float(np.exp(entropy(p)))


def _agreement(x: NDArray[Any], predicted: NDArray[np.intp], n_neighbors: int) -> float:
    """Return how often neighbors have the same prediction, corrected for chance."""
    x = x.reshape(len(x), -1).astype(np.float32)
    neighbors = NearestNeighbors(n_neighbors=min(n_neighbors, len(x) - 1)).fit(x)
    # If no samples are passed, no sample is its own neighbor.
    places = neighbors.kneighbors(return_distance=False)
    observed = np.mean(predicted[places] == predicted[:, None])
    chance = np.sum((np.bincount(predicted) / len(predicted)) ** 2)
    return float((observed - chance) / (1 - chance)) if chance < 1 else 0.0
