"""How a task joins a fitted estimator."""

from __future__ import annotations

from typing import Self

from sklearn.utils.validation import check_is_fitted

from sk_jae.estimators._base import BaseJointEstimator
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._phases import Plan
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.tasks import (
    AddedTask,
    EncodedTargets,
    Ids,
    Labels,
    Samples,
    Targets,
    check_added_task,
    check_class_prior,
)

__all__ = ["TaskAdding"]


class TaskAdding(BaseJointEstimator):
    """The method `add_task`."""

    @fit_context(prefer_skip_nested_validation=True)
    def add_task(
        self,
        X: Samples,
        y: Targets | None = None,
        *,
        name: str | None = None,
        ids: Ids | None = None,
        X_paired: Samples | None = None,
        sample_weight: Targets | None = None,
    ) -> Self:
        """Let a new task join the fitted estimator, without the data of the others.

        What is trained is the new task's own: its private branch, its decoders, its
        layers that are not tied, its scaling and statistics and, if it has labels, a
        head on both of its codes. All that is tied stays as it is, and so do the
        outputs for the other tasks, to the last bit.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the new task. Where the shared branch sees columns by name, it
            needs a dataframe with these.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs), default=None
            Labels of the known classes, or targets, of some or all samples, as in
            `fit`. None is a task without any. JointAutoencoder does not use it.
        name : str, default=None
            The name of the task. None numbers it, if the others have no names.
        ids : list, tuple or dict of (array-like of shape (n_samples_t,) or None), \
                default=None
            Which samples of `X_paired` and of `X` are one subject: ids for each task as
            in `fit`, those of the new one last or by its name.
        X_paired : list, tuple or dict of (array-like of shape (n_samples_t, ...) or \
                None), or array-like, default=None
            Samples of the other tasks, in the form given to `fit`, to which samples of
            `X` belong.
        sample_weight : array-like of shape (n_samples,), default=None
            How much each sample of `X` counts.

        Returns
        -------
        self : estimator
            With one task more. Parameters that have one value per task, such as a list
            in `encoder`, need one for it too: set them before by `set_params`.

        Raises
        ------
        NotFittedError
            If there is no fit that the task could join.
        ValueError, TypeError
            Before training, if samples, labels, ids or parameters cannot be used, if
            the table lacks a column that the shared branch sees, if signals have a
            lower sampling rate than it sees, or if the tied layers do not fit.
        ValueError
            During training, if the loss or a weight becomes NaN or infinite.
        KeyboardInterrupt
            After Ctrl-C. After any exception the estimator is as it was before.

        Warns
        -----
        TransferWarning
            If what the other tasks have learned can hardly reach a task without labels.
        """
        check_is_fitted(self)
        scales = self.input_scaling is not None
        with self._whole_or_not_at_all():
            added = check_added_task(
                X,
                self,
                name,
                are_named=self._state.named,
                layout=self.layout,
                losses=self.reconstruction_loss,
                scale=scales,
                whiten="all" if scales and self.input_scaling == "whiten" else None,
                axes=self.shared_input,
                ids=ids,
                X_paired=X_paired,
                sample_weight=sample_weight,
            )
            labels, plan = self._plan_added(y, added)
            inputs, earlier = added.inputs, self._state
            prior = None
            if isinstance(labels, Labels):
                given = getattr(self, "class_prior", None)
                prior = check_class_prior(given, inputs.names, labels)
            layouts = (*earlier.layouts, added.layout)
            job = FitJob(inputs, layouts, plan, labels, prior, joins=True)
            others = [None] * len(earlier.layouts)
            try:
                self._fit(
                    [*others, inputs.arrays[-1]],
                    None if y is None else [*others, y],
                    job,
                )
            except TrainingInterrupted as error:
                raise KeyboardInterrupt(
                    "Training was interrupted; the estimator is as it was before the "
                    "task was added."
                ) from error
            state = self._state
            state.transfer = {**earlier.transfer, **state.transfer}
            # Its moments are by the positions of parameters, which the task has moved.
            state.optimizer = None
            for attribute in ("n_features_in_", "feature_names_in_"):
                vars(self).pop(attribute, None)
        return self

    def _plan_added(
        self, y: Targets | None, added: AddedTask
    ) -> tuple[EncodedTargets | None, Plan]:
        """Check what the new task's samples are to be predicted as."""
        raise NotImplementedError
