"""The parameter `sampling_rate`: how long a time step of each task is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TypeAlias

import numpy as np

from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.parameters import per_task

__all__ = ["SamplingRate", "check_sampling_rate"]

SamplingRate: TypeAlias = (
    float | Sequence[float | None] | Mapping[str, float | None] | None
)


def check_sampling_rate(
    sampling_rate: object, tasks: TaskInputs, layouts: Sequence[Layout]
) -> list[float | None]:
    """Check the parameter `sampling_rate` and return one rate per task.

    Parameters
    ----------
    sampling_rate : float, list or dict of (float or None), or None
    tasks : TaskInputs
    layouts : sequence of Layout
        The layouts of the samples.

    Returns
    -------
    rates : list of (float or None)
        None for all tasks, or for those that hold no signals.

    Raises
    ------
    ValueError, TypeError
        If there is not one per task, if one is no positive number, if a task that holds
        no signals has one, or if some signals have one and some have none.
    """
    if sampling_rate is None:
        return [None] * len(layouts)
    rates = per_task(sampling_rate, tasks.names, "sampling_rate", is_one=_is_number)
    signals = [t for t, layout in enumerate(layouts) if layout.kind == "signal"]
    if not signals:
        raise ValueError(
            "sampling_rate is given, but no task holds signals (n_samples, channels, "
            "time); set layout='signal' if one does, or sampling_rate=None."
        )
    if _is_number(sampling_rate):
        rates = [r if t in signals else None for t, r in enumerate(rates)]
    for t, rate in enumerate(rates):
        words = tasks.describe(t, "sampling_rate")
        if rate is None and t not in signals:
            continue
        if t not in signals:
            raise ValueError(
                f"{words} is {rate!r}, but the task holds no signals (n_samples, "
                "channels, time); give None for it, or set its layout to 'signal'."
            )
        if not _is_number(rate) or not 0 < rate < np.inf:
            raise ValueError(
                f"{words} is {rate!r}, expected a positive number, such as 100 for 100 "
                "steps per second, for every task that holds signals."
            )
    return [None if rate is None else float(rate) for rate in rates]


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, (bool, np.bool_))
