"""Scorers for several tasks: on labeled samples only, or without any labels.

All are callables ``scorer(estimator, X, y)`` for the parameter `scoring` of
scikit-learn's tools; higher is better.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.metrics import get_scorer
from sklearn.utils.validation import check_is_fitted

from sk_jae.validation import check_score_labels, check_task, check_tasks

__all__ = [
    "EntropyScorer",
    "InformationMaximizationScorer",
    "LabeledScorer",
    "ReverseValidationScorer",
    "SoftNeighborhoodDensityScorer",
]


class LabeledScorer:
    """Any scikit-learn score on the labeled samples of every task or of one.

    Parameters
    ----------
    scoring : str or scorer, default="accuracy"
        The name of a scikit-learn scorer, or one made by
        :func:`sklearn.metrics.make_scorer`.
    task : int, str or None, default=None
        Position or name of the task to score; None for the mean over all tasks that
        have labeled samples.

    Raises
    ------
    ValueError
        When called, if no sample (of the task) has a label.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.metrics import LabeledScorer
    >>> rng = np.random.default_rng(0)
    >>> y = np.arange(60) % 2
    >>> X = [rng.normal(size=(60, 4)) + 4 * y[:, None], rng.normal(size=(20, 3))]
    >>> clf = JointTransferClassifier(max_epochs=30, random_state=0).fit(X, [y, None])
    >>> LabeledScorer("f1_macro")(clf, X, [y, None]) > 0.9
    True
    """

    def __init__(self, scoring: Any = "accuracy", *, task: int | str | None = None):
        self.scoring = scoring
        self.task = task

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score an estimator."""
        check_is_fitted(estimator)
        scorer = get_scorer(self.scoring)
        tasks, _ = check_tasks(X, estimator=estimator)
        found = check_score_labels(y, tasks, estimator)
        chosen = range(len(found))
        if self.task is not None:
            t = check_task(self.task, estimator.task_names_, "task")
            if found[t] is None:
                raise ValueError(
                    f"Task {estimator.task_names_[t]!r} has no labeled sample to "
                    "score; give its labels, or use a scorer that needs none."
                )
            chosen = range(t, t + 1)
        scores = []
        for t in chosen:
            if found[t] is None:
                continue
            labels, mask = found[t]
            one = _OneTask(estimator, t).fit()
            scores.append(scorer(one, tasks.arrays[t][mask], labels[mask]))
        return float(np.mean(scores))

    def __repr__(self) -> str:
        return f"LabeledScorer({self.scoring!r}, task={self.task!r})"


class _LabelFreeScorer:
    """Base of the scorers that look at predictions for one task, or several.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to look at; None for the mean over the tasks that
        have no labels in `y`, or over all if `y` is not given.
    """

    def __init__(self, task: int | str | None = None):
        self.task = task

    def __call__(self, estimator: Any, X: Any, y: Any = None) -> float:
        """Score an estimator."""
        check_is_fitted(estimator)
        tasks, _ = check_tasks(X, estimator=estimator)
        scores = []
        for t in _chosen(self.task, estimator, tasks, y):
            one = _OneTask(estimator, t).fit()
            allowed = np.isin(estimator.classes_, estimator.task_classes_[t])
            scores.append(self._score(one.predict_proba(tasks.arrays[t])[:, allowed]))
        return float(np.mean(scores))

    def _score(self, p: NDArray[Any]) -> float:
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__}(task={self.task!r})"


class EntropyScorer(_LabelFreeScorer):
    """Minus the mean entropy of the predictions: how confident they are.

    Predicting one class for every sample has the best score; prefer
    :class:`InformationMaximizationScorer`.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to look at; None for the mean over the tasks that
        have no labels in `y`, or over all if `y` is not given.

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
        return -float(np.mean(_entropy(p)))


class InformationMaximizationScorer(_LabelFreeScorer):
    """Mutual information of samples and predictions: confident each, diverse together.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to look at; None for the mean over the tasks that
        have no labels in `y`, or over all if `y` is not given.

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
        return float(_entropy(p.mean(0)) - np.mean(_entropy(p)))


class SoftNeighborhoodDensityScorer(_LabelFreeScorer):
    """Entropy of the similarities between predictions: how dense their clusters are.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the task to look at; None for the mean over the tasks that
        have no labels in `y`, or over all if `y` is not given.
    temperature : float, default=0.05
        Temperature of the softmax over similarities, the source's.
    max_samples : int, default=3000
        At most so many evenly spaced samples are compared with each other.

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
    ):
        super().__init__(task)
        self.temperature = temperature
        self.max_samples = max_samples

    def _score(self, p: NDArray[Any]) -> float:
        p = p[:: -(-len(p) // self.max_samples)]
        p = p / np.linalg.norm(p, axis=1, keepdims=True)
        similarity = p @ p.T / self.temperature
        np.fill_diagonal(similarity, -np.inf)
        weights = np.exp(similarity - similarity.max(axis=1, keepdims=True))
        return float(np.mean(_entropy(weights / weights.sum(axis=1, keepdims=True))))


class ReverseValidationScorer:
    """Accuracy on the source of a classifier trained on the target's predictions.

    A clone of the estimator is fitted with the predictions for the target as labels and
    the labeled tasks without theirs, and scored on the labels of those: if the
    target's predictions are wrong, the way back fails too. It costs one more fit.

    Parameters
    ----------
    task : int, str or None, default=None
        Position or name of the target; None for the one task without labels in `y`.

    References
    ----------
    E. Zhong et al., "Cross validation framework to choose amongst models and datasets
    for transfer learning", ECML-PKDD 2010. Y. Ganin et al., "Domain-adversarial
    training of neural networks", JMLR 2016, section 5.1.2.

    Examples
    --------
    >>> from sk_jae.metrics import ReverseValidationScorer
    >>> ReverseValidationScorer("usps")
    ReverseValidationScorer(task='usps')
    """

    def __init__(self, task: int | str | None = None):
        self.task = task

    def __call__(self, estimator: Any, X: Any, y: Any) -> float:
        """Score an estimator."""
        check_is_fitted(estimator)
        tasks, _ = check_tasks(X, estimator=estimator)
        found = check_score_labels(y, tasks, estimator)
        targets = _chosen(self.task, estimator, tasks, y)
        if self.task is None and len(targets) != 1:
            raise ValueError(
                f"ReverseValidationScorer found {len(targets)} tasks without labels, "
                "expected one; name the target by its parameter task."
            )
        (target,) = targets
        predictions = _OneTask(estimator, target).fit().predict(tasks.arrays[target])
        names = tasks.names
        arrays = {
            n: a for n, a in zip(names, tasks.arrays, strict=True) if a is not None
        }
        labels = dict.fromkeys(arrays) | {names[target]: predictions}
        if len(np.unique(predictions)) < 2:
            return 0.0  # one class for all: nothing can be learned from it
        reverse = clone(estimator).set_params(warm_start=False).fit(arrays, labels)
        scores = []
        for t, item in enumerate(found):
            if item is None or t == target:
                continue
            way_back = reverse.predict({names[t]: arrays[names[t]]})[names[t]]
            scores.append(np.mean(way_back[item[1]] == item[0][item[1]]))
        if not scores:
            raise ValueError(
                "ReverseValidationScorer needs labeled samples of another task than "
                f"the target {names[target]!r}."
            )
        return float(np.mean(scores))

    def __repr__(self) -> str:
        return f"ReverseValidationScorer(task={self.task!r})"


class _OneTask(ClassifierMixin, BaseEstimator):
    """One task of a fitted estimator, as an ordinary classifier of one array."""

    def __init__(self, estimator: Any, task: int):
        self.estimator = estimator
        self.task = task

    def fit(self, X: Any = None, y: Any = None) -> _OneTask:
        self.classes_ = self.estimator.classes_
        return self

    def predict(self, X: Any) -> Any:
        return self._call("predict", X)

    def predict_proba(self, X: Any) -> Any:
        return self._call("predict_proba", X)

    def decision_function(self, X: Any) -> Any:
        return self._call("decision_function", X)

    def _call(self, method: str, X: Any) -> Any:
        function = getattr(self.estimator, method)
        n_tasks = self.estimator.n_tasks_
        if n_tasks == 1:
            return function(X)
        return function([X if t == self.task else None for t in range(n_tasks)])[
            self.task
        ]


def _chosen(task: Any, estimator: Any, tasks: Any, y: Any) -> list[int]:
    """The tasks to look at: the named one, else those without labels."""
    present = [t for t, a in enumerate(tasks.arrays) if a is not None and len(a)]
    if task is not None:
        t = check_task(task, estimator.task_names_, "task")
        if t not in present:
            raise ValueError(f"X has no sample of task {estimator.task_names_[t]!r}.")
        return [t]
    if y is None:
        return present
    try:
        found = check_score_labels(y, tasks, estimator)
    except ValueError:  # no labels at all
        return present
    return [t for t in present if found[t] is None] or present


def _entropy(p: NDArray[Any]) -> NDArray[Any]:
    return -np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0), axis=-1)
