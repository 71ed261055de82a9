"""The methods of a fitted classifier: classes, probabilities and accuracy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metadata_routing import UNUSED
from torch import Tensor

from sk_jae._sklearn_types import ClassifierMixin
from sk_jae.estimators._base import BaseJointEstimator
from sk_jae.estimators._out_arrays import Write, writers
from sk_jae.estimators._prediction import Predictor, mean_of_subjects
from sk_jae.estimators._scoring import accuracy, relative_weights
from sk_jae.nn import Codes
from sk_jae.tasks import (
    DictOfTasks,
    Ids,
    ListOfTasks,
    OneSequence,
    Samples,
    Targets,
    TaskInputs,
    check_sample_weight,
    check_score_labels,
    joint_rows,
)

__all__ = ["ClassPredictions"]


class ClassPredictions(ClassifierMixin, BaseJointEstimator):
    """The methods of a classifier that are called after `fit`."""

    __metadata_request__predict: ClassVar = {"out": UNUSED}
    __metadata_request__predict_proba: ClassVar = {"out": UNUSED}
    __metadata_request__decision_function: ClassVar = {"out": UNUSED}

    @property
    def transfer_(self) -> dict[str, dict[str, Any]]:
        return self._fitted("transfer_").transfer

    @overload
    def predict(self, X: ListOfTasks, *, out: Any = ...) -> list[Any]: ...
    @overload
    def predict(self, X: DictOfTasks, *, out: Any = ...) -> dict[str, Any]: ...
    @overload
    def predict(self, X: OneSequence, *, out: Any = ...) -> NDArray[Any]: ...
    def predict(self, X: Samples, *, out: Any = None) -> Any:
        """Classes of the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        out : array-like, or one per task, default=None
            Where the classes are written batch by batch, such as a memory map, in the
            form of what is returned. It is returned.

        Returns
        -------
        y : ndarray of shape (n_samples,), or one per task
            In the form of `X`. A JointArrays gives one array in the order of its
            samples.
        """
        return self._predictions(X, lambda z: self.classes_[z.argmax(1)], out)

    @overload
    def predict_proba(self, X: ListOfTasks, *, out: Any = ...) -> list[Any]: ...
    @overload
    def predict_proba(self, X: DictOfTasks, *, out: Any = ...) -> dict[str, Any]: ...
    @overload
    def predict_proba(
        self, X: OneSequence, *, out: Any = ...
    ) -> NDArray[np.float64]: ...
    def predict_proba(self, X: Samples, *, out: Any = None) -> Any:
        """Probabilities of the classes.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        out : array-like, or one per task, default=None
            Where the probabilities are written batch by batch, such as a memory map, in
            the form of what is returned. It is returned.

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes), or one per task
            The columns have the order of `classes_`. The probability is 0 for classes
            that a task cannot have.
        """
        return self._predictions(X, _softmax, out)

    def predict_joint(self, X: Samples, ids: Ids | None = None) -> NDArray[Any]:
        """One class per subject, from its samples of all tasks that have it.

        The probabilities that :meth:`predict_proba` gives for the samples of a subject
        are averaged, each with the same weight, and the class with the largest mean is
        the prediction.

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
        y : ndarray of shape (n_subjects,)
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
        probabilities = self._outputs(inputs, _softmax)
        found: NDArray[np.intp] = mean_of_subjects(probabilities, rows).argmax(axis=1)
        return self.classes_[found]

    @overload
    def decision_function(self, X: ListOfTasks, *, out: Any = ...) -> list[Any]: ...
    @overload
    def decision_function(
        self, X: DictOfTasks, *, out: Any = ...
    ) -> dict[str, Any]: ...
    @overload
    def decision_function(
        self, X: OneSequence, *, out: Any = ...
    ) -> NDArray[np.float64]: ...
    def decision_function(self, X: Samples, *, out: Any = None) -> Any:
        """Logits of the classes.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        out : array-like, or one per task, default=None
            Where the logits are written batch by batch, such as a memory map, in the
            form of what is returned. It is returned.

        Returns
        -------
        logits : ndarray of shape (n_samples, n_classes), or one per task
            The columns have the order of `classes_`. The logit is -inf for classes that
            a task cannot have. With two classes the shape is (n_samples,), and a
            positive value means the second class.
        """

        def function(z: NDArray[np.float64]) -> NDArray[np.float64]:
            return z[:, 1] - z[:, 0] if len(self.classes_) == 2 else z

        return self._predictions(X, function, out)

    def score(
        self,
        X: Samples,
        y: Targets | None = None,
        sample_weight: Targets | None = None,
    ) -> float:
        """Accuracy on the labeled samples, averaged over the tasks that have any.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        y : list, tuple or dict, or array-like of shape (n_samples,)
            Labels in the form of `X`. -1 marks an unlabeled sample, and None a task
            without labels.
        sample_weight : list, tuple or dict, or array-like of shape (n_samples,), \
                default=None
            Weights of the samples in the form of `X`, flat for a JointArrays. None, for
            all tasks or for one, means equal weights. They count within a task; the
            tasks count alike.

        Returns
        -------
        score : float
            The mean of the accuracies of these tasks.

        Raises
        ------
        ValueError, TypeError
            If no sample has a label, if weights are negative, not finite or not one per
            sample, or if they are 0 for all labeled samples of a task.
        """
        inputs = self._check_samples(X)
        found = check_score_labels(y, inputs, self)
        weights = [
            None if item is None else relative_weights(w, inputs, t, item[1])
            for t, (w, item) in enumerate(
                zip(check_sample_weight(sample_weight, inputs), found, strict=True)
            )
        ]
        scores = [
            accuracy(self.classes_[z.argmax(1)][item[1]], item[0][item[1]], w)
            for z, item, w in zip(self._outputs(inputs), found, weights, strict=True)
            if item is not None and z is not None
        ]
        return float(np.mean(scores))

    @property
    def classes_(self) -> NDArray[Any]:
        classes = self._fitted("classes_").classes
        assert classes is not None
        return classes

    @property
    def task_classes_(self) -> list[NDArray[Any]]:
        return self._fitted("task_classes_").task_classes

    def _predictions(
        self, X: Samples, convert: Callable[[NDArray[np.float64]], Any], out: Any
    ) -> Any:
        """What is made of the logits of all samples, in the form of the user."""
        inputs = self._check_samples(X)
        found = self._outputs(inputs, convert, writers(out, inputs))
        return inputs.restore(found) if out is None else out

    def _outputs(
        self,
        inputs: TaskInputs,
        convert: Callable[[NDArray[np.float64]], Any] = np.asarray,
        write: Sequence[Write | None] | None = None,
    ) -> list[NDArray[Any] | None]:
        """What is made of the logits of each task, or where it is written."""
        predictor = Predictor(self._state)
        write = write or [None] * len(inputs.arrays)

        def classify(t: int, z: Codes) -> Tensor:
            logits = predictor.module.classify(t, z)
            assert logits is not None
            return logits

        return [
            predictor.outputs(
                array,
                t,
                partial(classify, t),
                lambda z: convert(z.astype(np.float64)),
                write[t],
            )
            for t, array in enumerate(inputs.arrays)
        ]


def _softmax(logits: NDArray[np.float64]) -> NDArray[np.float64]:
    highest = logits.max(axis=1, keepdims=True, initial=-np.inf)
    with np.errstate(under="ignore"):  # a probability of almost 0 is no mistake
        exp: NDArray[np.float64] = np.exp(logits - highest)
        total: NDArray[np.float64] = exp.sum(axis=1, keepdims=True)
        return exp / total
