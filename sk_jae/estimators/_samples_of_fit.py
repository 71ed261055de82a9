"""Reads the samples of `fit`, and finds how they are scaled."""

from __future__ import annotations

from typing import Any, Literal

from sk_jae.tasks import Layout, Samples, TaskInputs, check_tasks

__all__ = ["check_samples_of_fit"]


def check_samples_of_fit(
    estimator: Any, X: Samples, auto_whitens: Literal["spectra"] | None
) -> tuple[TaskInputs, tuple[Layout, ...]]:
    """Check the samples of all tasks and find their layouts.

    Parameters
    ----------
    estimator : estimator
    X : list, tuple, dict, JointArrays or array-like
        See the estimators.
    auto_whitens : {"spectra"} or None
        The vectors that ``input_scaling="auto"`` whitens.

    Returns
    -------
    tasks : TaskInputs
    layouts : tuple of Layout
    """
    # The binary cross-entropy needs the values as they are.
    scale = estimator.input_scaling is not None and (
        estimator.reconstruction_loss != "bce"
    )
    whiten = "all" if estimator.input_scaling == "whiten" else auto_whitens
    return check_tasks(
        X,
        estimator=estimator,
        reset=True,
        layout=estimator.layout,
        scale=scale,
        whiten=whiten if scale else None,
    )
