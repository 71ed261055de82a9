"""The parameter `reconstruction_loss`: what is reconstructed of each task, and how."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any

from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.moments import extremes_of
from sk_jae.tasks.parameters import per_task

__all__ = ["LOSSES", "check_losses", "check_values"]

LOSSES = ("mse", "bce", "poisson", "huber")


def check_losses(reconstruction_loss: object, names: Sequence[str]) -> list[Any]:
    """Check the parameter `reconstruction_loss` and return one loss per task.

    Parameters
    ----------
    reconstruction_loss : str or callable, or list or dict of these
    names : sequence of str
        The names of the tasks.

    Returns
    -------
    losses : list of (str or callable)

    Raises
    ------
    ValueError, TypeError
        If there is not one per task, or if one is no loss.

    Examples
    --------
    >>> from sk_jae.tasks.likelihoods import check_losses
    >>> check_losses({"cells": "poisson", "images": "bce"}, ["images", "cells"])
    ['bce', 'poisson']
    """
    losses = per_task(
        reconstruction_loss, names, "reconstruction_loss", is_one=_is_loss_or_text
    )
    for name, loss in zip(names, losses, strict=True):
        if not _is_loss_or_text(loss) or (isinstance(loss, str) and loss not in LOSSES):
            raise ValueError(
                f"reconstruction_loss of task {name!r} is {loss!r}, expected "
                f"{', '.join(map(repr, LOSSES))} or a function of the reconstruction "
                "and the samples."
            )
        if inspect.isclass(loss):
            raise TypeError(
                f"reconstruction_loss is the class {loss.__name__}, expected a "
                f"function; give an instance of it, such as {loss.__name__}()."
            )
    return losses


def check_values(
    tasks: TaskInputs, layouts: Sequence[Layout], losses: Sequence[Any]
) -> None:
    """Refuse samples of which a likelihood cannot be computed.

    Parameters
    ----------
    tasks : TaskInputs
    layouts : sequence of Layout
    losses : sequence of (str or callable)

    Raises
    ------
    ValueError
        If they are no probabilities for the binary cross-entropy, or if they are
        negative where counts are expected; the message names the task.
    """
    for t, (array, layout, loss) in enumerate(
        zip(tasks.arrays, layouts, losses, strict=True)
    ):
        if loss not in ("bce", "poisson") or array is None or not len(array):
            continue
        low, high = extremes_of(array)
        if loss == "poisson" and low < 0:
            raise ValueError(
                f"{tasks.describe(t)} holds values from {low:.3g} to {high:.3g}, but "
                "reconstruction_loss='poisson' needs counts, which are at least 0; use "
                "reconstruction_loss='mse' for this task."
            )
        if loss == "bce" and (low < 0 or high * layout.scale > 1 + 1e-6):
            raise ValueError(
                f"{tasks.describe(t)} holds values from {low:.3g} to {high:.3g}, but "
                "reconstruction_loss='bce' needs values in [0, 1], or images of uint8; "
                "scale the features, or use reconstruction_loss='mse'."
            )


def _is_loss_or_text(value: object) -> bool:
    return isinstance(value, str) or callable(value)
