"""Scorers, which are called with an estimator, samples and labels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone, is_regressor
from sklearn.metrics import check_scoring
from sklearn.utils.validation import check_is_fitted

from sk_jae._sklearn_types import FittedClassifier
from sk_jae.metrics._one_task import one_task, targets_of_tasks
from sk_jae.metrics._statistics import entropy, evenly_spaced, numpy_defaults
from sk_jae.metrics._task_view import (
    check_predicts_classes,
    labels_of_task,
    parse_fitted_inputs,
    select_task,
    target_tasks,
    task_output,
)
from sk_jae.tasks import Samples, Targets, TaskInputs, check_score_labels, check_task

__all__ = [
    "EntropyScorer",
    "InformationMaximizationScorer",
    "LabeledScorer",
    "ReverseValidationScorer",
    "SoftNeighborhoodDensityScorer",
]


class LabeledScorer:
    """Scorer that applies a scikit-learn scorer to the labeled samples of tasks.

    It scores a regressor on the samples all of whose targets are known, for example by
    ``LabeledScorer("r2")`` or ``LabeledScorer("neg_root_mean_squared_error")``.

    Parameters
    ----------
    scoring : str or scorer, default="accuracy"
        The name of a scikit-learn scorer, or a scorer made by
        :func:`sklearn.metrics.make_scorer`. It is called for one task at a time, with
        the classes that this task can have.
    task : int, str or None, default=None
        Position or name of the task to score. None means the mean over all tasks that
        have labeled samples.

    Raises
    ------
    ValueError
        If the scorer is called with labels none of which belongs to a task to score.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.metrics import LabeledScorer
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> X = [rng.normal(size=(60, 4)) + 4 * y[:, None], rng.normal(size=(20, 4))]
    >>> clf = JointTransferClassifier(max_epochs=30, random_state=0).fit(X, [y, None])
    >>> LabeledScorer("f1_macro")(clf, X, [y, None]) > 0.9
    True
    """

    def __init__(
        self,
        scoring: str | Callable[..., float] = "accuracy",
        *,
        task: int | str | None = None,
    ) -> None:
        self.scoring = scoring
        self.task = task

    def __call__(
        self, estimator: FittedClassifier, X: Samples, y: Targets | None
    ) -> float:
        """Return the score of an estimator, the mean over the tasks."""
        check_is_fitted(estimator)
        tasks = parse_fitted_inputs(X, estimator)
        found = _labeled(y, tasks, estimator)
        chosen = list(found)
        if self.task is not None:
            t = check_task(self.task, tasks.names, "task")
            if t not in chosen:
                raise ValueError(
                    f"Task {tasks.names[t]!r} has no labeled sample to score; give its "
                    "labels, or use a scorer that needs no labels."
                )
            chosen = [t]
        scores = []
        for t in chosen:
            labels, mask = found[t]
            one = one_task(estimator, tasks, t)
            scorer = check_scoring(one, scoring=self.scoring)
            with numpy_defaults():
                scores.append(scorer(one, select_task(tasks, t, mask), labels[mask]))
        return float(np.mean(scores))

    def __repr__(self) -> str:
        return f"LabeledScorer({self.scoring!r}, task={self.task!r})"


class _LabelFreeScorer:
    """Base class of the scorers that use only the predicted probabilities."""

    def __init__(self, task: int | str | None = None) -> None:
        self.task = task

    def __call__(
        self, estimator: FittedClassifier, X: Samples, y: Targets | None = None
    ) -> float:
        """Return the score of an estimator, the mean over the tasks."""
        check_is_fitted(estimator)
        check_predicts_classes(estimator, type(self).__name__)
        tasks = parse_fitted_inputs(X, estimator)
        scores = []
        for t in target_tasks(self.task, tasks, y, estimator):
            p = estimator.predict_proba(select_task(tasks, t))
            with numpy_defaults():
                scores.append(self._score(np.asarray(task_output(tasks, t, p))))
        return float(np.mean(scores))

    def _score(self, p: NDArray[Any]) -> float:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(task={self.task!r})"


class EntropyScorer(_LabelFreeScorer):
    """Scorer without labels: minus the mean entropy of the predictions.

    It measures how confident the predictions are. The best score belongs to an
    estimator that predicts the same class for all samples, so prefer
    :class:`InformationMaximizationScorer`.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to score. None means the mean over the tasks that
        have no labels in `y`, or over all tasks if all have labels.

    References
    ----------
    P. Morerio, J. Cavazza, V. Murino, "Minimal-entropy correlation alignment for
    unsupervised deep domain adaptation", ICLR 2018.

    Examples
    --------
    >>> from sk_jae.metrics import EntropyScorer
    >>> EntropyScorer(task="usps")
    EntropyScorer(task='usps')
    """

    def _score(self, p: NDArray[Any]) -> float:
        return -float(np.mean(entropy(p)))


class InformationMaximizationScorer(_LabelFreeScorer):
    """Scorer without labels: the mutual information of samples and predictions.

    It is the entropy of the mean prediction minus the mean entropy of the predictions,
    so it is high if each prediction is confident and if the predictions together are
    diverse. On pictures of digits it chose good settings without a further fit; on
    tables the defaults were better than its choice, and
    :class:`ReverseValidationScorer` was better than both.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to score. None means the mean over the tasks that
        have no labels in `y`, or over all tasks if all have labels.

    References
    ----------
    R. Gomes, A. Krause, P. Perona, "Discriminative clustering by regularized
    information maximization", NeurIPS 2010.

    Examples
    --------
    >>> from sk_jae.metrics import InformationMaximizationScorer
    >>> InformationMaximizationScorer()
    InformationMaximizationScorer(task=None)
    """

    def _score(self, p: NDArray[Any]) -> float:
        return float(entropy(p.mean(axis=0)) - np.mean(entropy(p)))


class SoftNeighborhoodDensityScorer(_LabelFreeScorer):
    """Scorer without labels: the entropy of the similarities between predictions.

    It measures how dense the clusters of the predictions are. Each sample has a
    distribution over all other samples, which is the softmax of the cosine similarities
    of their predictions, divided by the temperature. The score is the mean entropy of
    these distributions. Scores for different numbers of samples cannot be compared.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to score. None means the mean over the tasks that
        have no labels in `y`, or over all tasks if all have labels.
    temperature : float, default=0.05
        Temperature of the softmax. The default is the value of Saito et al.
    max_samples : int, default=3000
        Largest number of samples that are compared with each other. If there are more,
        evenly spaced ones are taken.

    Raises
    ------
    ValueError
        If the scorer is called with fewer than 2 samples of a task.

    References
    ----------
    K. Saito et al., "Tune it the right way: unsupervised validation of domain
    adaptation via soft neighborhood density", ICCV 2021.

    Examples
    --------
    >>> from sk_jae.metrics import SoftNeighborhoodDensityScorer
    >>> SoftNeighborhoodDensityScorer(task=1)
    SoftNeighborhoodDensityScorer(task=1)
    """

    def __init__(
        self,
        task: int | str | None = None,
        *,
        temperature: float = 0.05,
        max_samples: int = 3000,
    ) -> None:
        super().__init__(task)
        self.temperature = temperature
        self.max_samples = max_samples

    def _score(self, p: NDArray[Any]) -> float:
        p = p[evenly_spaced(len(p), self.max_samples)]
        if len(p) < 2:
            raise ValueError(
                "SoftNeighborhoodDensityScorer compares samples with each other and "
                f"needs at least 2, got {len(p)}; give more samples of the task."
            )
        p = p / np.linalg.norm(p, axis=1, keepdims=True)
        similarity = p @ p.T / self.temperature
        np.fill_diagonal(similarity, -np.inf)
        weights = np.exp(similarity - similarity.max(axis=1, keepdims=True))
        return float(np.mean(entropy(weights / weights.sum(axis=1, keepdims=True))))


class ReverseValidationScorer:
    """Scorer that trains on the predictions for a task and tests on the other tasks.

    The target is the task to score. A clone of the estimator is fitted to the samples
    that are scored, where the predictions for the target are its labels and the other
    tasks have no labels. The score is the accuracy of this clone on the labels of the
    other tasks: if the predictions for the target are wrong, it is usually low, with
    one exception in the Notes. The scorer costs one more fit. Among the scorers without
    labels here, it ranked settings best on MNIST and USPS and on tables
    (``benchmarks/transfer/scorers.py``, ``benchmarks/transfer/choosing.py``).

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the target. None means the only task that has no labels in
        `y`.

    Raises
    ------
    ValueError
        If the scorer is called and there is not exactly one target, or no labeled
        sample of another task.

    Notes
    -----
    In the references, the second estimator is trained on the samples of the first fit
    and scored on labels that were held out. Here it is trained and scored on the
    samples that are given to the scorer, in cross-validation those of the test fold. It
    is trained without the labels on which it is scored.

    If the predictions take classes of the target for each other, consistently, so does
    the clone on its way back, and the score is 1.0. No scorer without labels notices
    this. A few labels of the target do: see the argument `y_few` of
    :func:`transfer_report`.

    References
    ----------
    E. Zhong et al., "Cross validation framework to choose amongst models and datasets
    for transfer learning", ECML-PKDD 2010.

    Y. Ganin et al., "Domain-adversarial training of neural networks", JMLR 2016,
    section 5.1.2.

    Examples
    --------
    >>> from sk_jae.metrics import ReverseValidationScorer
    >>> ReverseValidationScorer("usps")
    ReverseValidationScorer(task='usps')
    """

    def __init__(self, task: int | str | None = None) -> None:
        self.task = task

    def __call__(
        self, estimator: FittedClassifier, X: Samples, y: Targets | None
    ) -> float:
        """Return the score of an estimator, the accuracy on the other tasks."""
        check_is_fitted(estimator)
        if is_regressor(estimator):
            check_predicts_classes(estimator, type(self).__name__)
        tasks = parse_fitted_inputs(X, estimator)
        targets = target_tasks(self.task, tasks, y, estimator)
        if len(targets) != 1:
            raise ValueError(
                f"ReverseValidationScorer found {len(targets)} tasks that may be the "
                "target, expected one without labels; give its name as the parameter "
                "task."
            )
        (target,) = targets
        sources = _labeled(y, tasks, estimator)
        sources.pop(target, None)
        if not sources:
            raise ValueError(
                "ReverseValidationScorer needs labeled samples of another task than "
                f"the target {tasks.names[target]!r}; give their labels."
            )
        predicted = one_task(estimator, tasks, target).predict(
            select_task(tasks, target)
        )
        # Positions instead of labels, so that -1 can mark unlabeled samples.
        positions = np.searchsorted(estimator.classes_, predicted)
        known = np.unique(positions)
        back = None
        if len(known) > 1:
            back = clone(estimator).fit(X, labels_of_task(tasks, target, positions))
        scores = []
        for t, (labels, mask) in sources.items():
            guess = known
            if back is not None:
                guess = one_task(back, tasks, t).predict(select_task(tasks, t, mask))
            scores.append(np.mean(estimator.classes_[guess] == labels[mask]))
        return float(np.mean(scores))

    def __repr__(self) -> str:
        return f"ReverseValidationScorer(task={self.task!r})"


def _labeled(
    y: Targets | None, tasks: TaskInputs, estimator: Any
) -> dict[int, tuple[NDArray[Any], NDArray[np.bool_]]]:
    """Return labels and the mask of labeled samples for each task that has some."""
    if is_regressor(estimator):
        return targets_of_tasks(y, tasks, estimator)
    found = check_score_labels(y, tasks, estimator)
    return {t: item for t, item in enumerate(found) if item is not None}
