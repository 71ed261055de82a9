"""The methods of a fitted regressor: predicted targets and R^2."""

from __future__ import annotations

from functools import partial
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metadata_routing import UNUSED
from torch import Tensor

from sk_jae._sklearn_types import RegressorMixin
from sk_jae.estimators._base import BaseJointEstimator
from sk_jae.estimators._out_arrays import Write, writers
from sk_jae.estimators._prediction import Predictor, mean_of_subjects
from sk_jae.estimators._scoring import relative_weights, targets_r2
from sk_jae.nn import Codes
from sk_jae.tasks import (
    DictOfTasks,
    Ids,
    ListOfTasks,
    OneSequence,
    Samples,
    Targets,
    TargetScale,
    TaskInputs,
    check_sample_weight,
    check_score_targets,
    joint_rows,
    labeled_rows,
)

__all__ = ["TargetPredictions"]


class TargetPredictions(RegressorMixin, BaseJointEstimator):
    """The methods of a regressor that are called after `fit`."""

    __metadata_request__predict: ClassVar = {"out": UNUSED}

    @property
    def transfer_(self) -> dict[str, dict[str, Any]]:
        state = self._fitted("transfer_")
        return {
            name: {"scale": state.scale_of(t)}
            for t, name in enumerate(state.task_names)
            if not state.has_labels(t)
        }

    @overload
    def predict(self, X: ListOfTasks, *, out: Any = ...) -> list[Any]: ...
    @overload
    def predict(self, X: DictOfTasks, *, out: Any = ...) -> dict[str, Any]: ...
    @overload
    def predict(self, X: OneSequence, *, out: Any = ...) -> NDArray[np.float64]: ...
    def predict(self, X: Samples, *, out: Any = None) -> Any:
        """Targets of the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        out : array-like, or one per task, default=None
            Where the targets are written batch by batch, such as a memory map, in the
            form of what is returned. It is returned.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs), or one per task
            In the form of `X` and in the units of the targets given to `fit`. A
            JointArrays gives one array in the order of its samples.
        """
        inputs = self._check_samples(X)
        write = writers(out, inputs)
        predictor = Predictor(self._state)
        found = [
            self._predicted(predictor, inputs, t, own) for t, own in enumerate(write)
        ]
        return inputs.restore(found) if out is None else out

    def predict_joint(self, X: Samples, ids: Ids | None = None) -> NDArray[np.float64]:
        """One prediction per subject, from its samples of all tasks that have it.

        It is the mean of what :meth:`predict` gives for the samples of a subject, each
        with the same weight.

        Parameters
        ----------
        X : list, tuple, dict or JointArrays
            Samples in the form given to `fit`; None or a missing name skips a task.
        ids : list, tuple or dict of (array-like of shape (n_samples_t,) or None), \
                default=None
            Which subject each sample belongs to, as in `fit`. Without ids, rows of
            equal number are one subject, so that all tasks must have as many. A
            JointArrays has ids of its own.

        Returns
        -------
        y : ndarray of shape (n_subjects,) or (n_subjects, n_outputs)
            The subjects are in the order in which they come first, task after task;
            those of a JointArrays are in the order of ``np.unique(X.groups)``.

        Raises
        ------
        ValueError, TypeError
            If ids cannot be used, if without them the tasks differ in their number of
            samples, or if a JointArrays has none.
        """
        inputs = self._check_samples(X)
        rows = joint_rows(ids, inputs)
        predictor = Predictor(self._state)
        tasks = range(len(inputs.arrays))
        found = [self._predicted(predictor, inputs, t) for t in tasks]
        columns = [None if z is None else z.reshape(len(z), -1) for z in found]
        shape = next(z.shape[1:] for z in found if z is not None)
        return mean_of_subjects(columns, rows).reshape(-1, *shape)

    def score(
        self,
        X: Samples,
        y: Targets | None = None,
        sample_weight: Targets | None = None,
    ) -> float:
        """R^2 of the known targets, averaged over outputs and tasks that have any.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        y : list, tuple or dict, or array-like of shape (n_samples,) or \
                (n_samples, n_outputs)
            Targets in the form of `X`. NaN marks an unknown value, and None a task
            without targets.
        sample_weight : list, tuple or dict, or array-like of shape (n_samples,), \
                default=None
            Weights of the samples in the form of `X`, flat for a JointArrays. None, for
            all tasks or for one, means equal weights. They count within a task; the
            tasks count alike.

        Returns
        -------
        score : float
            R^2 of each task, which is the mean over its outputs, averaged over these
            tasks: 1 is perfect, and 0 is as good as the mean of the targets.

        Raises
        ------
        ValueError, TypeError
            If no value is known, if weights are negative, not finite or not one per
            sample, or if they are 0 for all labeled samples of a task.
        """
        inputs = self._check_samples(X)
        targets = check_score_targets(y, inputs, self)
        weights = check_sample_weight(sample_weight, inputs)
        predictor = Predictor(self._state)
        scores = []
        for t, values in enumerate(targets):
            if values is None:
                continue
            labeled = labeled_rows(values)
            w = relative_weights(weights[t], inputs, t, labeled)
            predicted = self._predicted(predictor, inputs, t).reshape(values.shape)
            scores.append(targets_r2(predicted[labeled], values[labeled], w))
        return float(np.mean(scores))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    @property
    def n_outputs_(self) -> int:
        return len(self._scale("n_outputs_").mean)

    def _scale(self, attribute: str = "n_outputs_") -> TargetScale:
        scale = self._fitted(attribute).target_scale
        assert scale is not None
        return scale

    def _predicted(
        self,
        predictor: Predictor,
        inputs: TaskInputs,
        t: int,
        write: Write | None = None,
    ) -> Any:
        return predictor.outputs(
            inputs.arrays[t],
            t,
            partial(_regress, predictor, t),
            self._scale().decode,
            write,
        )


def _regress(predictor: Predictor, t: int, z: Codes) -> Tensor:
    found = predictor.module.regress(t, z)
    assert found is not None
    return found
