"""Reads the samples of `fit`, and finds how they are scaled."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from sk_jae.tasks import Ids, Layout, Samples, Targets, TaskInputs, check_tasks

__all__ = ["AutoWhitens", "check_samples_of_fit"]

AutoWhitens: TypeAlias = Literal["spectra", "warn"]


def check_samples_of_fit(
    estimator: Any,
    X: Samples,
    ids: Ids | None,
    sample_weight: Targets | None,
    auto_whitens: AutoWhitens,
) -> tuple[TaskInputs, tuple[Layout, ...]]:
    """Check the samples of all tasks and find their layouts.

    Parameters
    ----------
    estimator : estimator
    X : list, tuple, dict, JointArrays or array-like
        See the estimators.
    ids : list, tuple or dict, or None
        Which samples are one subject, see the estimators.
    sample_weight : list, tuple, dict or array-like, or None
        How much each sample counts, see the estimators.
    auto_whitens : {"spectra", "warn"}
        What ``input_scaling="auto"`` does with vectors that look like spectra: it
        whitens them, or warns.

    Returns
    -------
    tasks : TaskInputs
    layouts : tuple of Layout
    """
    scale = estimator.input_scaling is not None
    whiten = "all" if estimator.input_scaling == "whiten" else auto_whitens
    return check_tasks(
        X,
        estimator=estimator,
        reset=True,
        layout=estimator.layout,
        scale=scale,
        whiten=whiten if scale else None,
        axes=estimator.shared_input,
        losses=estimator.reconstruction_loss,
        ids=ids,
        sample_weight=sample_weight,
    )
