"""How a regressor is fitted."""

from __future__ import annotations

from typing import Self

from sk_jae.estimators._adding import TaskAdding
from sk_jae.estimators._grown_state import plan_added
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._parameters import RegressorParameters
from sk_jae.estimators._phases import Plan, plan_regressor
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.estimators._target_predictions import TargetPredictions
from sk_jae.tasks import (
    AddedTask,
    Ids,
    RegressionTargets,
    Samples,
    Targets,
    check_added_targets,
    check_regression_targets,
)

__all__ = ["TargetFitting"]


class TargetFitting(TaskAdding, TargetPredictions, RegressorParameters):
    """The `fit` of a regressor."""

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Samples,
        y: Targets | None = None,
        *,
        ids: Ids | None = None,
        sample_weight: Targets | None = None,
    ) -> Self:
        """Train the joint autoencoder and its regressors.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like of shape (n_samples, ...)
            One array per task: vectors (n, features), signals (n, channels, time), or
            images (n, height, width), with channels in front or behind. The keys of a
            dict are the names of the tasks; :func:`sk_jae.pack` makes JointArrays. A
            single array is the only task.
        y : list, tuple or dict of (array-like of shape (n_samples_t,) or \
                (n_samples_t, n_outputs), or None), or array-like
            Targets in the form of `X`. None marks a task without targets, and NaN an
            unknown value. For a JointArrays or a single array, `y` is one array, of
            shape (n_samples,) or (n_samples, n_outputs). All tasks that have targets
            have the same outputs.
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
        self : JointTransferRegressor

        Raises
        ------
        ValueError, TypeError
            Before training, if samples, targets, ids or parameters cannot be used.
        ValueError
            During training, if the loss or a weight becomes NaN or infinite.
        TrainingInterrupted
            After Ctrl-C, if an epoch was finished: the estimator can then be used. It
            is a KeyboardInterrupt. After any other exception the estimator is as it
            was before.

        Warns
        -----
        TransferWarning
            Before any training, if the targets can hardly reach a task without any; see
            the Notes of the class. As an error it leaves the estimator as it was.
        UserWarning
            If integers in a flat `y` have -1 as the smallest, which :func:`sk_jae.pack`
            writes where labels are missing, and which is a number here.
        """
        with self._whole_or_not_at_all():
            inputs, layouts = self._check_samples_of_fit(X, ids, sample_weight)
            earlier = None
            if self.warm_start and hasattr(self, "_state"):
                earlier = self._state.target_scale
            targets = check_regression_targets(y, inputs, self, earlier)
            plan = plan_regressor(self, inputs, layouts, targets)
            self._fit(X, y, FitJob(inputs, layouts, plan, targets))
        return self

    def _plan_added(
        self, y: Targets | None, added: AddedTask
    ) -> tuple[RegressionTargets, Plan]:
        scale = self._state.target_scale
        assert scale is not None
        own = check_added_targets(y, added.inputs, scale)
        encoded = (*(None for _ in self._state.task_names), own)
        where = {"regression": own is not None}
        plan = plan_added(self, added, where, ["pairing", "agreement"])
        return RegressionTargets(encoded, scale, added.inputs.weights), plan
