"""The samples of every task: numeric, finite, and of the shape seen in `fit`."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import validate_data

from sk_jae.tasks.conversion import to_array, to_samples
from sk_jae.tasks.forms import Samples, TaskInputs, parse_inputs
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.layout import Layout, LayoutChoice, infer_layout

__all__ = ["check_codes", "check_tasks", "check_unit_range"]

# The squares of such values, and with them the loss, are finite in float32.
_LARGEST = 2.0**64


class KnowsTasks(Protocol):
    """An estimator that knows, once it is fitted, the tasks of its fit."""

    @property
    def task_names_(self) -> tuple[str, ...]: ...

    @property
    def layouts_(self) -> tuple[Layout, ...]: ...


def check_tasks(
    X: Samples | None,
    *,
    estimator: KnowsTasks,
    reset: bool = False,
    layout: LayoutChoice = "auto",
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
    layout : {"auto", "first", "last"}, default="auto"
        Where the channels of images with 4 dimensions are.

    Returns
    -------
    tasks : TaskInputs
    layouts : tuple of Layout
        The layout of each task's samples.

    Raises
    ------
    ValueError, TypeError
        If the samples cannot be used; the message names the task.
    """
    tasks = parse_inputs(X, None if reset else estimator.task_names_)
    arrays: list[NDArray[Any] | None] = []
    layouts: list[Layout] = []
    for t, item in enumerate(tasks.arrays):
        words = tasks.describe(t)
        known = None if reset else estimator.layouts_[t]
        if item is None and known is not None and tasks.container_kind != "array":
            arrays.append(None)
            layouts.append(known)
            continue
        array = to_samples(item, words)
        _check_has_features(array, words)
        if tasks.container_kind == "array" and array.ndim == 2:
            _check_features(item, array, estimator, reset)
        if known is None:
            known = infer_layout(array, layout, words, _columns(item))
        else:
            _check_layout(item, array, known, words)
        if len(array):
            array = _to_numbers(array, words)
        elif reset or tasks.container_kind != "joint":
            raise ValueError(_no_samples(tasks, t, reset))
        arrays.append(array)
        layouts.append(known)
    if not any(array is not None and len(array) for array in arrays):
        raise ValueError(
            "X has no sample of any task, expected samples of at least one."
        )
    if reset and (tasks.container_kind != "array" or len(layouts[0].shape) > 1):
        _forget_features(estimator)
    return replace(tasks, arrays=tuple(arrays)), tuple(layouts)


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
        arrays.append(_to_numbers(array, words).astype(np.float32, copy=False))
    return replace(tasks, arrays=tuple(arrays))


def _check_has_features(array: NDArray[Any], words: str) -> None:
    if 0 in array.shape[1:]:
        # scikit-learn's checks look for these very words.
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


def _to_numbers(array: NDArray[Any], words: str) -> NDArray[Any]:
    """The array if it holds finite numbers, objects that are such converted."""
    if array.dtype == object:
        array = _objects_to_numbers(array, words)
    kind = array.dtype.kind
    if kind == "c":
        raise ValueError(
            f"Complex data not supported: {words} has dtype {array.dtype}, expected "
            "real numbers."
        )
    if kind not in "biuf":
        raise ValueError(
            f"{words} has dtype {array.dtype}, expected numbers; encode the features "
            "first, for example with sklearn.preprocessing.OrdinalEncoder."
        )
    if kind == "f" and array.size:
        _check_finite(array, words)
    return array


def _check_finite(array: NDArray[Any], words: str) -> None:
    # Two passes, but no copy, which a large memory map could not afford.
    with np.errstate(invalid="ignore"):
        low, high = float(array.min()), float(array.max())
    if np.isnan(low):
        raise ValueError(
            f"{words} holds NaN, expected finite numbers; drop or impute what is "
            "missing before."
        )
    if np.isinf([low, high]).any():
        raise ValueError(f"{words} holds infinity, expected finite numbers.")
    if max(-low, high) > _LARGEST:
        raise ValueError(
            f"{words} holds values from {low:.3g} to {high:.3g}, expected at most "
            f"{_LARGEST:.1e} in size, whose squares are finite in float32; scale the "
            "features."
        )


def check_unit_range(tasks: TaskInputs, layouts: tuple[Layout, ...]) -> None:
    """Refuse samples that are no probabilities, for the binary cross-entropy."""
    for t, (array, layout) in enumerate(zip(tasks.arrays, layouts, strict=True)):
        assert array is not None
        low, high = float(array.min()), float(array.max())
        if low < 0 or high * layout.scale > 1 + 1e-6:
            raise ValueError(
                f"{tasks.describe(t)} holds values from {low:.3g} to {high:.3g}, but "
                "reconstruction_loss='bce' needs values in [0, 1], or images of uint8; "
                "scale the features, or use reconstruction_loss='mse'."
            )


def _objects_to_numbers(array: NDArray[Any], words: str) -> NDArray[np.float64]:
    for value in array.flat:
        if isinstance(value, (str, bytes)):
            raise ValueError(
                f"{words} holds the text {value!r}, expected numbers; encode the "
                "features first, for example with "
                "sklearn.preprocessing.OrdinalEncoder."
            )
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{words} holds objects that are not all numbers ({error}), expected "
            "numbers only."
        ) from error


def _check_features(
    item: object, array: NDArray[Any], estimator: object, reset: bool
) -> None:
    """Number and names of the features of a bare array, as in scikit-learn."""
    table = item if hasattr(item, "columns") else array
    validate_data(estimator, table, reset=reset, skip_check_array=True)


def _forget_features(estimator: object) -> None:
    """Drop what an earlier fit on a bare array has set."""
    for attribute in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, attribute):
            delattr(estimator, attribute)


def _check_layout(
    item: object, array: NDArray[Any], layout: Layout, words: str
) -> None:
    if array.shape[1:] != layout.shape:
        raise ValueError(
            f"{words} has samples of shape {array.shape[1:]}, expected {layout.shape} "
            "as in fit; give the features that the estimator was fitted on."
        )
    columns = _columns(item)
    if columns and layout.columns and columns != layout.columns:
        raise ValueError(
            f"{words} has the features {', '.join(columns)}, expected "
            f"{', '.join(layout.columns)} as in fit, in this order."
        )
    _warn_of_units(array, layout, words)


def _warn_of_units(array: NDArray[Any], layout: Layout, words: str) -> None:
    """Warn if images look as if their units were others than in fit."""
    if not layout.is_image or array.dtype.kind not in "uf":
        return
    highest = array.max(initial=0)
    if layout.scale == 1.0 and array.dtype == np.uint8 and highest > 1:
        warnings.warn(
            f"{words} has uint8 images with values up to {highest}, which are taken as "
            "they are, because fit saw another dtype and scaled nothing; give them in "
            "the units of fit.",
            UserWarning,
            stacklevel=2,
        )
    elif layout.scale != 1.0 and array.dtype.kind == "f" and 0 < highest <= 1:
        warnings.warn(
            f"{words} has images with values up to {highest:.3g}, which are divided by "
            "255 like the uint8 images that fit saw; give them in the units of fit.",
            UserWarning,
            stacklevel=2,
        )


def _columns(item: object) -> tuple[str, ...] | None:
    """The names of the features of a dataframe, if all are text."""
    columns = tuple(getattr(item, "columns", ()))
    return columns if columns and all(isinstance(c, str) for c in columns) else None
