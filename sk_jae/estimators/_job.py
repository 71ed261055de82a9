"""What one fit is given, after all checks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sk_jae.estimators._phases import Plan
from sk_jae.tasks import EncodedTargets, Layout, TaskInputs

__all__ = ["FitJob"]


@dataclass(frozen=True)
class FitJob:
    """What one fit is given, after all checks.

    Attributes
    ----------
    inputs : TaskInputs
    layouts : tuple of Layout
    plan : Plan
    labels : EncodedTargets or None
    class_prior : dict of {int: ndarray of shape (n_classes,)} or None
    joins : bool
        Whether the last task joins the fit that there is, which has all others.
    """

    inputs: TaskInputs
    layouts: tuple[Layout, ...]
    plan: Plan
    labels: EncodedTargets | None = None
    class_prior: Mapping[int, NDArray[np.float64]] | None = None
    joins: bool = False
