"""Signs, found without labels, that the predictions for a task may be wrong."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.validation import check_is_fitted

from sk_jae._sklearn_types import FittedClassifier
from sk_jae.metrics._statistics import entropy, evenly_spaced, numpy_defaults
from sk_jae.metrics._task_view import (
    check_predicts_classes,
    predictor_of,
    select_task,
    task_output,
)
from sk_jae.tasks import (
    Samples,
    Targets,
    TaskInputs,
    check_score_labels,
    check_tasks,
    counted,
    labeled_samples,
)

__all__ = ["transfer_report"]

# These lie between the values measured when transfer worked, at least 0.98 and 0.94 of
# those of the labeled task, and when it failed (benchmarks/negative_transfer.py).
_LEAST_CLASSES = 0.9
_LEAST_AGREEMENT = 0.8

# A task of few samples looks different by chance.
_N_ERRORS = 2.0

# Networks are somewhat more confident than right, also where transfer works.
_LEAST_ACCURACY = 0.9

LabelsAndMask: TypeAlias = tuple[NDArray[Any], NDArray[np.bool_]]


def transfer_report(
    estimator: FittedClassifier,
    X: Samples,
    y: Targets,
    *,
    y_few: Targets | None = None,
    n_neighbors: int = 5,
    max_samples: int = 2000,
) -> dict[str, dict[str, Any]]:
    """Look for signs that the predictions for a task without labels are wrong.

    The predictions for a task without labels are compared with those for the tasks that
    have labels:

    - If some classes are missing in the task, or less frequent than in other tasks, the
      predictions use fewer *effective classes*.
    - If the task is not related to the other tasks, its predicted classes do not depend
      on its samples in the same way: nearest neighbors *agree* on their class less
      often.

    Without labels, some failures cannot be noticed. Samples of classes that only the
    unlabeled task has are confidently predicted to be of other classes, and classes may
    be taken for each other. A few labels of the task, `y_few`, show both: they tell
    between which bounds the accuracy is.

    Parameters
    ----------
    estimator : estimator
        A fitted :class:`~sk_jae.JointTransferClassifier`, or a pipeline or search with
        it.
    X : list, tuple, dict or JointArrays
        Samples of tasks with and without labels in the form given to `fit`. They may be
        the samples of `fit`.
    y : list, tuple or dict, or array-like of shape (n_samples,)
        Labels in the form of `X`. They decide which tasks count as labeled.
    y_few : list, tuple or dict, or array-like of shape (n_samples,), default=None
        A few labels in the form of `X`, of samples that were chosen at random and were
        not labeled in `fit`. All others are marked as unlabeled.
    n_neighbors : int, default=5
        Number of nearest neighbors with which each sample is compared. The distance is
        the Euclidean distance of all features, of tables with standardized columns.
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
        n_labeled : int
            Number of those that have a label in `y`.
        confidence : float
            The mean of the largest probability of each sample.
        effective_classes : float
            The exponential of the entropy of the mean prediction. It is the number of
            classes if all are equally frequent.
        neighbor_agreement : float
            How often the same class is predicted for a sample and its neighbor,
            corrected for chance like Cohen's kappa: 1 means always, and 0 means as
            often as by chance.
        n_few, accuracy, accuracy_low, accuracy_high : int and float
            The number of labels of the task in `y_few`, the accuracy on their samples,
            and the bounds of a 95 % confidence interval of the accuracy on all samples
            (Clopper and Pearson 1934). NaN for a task without such labels. They exist
            only with `y_few`.
        warning : str
            The reason to doubt the predictions for a task without labels: these have
            fewer than 0.9 of the effective classes, or less than 0.8 of the agreement,
            of the predictions for labeled tasks, by more than two standard errors, or
            `accuracy_high` is below 0.9 of the confidence. It is empty if there is no
            reason.

    Raises
    ------
    ValueError, TypeError
        If `y` has no label, if a task has fewer than 2 samples, if `y_few` has no label
        or labels of another kind than in `fit`, or if the estimator predicts no
        classes.

    See Also
    --------
    sk_jae.metrics.ReverseValidationScorer : Ranks candidates at the cost of a fit.

    References
    ----------
    C. J. Clopper, E. S. Pearson, "The use of confidence or fiducial limits illustrated
    in the case of the binomial", Biometrika 1934.

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

    Ten labels of a task show that its classes are taken for each other:

    >>> few = {"noise": np.where(np.arange(60) < 10, labels[:60], -1)}
    >>> X["noise"] = 4 - X["a"][:60]
    >>> report = transfer_report(clf, X, y, y_few=few)
    >>> report["noise"]["accuracy_high"] < 0.5
    True
    """
    check_is_fitted(estimator)
    check_predicts_classes(estimator, "transfer_report")
    predictor, transformers = predictor_of(estimator)
    for transformer in transformers:
        X = transformer.transform(X)
    tasks, _ = check_tasks(X, estimator=predictor)
    present = [t for t, x in enumerate(tasks.arrays) if x is not None and len(x)]
    masks = labeled_samples(y, tasks, predictor)
    if not any(np.any(masks[t]) for t in present):
        raise ValueError(
            "y has no labeled sample of any task in X, but transfer_report compares "
            "tasks without labels with those that have some; give their samples and "
            "labels too."
        )
    few = None if y_few is None else _few_labels(y_few, tasks, predictor)
    with numpy_defaults():
        return _report(predictor, tasks, present, masks, few, max_samples, n_neighbors)


def _few_labels(
    y_few: Targets, tasks: TaskInputs, predictor: FittedClassifier
) -> list[LabelsAndMask | None]:
    try:
        return check_score_labels(y_few, tasks, predictor)
    except (TypeError, ValueError) as error:
        raise type(error)(f"In y_few: {error}") from error


def _report(
    predictor: Any,
    tasks: TaskInputs,
    present: list[int],
    masks: list[NDArray[np.bool_] | None],
    few: list[LabelsAndMask | None] | None,
    max_samples: int,
    n_neighbors: int,
) -> dict[str, dict[str, Any]]:
    report, means, errors = {}, {}, {}
    labeled = [t for t in present if np.any(masks[t])]
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
        agrees, error = _agreement(x[rows], p[rows].argmax(1), n_neighbors)
        errors[t] = _N_ERRORS * error, _tolerance(means[t], len(x))
        found: dict[str, Any] = {
            "n_samples": len(x),
            "n_labeled": 0 if (mask := masks[t]) is None else int(mask.sum()),
            "confidence": float(p.max(axis=1).mean()),
            "effective_classes": _effective_classes(means[t]),
            "neighbor_agreement": agrees,
        }
        if few is not None:
            predicted = predictor.classes_[p.argmax(axis=1)]
            found |= _accuracy(predicted, few[t])
        report[tasks.names[t]] = found | {"warning": ""}
    n_classes = _effective_classes(np.mean([means[t] for t in labeled], axis=0))
    agreement = float(
        np.mean([report[tasks.names[t]]["neighbor_agreement"] for t in labeled])
    )
    for t in present:
        if t not in labeled:
            found = report[tasks.names[t]]
            found["warning"] = _warning(found, n_classes, agreement, *errors[t])
    return report


def _accuracy(predicted: NDArray[Any], few: LabelsAndMask | None) -> dict[str, Any]:
    """Return the accuracy on the few labeled samples, and its confidence interval."""
    if few is None:
        none = dict.fromkeys(("accuracy", "accuracy_low", "accuracy_high"), np.nan)
        return {"n_few": 0, **none}
    labels, mask = few
    right = predicted[mask] == labels[mask]
    interval = binomtest(int(right.sum()), len(right)).proportion_ci(0.95, "exact")
    return {
        "n_few": len(right),
        "accuracy": float(right.mean()),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
    }


def _warning(
    found: dict[str, Any],
    n_classes: float,
    agreement: float,
    tolerance_of_agreement: float,
    tolerance_of_classes: float,
) -> str:
    confidence = found["confidence"]
    if found.get("accuracy_high", np.nan) < _LEAST_ACCURACY * confidence:
        return (
            f"By {counted(found['n_few'], 'label')} of the task, the accuracy is at "
            f"most {found['accuracy_high']:.2f}, but the confidence is "
            f"{confidence:.2f}: classes may be taken for each other."
        )
    n, agrees = found["effective_classes"], found["neighbor_agreement"]
    if agrees + tolerance_of_agreement < _LEAST_AGREEMENT * agreement:
        return (
            f"The agreement of neighbors on their class is {agrees:.2f}, in labeled "
            f"tasks {agreement:.2f}: the task may have little to do with them."
        )
    if n * (1 + tolerance_of_classes) < _LEAST_CLASSES * n_classes:
        return (
            f"Predictions use {n:.1f} effective classes, in labeled tasks "
            f"{n_classes:.1f}: some classes may be missing or less frequent here, or "
            "be taken for others; check a few labels (y_few), and give class_prior if "
            "you know the shares."
        )
    return ""


def _effective_classes(p: NDArray[Any]) -> float:
    return float(np.exp(entropy(p)))


def _tolerance(p: NDArray[Any], n_samples: int) -> float:
    """How much smaller the effective classes of so many samples may be by chance."""
    logarithms = np.log(np.where(p > 0, p, 1.0))
    variance = np.sum(p * logarithms**2) - entropy(p) ** 2
    # The entropy of few samples is smaller also where the shares are even.
    bias = (np.count_nonzero(p > 1 / n_samples) - 1) / (2 * n_samples)
    return float(_N_ERRORS * np.sqrt(max(variance, 0.0) / n_samples) + bias)


def _agreement(
    x: NDArray[Any], predicted: NDArray[np.intp], n_neighbors: int
) -> tuple[float, float]:
    """How often neighbors have the same prediction, corrected for chance; its error."""
    is_table = x.ndim == 2
    x = x.reshape(len(x), -1).astype(np.float64 if is_table else np.float32)
    if is_table:
        spread = x.std(axis=0)
        x = (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    neighbors = NearestNeighbors(n_neighbors=min(n_neighbors, len(x) - 1)).fit(x)
    # If no samples are passed, no sample is its own neighbor.
    places = neighbors.kneighbors(return_distance=False)
    same = np.mean(predicted[places] == predicted[:, None], axis=1)
    chance = np.sum((np.bincount(predicted) / len(predicted)) ** 2)
    if chance == 1:
        return 0.0, 0.0
    agreement = (same.mean() - chance) / (1 - chance)
    error = same.std() / np.sqrt(len(same)) / (1 - chance)
    return float(agreement), float(error)
