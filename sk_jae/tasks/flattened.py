"""A warning of pictures and signals that come as the columns of a table."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Literal

from sk_jae.exceptions import TransferWarning
from sk_jae.tasks.flattened_pictures import flattened_pictures
from sk_jae.tasks.flattened_signals import are_flattened_signals
from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout_choice import LayoutChoice, check_layouts
from sk_jae.tasks.lazy_arrays import SampleArray
from sk_jae.tasks.user_level import level_of_user

__all__ = ["warn_of_flattened"]


def warn_of_flattened(
    tasks: TaskInputs, layout: object, labels: Sequence[object | None]
) -> bool:
    """Warn of pictures and signals read as tables where a task has no labels.

    Parameters
    ----------
    tasks : TaskInputs
        The samples of `fit`.
    layout : str or tuple of int, or list or dict of these
        The parameter of the estimator. Where it is not "auto", nothing is looked at.
    labels : sequence of (object or None)
        The labels of each task, None for a task without any.

    Returns
    -------
    warned : bool
    """
    if all(y is not None for y in labels):
        return False
    choices = check_layouts(layout, tasks)
    found = [
        _recognized(array) if choice == "auto" else None
        for array, choice in zip(tasks.arrays, choices, strict=True)
    ]
    told = [t for t, better in enumerate(found) if better]
    if not told:
        return False
    columns = [
        f"{tasks.describe(t)} has {tasks.arrays[t].shape[1]} columns that look like "
        f"{_wording(found[t])}"
        for t in told
    ]
    warnings.warn(
        f"{' and '.join(columns)}, but they are read as tables, from which a task "
        "without labels learns little; set "
        f"{_remedy(tasks, choices, found)} to read them as what they are, or "
        "layout='vector' if they are neither pictures nor signals.",
        TransferWarning,
        stacklevel=level_of_user(),
    )
    return True


def _recognized(array: SampleArray) -> tuple[int, ...] | Literal["signal"] | None:
    """The shape of pictures, "signal", or None for the columns of a table."""
    shape = flattened_pictures(array)
    if shape is None and are_flattened_signals(array):
        return "signal"
    return shape


def _wording(found: tuple[int, ...] | str | None) -> str:
    if isinstance(found, tuple):
        size = " x ".join(map(str, found))
        return f"pictures of {size}, since neighbors are much more alike than others"
    return (
        "signals, since how alike two columns are depends only on how far apart they "
        "are"
    )


def _remedy(
    tasks: TaskInputs,
    choices: Sequence[LayoutChoice],
    found: Sequence[tuple[int, ...] | Literal["signal"] | None],
) -> str:
    """Write the parameter that reads all tasks as what they are."""
    better = [
        "image" if isinstance(form, tuple) and len(form) == 2 else form or choice
        for choice, form in zip(choices, found, strict=True)
    ]
    if len(set(better)) == 1:
        return f"layout={better[0]!r}"
    if tasks.are_named:
        return f"layout={dict(zip(tasks.names, better, strict=True))!r}"
    return f"layout={better!r}"
