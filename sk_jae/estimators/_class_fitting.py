"""How a classifier is fitted."""

from __future__ import annotations

from typing import Self

import numpy as np

from sk_jae.estimators._adding import TaskAdding
from sk_jae.estimators._class_predictions import ClassPredictions
from sk_jae.estimators._grown_state import plan_added
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._parameters import ClassifierParameters
from sk_jae.estimators._phases import Plan, plan_classifier
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.tasks import (
    AddedTask,
    Ids,
    Labels,
    Samples,
    Targets,
    check_added_labels,
    check_class_prior,
    check_labels,
    weights_of_classes,
)

__all__ = ["ClassFitting"]


class ClassFitting(TaskAdding, ClassPredictions, ClassifierParameters):
    """The `fit` of a classifier."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Samples,
        y: Targets | None = None,
        *,
        ids: Ids | None = None,
        sample_weight: Targets | None = None,
    ) -> Self:
        """Train the joint autoencoder and its classifiers.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like of shape (n_samples, ...)
            One array per task: vectors (n, features), signals (n, channels, time), or
            images (n, height, width), with channels in front or behind. The keys of a
            dict are the names of the tasks; :func:`sk_jae.pack` makes JointArrays. A
            single array is the only task.
        y : list, tuple or dict of (array-like of shape (n_samples_t,) or None), or \
                array-like of shape (n_samples,)
            Labels in the form of `X`. None marks a task without labels, and -1 marks an
            unlabeled sample. For a JointArrays or a single array, `y` is one array. If
            `X` is a single array and `y` has exactly two values, these are two classes,
            even if one of them is -1.
        ids : list, tuple or dict of (array-like of shape (n_samples_t,) or None), \
                default=None
            Which subject each sample belongs to, in the form of `X`: samples of
            different tasks with equal ids are one subject, such as a patient. None in
            place of an id, or of a task's ids, marks samples that belong to no other.
            A JointArrays has ids of its own, from ``pack(X, y, ids=ids)``.
        sample_weight : list, tuple or dict of (array-like of shape (n_samples_t,) or \
                None), or array-like of shape (n_samples,), default=None
            How much each sample counts, in the form of `X`; for a JointArrays it is one
            array in the order of its samples. None, for all tasks or for one, means
            equal weights. They count in the scaling and in all terms of the loss but
            those of `ids`; a sample of weight 0 is left out.

        Returns
        -------
        self : JointTransferClassifier

        Raises
        ------
        ValueError, TypeError
            Before training, if samples, labels, ids or parameters cannot be used.
        ValueError
            During training, if the loss or a weight becomes NaN or infinite.
        TrainingInterrupted
            After Ctrl-C, if an epoch was finished: the estimator can then be used. It
            is a KeyboardInterrupt. After any other exception the estimator is as it
            was before.

        Warns
        -----
        TransferWarning
            Before any training, if the labels can hardly reach a task without any; see
            the Notes of the class. As an error it leaves the estimator as it was.
        """
        with self._whole_or_not_at_all():
            inputs, layouts = self._check_samples_of_fit(X, ids, sample_weight)
            labels = check_labels(y, inputs, self, self.class_weight)
            plan = plan_classifier(self, inputs, layouts, labels)
            prior = check_class_prior(self.class_prior, inputs.names, labels)
            self._fit(X, y, FitJob(inputs, layouts, plan, labels, prior))
        return self

    def _plan_added(self, y: Targets | None, added: AddedTask) -> tuple[Labels, Plan]:
        state, inputs = self._state, added.inputs
        assert state.classes is not None
        assert state.class_mask is not None
        own, possible = check_added_labels(y, inputs, state.classes)
        encoded = (*(None for _ in state.task_names), own)
        labels = Labels(
            state.classes,
            encoded,
            np.vstack([state.class_mask, possible]),
            weights_of_classes(
                self.class_weight, state.classes, encoded, inputs.weights
            ),
            inputs.weights,
        )
        is_unlabeled = not labels.complete[-1]
        where = {
            "classification": own is not None,
            "infomax": is_unlabeled,
            "consistency": is_unlabeled,
        }
        return labels, plan_added(self, added, where, ["pairing", "agreement"])
