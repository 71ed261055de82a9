"""The samples of every task: numeric, finite, and of the shape seen in `fit`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from sk_jae.tasks.array_types import Targets
from sk_jae.tasks.axes import with_axes
from sk_jae.tasks.conversion import to_array
from sk_jae.tasks.forms import Samples, TaskInputs, parse_inputs
from sk_jae.tasks.ids import Ids
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.layout import Layout
from sk_jae.tasks.layout_choice import (
    LayoutChoice,
    LayoutParameter,
    check_layouts,
    infer_layout,
)
from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray
from sk_jae.tasks.likelihoods import check_losses, check_values
from sk_jae.tasks.moments import extremes_of
from sk_jae.tasks.pairs import pairs_of
from sk_jae.tasks.sample_weights import given_weights, relative, weights_in_fit
from sk_jae.tasks.scaling import Scaling, scaling_of, scaling_of_signals
from sk_jae.tasks.sources import column_dtypes, column_names, to_rows
from sk_jae.tasks.values import check_size, to_numbers
from sk_jae.tasks.whitened_layouts import Whitened, can_whiten, whitened

__all__ = ["check_codes", "check_tasks"]

# Images whose values differ by these factors from fit may be in other units.
_MUCH_LARGER, _MUCH_SMALLER = 4, 10

# What is not in memory is looked at in so many samples only.
_ROWS_LOOKED_AT = 256


class KnowsTasks(Protocol):
    """An estimator that knows the tasks of its fit once it is fitted."""

    @property
    def task_names_(self) -> tuple[str, ...]: ...

    @property
    def layouts_(self) -> tuple[Layout, ...]: ...


def check_tasks(
    X: Samples | None,
    *,
    estimator: KnowsTasks,
    reset: bool = False,
    layout: LayoutParameter = "auto",
    scale: bool = False,
    whiten: Whitened | None = None,
    axes: object = None,
    losses: object = "mse",
    ids: Ids | None = None,
    sample_weight: Targets | None = None,
) -> tuple[TaskInputs, tuple[Layout, ...]]:
    """Check samples of any input form.

    Nothing is copied that need not be: numeric arrays, memory maps and tensors on the
    CPU stay where they are.

    Parameters
    ----------
    X : list, tuple, dict, JointArrays or array-like
        See the estimators.
    estimator : estimator
        Without `reset`, its `task_names_` and `layouts_` say what is expected. With
        `reset`, a bare 2-D array sets `n_features_in_` and `feature_names_in_`.
    reset : bool, default=False
        True in `fit`.
    layout : str or tuple of int, or list or dict of these, default="auto"
        The layout of the samples, see the estimators. Used with `reset`.
    scale : bool, default=False
        Whether the layouts of vectors and signals get a scaling, found in these
        samples.
    whiten : {"all", "spectra", "warn"} or None, default=None
        The vectors whose scaling is a whitening, see :func:`whitenings_of`.
    axes : object, default=None
        The parameter `shared_input`, see :func:`with_axes`. Used with `reset`.
    losses : str or callable, or list or dict of these, default="mse"
        The reconstruction loss, see the estimators. The binary cross-entropy needs
        values as they are. Used with `reset`.
    ids : list, tuple or dict, default=None
        Which samples are one subject, see the estimators. Used with `reset`.
    sample_weight : list, tuple, dict or array-like, default=None
        How much each sample counts, see the estimators. Used with `reset`.

    Returns
    -------
    tasks : TaskInputs
    layouts : tuple of Layout
        The layout of each task's samples.

    Raises
    ------
    ValueError, TypeError
        If samples, ids or weights cannot be used; the message names the task.
    """
    tasks = parse_inputs(X, None if reset else estimator.task_names_)
    seen_layouts = _layouts_seen(tasks, estimator, reset)
    choices = check_layouts(layout, tasks)
    kinds = check_losses(losses, tasks.names)
    given = given_weights(sample_weight, tasks)
    weights: list[NDArray[np.float64] | None] = []
    arrays: list[SampleArray | None] = []
    layouts: list[Layout] = []
    for t, (item, seen) in enumerate(zip(tasks.arrays, seen_layouts, strict=True)):
        words = tasks.describe(t)
        if item is None and not reset and tasks.container_kind != "array":
            arrays.append(None)
            layouts.append(estimator.layouts_[t])
            continue
        array = to_rows(item, words)
        _check_has_features(array, words)
        if tasks.container_kind == "array" and array.ndim == 2:
            _check_features(item, array, estimator, reset)
        found = _new_layout(item, array, choices[t], words) if reset else None
        if found and seen and found.shape != seen.shape:
            seen = None  # not the same task, which the warm start will say
        if seen:
            _check_layout(item, array, seen, words)
        if len(array):
            array = to_numbers(array, words, read_later=not reset)
        elif reset or tasks.container_kind != "joint":
            raise ValueError(_no_samples(tasks, t, reset))
        weights.append(weights_in_fit(given[t], tasks, t, len(array)))
        if found and not found.is_image:
            if scale and kinds[t] != "bce" and len(array):
                (own,) = relative(weights[t:])
                found = replace(found, scaling=_scaling_of(array, found, own))
            else:
                check_size(array, words)
        if seen:
            _warn_of_units(array, seen, words)
        arrays.append(array)
        layouts.append(_with_units(array, found, seen))
    if not any(array is not None and len(array) for array in arrays):
        raise ValueError(
            "X has no sample of any task, expected samples of at least one."
        )
    if reset and (tasks.container_kind != "array" or len(layouts[0].shape) > 1):
        _forget_features(estimator)
    if reset:
        layouts = with_axes(axes, tasks, layouts, seen_layouts)
    if whiten and can_whiten(tasks, layouts, kinds, whiten):
        layouts = whitened(arrays, layouts, seen_layouts, weights, whiten)
    tasks = replace(tasks, arrays=tuple(arrays))
    if reset:
        if any(own is not None for own in weights):
            tasks = replace(tasks, weights=relative(weights))
        check_values(tasks, layouts, kinds)
        tasks = replace(tasks, pairs=pairs_of(ids, tasks), losses=tuple(kinds))
    return tasks, tuple(layouts)


def check_codes(Z: Samples | None, names: tuple[str, ...], n_codes: int) -> TaskInputs:
    """Check codes in the form that `transform` gives them.

    Parameters
    ----------
    Z : list, tuple, dict or array-like
        Codes of shape (n_samples_t, n_codes) per task, None for a task to skip.
    names : tuple of str
        The names of the tasks.
    n_codes : int
        The number of codes of a sample.

    Returns
    -------
    codes : TaskInputs
        With float32 arrays.

    Raises
    ------
    ValueError, TypeError
        If these are not such codes; the message names the task.
    """
    if isinstance(Z, JointArrays):
        raise TypeError(
            "Z is a JointArrays, expected codes per task; for the flat codes of a "
            "JointArrays X use X.split(Z)."
        )
    tasks = parse_inputs(Z, names, "Z")
    arrays: list[NDArray[Any] | None] = []
    for t, item in enumerate(tasks.arrays):
        if item is None and tasks.container_kind != "array":
            arrays.append(None)
            continue
        words = tasks.describe(t, "Z")
        array = to_array(item, words)
        if array.ndim != 2 or array.shape[1] != n_codes:
            raise ValueError(
                f"{words} has shape {array.shape}, expected codes of shape (n_samples, "
                f"{n_codes}) as transform gives them."
            )
        arrays.append(_to_codes(to_numbers(array, words)))
    return replace(tasks, arrays=tuple(arrays))


def _to_codes(array: SampleArray) -> NDArray[np.float32]:
    with np.errstate(under="ignore"):
        # torch does not support negative strides.
        return np.ascontiguousarray(array, dtype=np.float32)


def _layouts_seen(
    tasks: TaskInputs, estimator: KnowsTasks, reset: bool
) -> Sequence[Layout | None]:
    """Return the layouts of an earlier fit that the samples must have again."""
    if not reset:
        return estimator.layouts_
    is_warm = getattr(estimator, "warm_start", False) and hasattr(estimator, "layouts_")
    if is_warm:
        n = len(estimator.task_names_)
        if estimator.task_names_ == tasks.names[:n]:
            return [*estimator.layouts_, *(None for _ in tasks.names[n:])]
    return [None] * len(tasks.names)


def _new_layout(
    item: object, array: SampleArray, choice: LayoutChoice, words: str
) -> Layout:
    names = column_names(item) or column_names(array)
    found = infer_layout(array, choice, words, names)
    return replace(found, column_dtypes=column_dtypes(item))


def _scaling_of(
    array: SampleArray, layout: Layout, weights: NDArray[np.float64] | None
) -> Scaling:
    if layout.kind == "signal":
        return scaling_of_signals(array, weights, layout.module_shape)
    return scaling_of(array, weights)


def _with_units(
    array: SampleArray, found: Layout | None, seen: Layout | None
) -> Layout:
    """Add the units to the layout: those of an earlier fit, or else those found."""
    if found is None:
        assert seen is not None
        return seen
    if seen is None:
        return found.with_units(array)
    own = found.with_units(array)
    return replace(
        seen,
        kind=own.kind,
        dtype=own.dtype,
        unflattened=own.unflattened,
        given=own.given,
        column_dtypes=own.column_dtypes,
    )


def _check_has_features(array: SampleArray, words: str) -> None:
    if 0 in array.shape[1:]:
        # The checks of scikit-learn look for exactly these words.
        raise ValueError(
            f"{words} has 0 feature(s) (shape={array.shape}) while a minimum of 1 is "
            "required."
        )


def _no_samples(tasks: TaskInputs, t: int, reset: bool) -> str:
    words = tasks.describe(t)
    if tasks.container_kind == "joint":
        return (
            f"{words} has no sample in this selection of X, expected at least 1; in "
            "cross-validation, use a splitter that puts samples of every task into "
            "every fold, such as sk_jae.model_selection.JointStratifiedKFold."
        )
    skip = (
        "" if reset or tasks.container_kind == "array" else ", or None to skip the task"
    )
    return f"{words} has 0 samples, expected at least 1{skip}."


def _check_features(
    item: object, array: SampleArray, estimator: object, reset: bool
) -> None:
    """Check or set the number and names of the features of one bare array."""
    table = item if hasattr(item, "columns") else array
    names = column_names(item) or column_names(array) or ()
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"X has the column {twice!r} more than once, expected a name of its own "
            "for every column."
        )
    validate_data(estimator, table, reset=reset, skip_check_array=True)


def _forget_features(estimator: object) -> None:
    """Remove the attributes that an earlier fit on a bare array has set."""
    for attribute in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, attribute):
            delattr(estimator, attribute)


def _check_layout(item: object, array: SampleArray, layout: Layout, words: str) -> None:
    if array.shape[1:] != layout.shape:
        raise ValueError(
            f"{words} has samples of shape {array.shape[1:]}, expected {layout.shape} "
            "as in fit; give the features that the estimator was fitted on."
        )
    columns = column_names(item) or column_names(array)
    if columns and layout.columns and columns != layout.columns:
        raise ValueError(
            f"{words} has the features {', '.join(columns)}, expected "
            f"{', '.join(layout.columns)} as in fit, in this order."
        )


def _warn_of_units(array: SampleArray, layout: Layout, words: str) -> None:
    """Warn if images look as if their units were others than in fit."""
    if not layout.largest or not array.size or array.dtype.kind not in "biuf":
        return
    if isinstance(array, LazyArray) and array.extremes is None:
        array = array[array.spread(_ROWS_LOOKED_AT)]
    low, high = extremes_of(array)
    largest = max(-low, high)
    is_dark = largest < layout.largest / _MUCH_SMALLER and array.dtype != np.uint8
    if largest > layout.largest * _MUCH_LARGER or (largest and is_dark):
        warnings.warn(
            f"{words} has images with values up to {largest:.3g}, but those in fit "
            f"went up to {layout.largest:.3g}, and both are taken for the same units; "
            "give the images in the units of fit.",
            UserWarning,
            stacklevel=5,
        )
