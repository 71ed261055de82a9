"""How an autoencoder is fitted and scored."""

from __future__ import annotations

from typing import Self

import numpy as np

from sk_jae.estimators._adding import TaskAdding
from sk_jae.estimators._grown_state import plan_added
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._phases import Plan, plan_autoencoder
from sk_jae.estimators._prediction import Predictor
from sk_jae.estimators._scoring import r2, relative_weights
from sk_jae.estimators._sklearn_compat import fit_context
from sk_jae.tasks import AddedTask, Ids, Samples, Targets, check_sample_weight

__all__ = ["CodeFitting"]


class CodeFitting(TaskAdding):
    """The `fit` and the `score` of an autoencoder."""

    # Codes of whitened spectra tell more, but reconstruct less.
    _auto_whitens = "warn"

    @fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Samples,
        y: Targets | None = None,
        *,
        ids: Ids | None = None,
        sample_weight: Targets | None = None,
    ) -> Self:
        """Train the joint autoencoder.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like of shape (n_samples, ...)
            One array per task: vectors (n, features), signals (n, channels, time), or
            images (n, height, width), with channels in front or behind. The keys of a
            dict are the names of the tasks; :func:`sk_jae.pack` makes JointArrays. A
            single array is the only task.
        y : ignored
            Not used, present for API consistency.
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
        self : JointAutoencoder

        Raises
        ------
        ValueError, TypeError
            Before any training, if samples, ids or parameters cannot be used.
        ValueError
            During training, if the loss or a weight becomes NaN or infinite.
        TrainingInterrupted
            After Ctrl-C, if an epoch was finished: the estimator can then be used.
            After any other exception the estimator is as it was before.

        Warns
        -----
        UserWarning
            Before any training, if the vectors of all tasks look like spectra, and
            `input_scaling` is "auto".
        """
        with self._whole_or_not_at_all():
            inputs, layouts = self._check_samples_of_fit(X, ids, sample_weight)
            plan = plan_autoencoder(self, inputs)
            self._fit(X, y, FitJob(inputs, layouts, plan))
        return self

    def _plan_added(self, y: Targets | None, added: AddedTask) -> tuple[None, Plan]:
        return None, plan_added(self, added, {}, ["pairing"])

    def score(
        self, X: Samples, y: object = None, sample_weight: Targets | None = None
    ) -> float:
        """Coefficient of determination of the reconstruction, mean over tasks.

        It does not depend on the loss weights, so that a search over these weights
        compares equal things.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        y : ignored
            Not used, present for API consistency.
        sample_weight : list, tuple or dict, or array-like of shape (n_samples,), \
                default=None
            Weights of the samples in the form of `X`, flat for a JointArrays. None, for
            all tasks or for one, means equal weights. They count within a task; the
            tasks count alike.

        Returns
        -------
        score : float
            R^2 of the reconstruction of each task over all its features, in the units
            of `X`, averaged over the tasks: 1 is perfect, and 0 is as good as the mean
            of the samples.

        Raises
        ------
        ValueError, TypeError
            If weights are negative, not finite or not one per sample, or if they are 0
            for all samples of a task.
        """
        inputs = self._check_samples(X)
        present = [
            (t, array)
            for t, array in enumerate(inputs.arrays)
            if array is not None and len(array)
        ]
        given = check_sample_weight(sample_weight, inputs)
        weights = {t: relative_weights(given[t], inputs, t) for t, _ in present}
        predictor = Predictor(self._state)
        scores = [r2(predictor, array, t, weights[t]) for t, array in present]
        return float(np.mean(scores))
