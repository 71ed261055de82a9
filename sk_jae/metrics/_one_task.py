"""One task of a fitted estimator, for scorers of scikit-learn."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import is_regressor

from sk_jae._sklearn_types import (
    BaseEstimator,
    ClassifierMixin,
    FittedClassifier,
    RegressorMixin,
)
from sk_jae.metrics._task_view import predictor_of, task_output
from sk_jae.tasks import Samples, Targets, TaskInputs, check_score_targets

__all__ = ["one_task", "targets_of_tasks"]


def one_task(estimator: Any, tasks: TaskInputs, t: int) -> Any:
    """Return one task of a fitted estimator as an ordinary classifier or regressor."""
    kind = _Regressor if is_regressor(estimator) else _Classifier
    return kind(estimator, tasks, t)


def targets_of_tasks(
    y: Targets | None, tasks: TaskInputs, estimator: Any
) -> dict[int, tuple[NDArray[Any], NDArray[np.bool_]]]:
    """Return targets and the mask of those all of which are known, for each task."""
    regressor, _ = predictor_of(estimator)
    found = {}
    for t, values in enumerate(check_score_targets(y, tasks, regressor)):
        if values is None:
            continue
        complete = np.asarray(~np.isnan(values).any(axis=1))
        if complete.any():
            found[t] = (values if values.shape[1] > 1 else values[:, 0], complete)
    if not found:
        raise ValueError(
            "y has no sample all of whose targets are known, but LabeledScorer needs "
            "some; score of the estimator takes the known targets alone."
        )
    return found


class _OneTask(BaseEstimator):
    """One task of a fitted estimator, as an ordinary one."""

    def __init__(self, estimator: FittedClassifier, tasks: TaskInputs, t: int) -> None:
        self.estimator = estimator
        self.tasks = tasks
        self.t = t

    def fit(self, X: object, y: object) -> Self:
        raise NotImplementedError

    def predict(self, X: Samples) -> NDArray[Any]:
        return self._call("predict", X)

    def _call(self, method: str, X: Samples) -> NDArray[Any]:
        result = getattr(self.estimator, method)(X)
        return np.asarray(task_output(self.tasks, self.t, result))


class _Classifier(ClassifierMixin, _OneTask):
    """One task of a fitted classifier."""

    @property
    def classes_(self) -> NDArray[Any]:
        own = getattr(predictor_of(self.estimator)[0], "task_classes_", None)
        return self.estimator.classes_ if own is None else own[self.t]

    def predict_proba(self, X: Samples) -> NDArray[Any]:
        return self._call("predict_proba", X)[:, self._columns()]

    def decision_function(self, X: Samples) -> NDArray[Any]:
        values = self._call("decision_function", X)
        if values.ndim == 1:
            return values
        values = values[:, self._columns()]
        return values[:, 1] - values[:, 0] if values.shape[1] == 2 else values

    def _columns(self) -> NDArray[np.intp]:
        return np.searchsorted(self.estimator.classes_, self.classes_)


class _Regressor(RegressorMixin, _OneTask):
    """One task of a fitted regressor."""
