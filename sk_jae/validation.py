"""What users pass to an estimator, checked and brought into one form.

Every error about data, labels or per-task parameters is raised here, before any
training, and names the task.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_array, column_or_1d, validate_data

from sk_jae._conversion import UNLABELED
from sk_jae.arrays import JointArrays
from sk_jae.layout import Layout, infer_layout

__all__ = ["Labels", "Tasks", "check_labels", "check_task", "check_tasks", "per_task"]

_COLUMNS_CHANGED = "give the features that the estimator was fitted with"


@dataclass(frozen=True)
class Tasks:
    """One array per task, and the form in which results go back to the user.

    Attributes
    ----------
    form : {"array", "list", "dict", "joint"}
        What the user passed.
    names : tuple of str
        The names of all tasks of the estimator, in order.
    arrays : tuple of (ndarray or None)
        The samples of each task, None for a task that is skipped.
    container : JointArrays or None
        The container that the user passed.
    """

    form: str
    names: tuple[str, ...]
    arrays: tuple[NDArray[Any] | None, ...]
    container: JointArrays | None = None

    def restore(self, outputs: Sequence[NDArray[Any] | None]) -> Any:
        """Give one output per task back in the user's form."""
        if self.form == "array":
            return outputs[0]
        if self.form == "joint":
            assert self.container is not None
            return self.container.join(list(outputs))
        if self.form == "dict":
            pairs = zip(self.names, outputs, strict=True)
            return {name: output for name, output in pairs if output is not None}
        return list(outputs)

    def words(self, t: int) -> str:
        """The words for a task in messages."""
        return task_words(self.names, t, self.form)


@dataclass(frozen=True)
class Labels:
    """The labels of every task, encoded as positions in `classes`.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        All classes of all tasks, sorted.
    encoded : tuple of (ndarray of int64 of shape (n_samples_t,) or None)
        Positions in `classes`, -1 for an unlabeled sample; None for a task without
        any labeled sample.
    allowed : ndarray of bool of shape (n_tasks, n_classes)
        The classes among which each task's samples are predicted.
    """

    classes: NDArray[Any]
    encoded: tuple[NDArray[np.int64] | None, ...]
    allowed: NDArray[np.bool_]


def task_words(names: Sequence[str], t: int, form: str = "list") -> str:
    """The words for a task in messages: ``task 'usps' (X['usps'])``."""
    if form == "array":
        return "X"
    item = repr(names[t]) if form == "dict" else str(t)
    return f"task {names[t]!r} (X[{item}])" if form != "joint" else f"task {names[t]!r}"


def is_per_task(X: Any) -> bool:
    """Whether X is a list or tuple of one array per task rather than one array."""
    return (
        isinstance(X, (list, tuple))
        and len(X) > 0
        and all(item is None or getattr(item, "ndim", 0) >= 2 for item in X)
    )


def check_tasks(
    X: Any,
    *,
    estimator: Any,
    reset: bool = False,
    channels: str = "auto",
) -> tuple[Tasks, tuple[Layout, ...]]:
    """Check samples of any input form.

    Parameters
    ----------
    X : list, tuple, dict, JointArrays or array-like
        See the estimators.
    estimator : estimator
        For messages; in prediction also its `task_names_` and `layouts_`. With
        `reset`, a bare 2-D array sets `n_features_in_` and `feature_names_in_`.
    reset : bool, default=False
        True in `fit`.
    channels : {"auto", "first", "last"}, default="auto"
        Where the channels of images with 4 dimensions are.

    Returns
    -------
    tasks : Tasks
    layouts : tuple of Layout
        The layout of each task's samples.

    Raises
    ------
    ValueError, TypeError
        If the samples cannot be used; the message names the task.
    """
    form, given, keys, container = _open(X, estimator)
    if reset:
        names = tuple(keys) if keys is not None else _default_names(len(given))
        _forget_features(estimator)
        arrays = given
        if not arrays:
            raise ValueError(f"X is an empty {form}; give one array per task.")
    else:
        names = estimator.task_names_
        arrays = _order(form, given, keys, names, estimator)
    checked: list[NDArray[Any] | None] = []
    layouts: list[Layout] = []
    for t, array in enumerate(arrays):
        words = task_words(names, t, form)
        if array is None:
            if reset:
                raise ValueError(
                    f"{words} is None in fit; every task needs samples to train on, "
                    "and may be skipped only in prediction."
                )
            checked.append(None)
            layouts.append(estimator.layouts_[t])
            continue
        checked.append(_check_samples(array, form, words, estimator, reset))
        if reset:
            layouts.append(infer_layout(checked[t], channels, words))
        else:
            layouts.append(estimator.layouts_[t])
            _check_shape(checked[t], layouts[t], words)
    if all(array is None for array in checked):
        raise ValueError("X has samples of no task; give at least one array.")
    return Tasks(form, names, tuple(checked), container), tuple(layouts)


def check_labels(y: Any, tasks: Tasks, estimator: Any) -> Labels:
    """Check the labels of all tasks in `fit` and encode them.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Labels in the form of X, or flat for a JointArrays.
    tasks : Tasks
        The samples.
    estimator : estimator
        For messages.

    Returns
    -------
    labels : Labels

    Raises
    ------
    ValueError, TypeError
        If the labels cannot be used; the message names the task.
    """
    parts = split_labels(y, tasks, estimator)
    labeled = [_labeled_mask(part, tasks.form) for part in parts]
    observed = []
    for t, (part, mask) in enumerate(zip(parts, labeled, strict=True)):
        if part is None or not mask.any():
            observed.append(None)
            continue
        _check_targets(part[mask], task_words(tasks.names, t, tasks.form))
        observed.append(np.unique(part[mask]))
    found = [values for values in observed if values is not None]
    if not found:
        raise ValueError(
            "y has no labeled sample in any task; give the labels of at least one task "
            f"(None marks a task and {UNLABELED} a sample without a label), or use "
            "JointAutoencoder, which needs none."
        )
    _check_one_kind(observed, tasks)
    classes = np.unique(np.concatenate(found))
    if len(classes) < 2:
        raise ValueError(
            f"{type(estimator).__name__} needs labels of at least two classes, got one "
            f"class ({classes[0]!r}) in all tasks together."
        )
    encoded: list[NDArray[np.int64] | None] = []
    for part, mask, values in zip(parts, labeled, observed, strict=True):
        if part is None or values is None:
            encoded.append(None)
            continue
        codes = np.full(len(part), UNLABELED, dtype=np.int64)
        codes[mask] = np.searchsorted(classes, part[mask].astype(classes.dtype))
        encoded.append(codes)
    return Labels(classes, tuple(encoded), _allowed(classes, observed, labeled))


def check_score_labels(y: Any, tasks: Tasks, estimator: Any) -> list[Any]:
    """Labels and labeled mask of each task in `score`, None where there are none."""
    if y is None:
        raise ValueError(
            "score needs y with the label of at least one sample, got None; for scores "
            "without labels see sk_jae.metrics."
        )
    parts = split_labels(y, tasks, estimator)
    marks_unlabeled = UNLABELED not in set(estimator.classes_.tolist())
    found: list[Any] = []
    for part, array in zip(parts, tasks.arrays, strict=True):
        if part is None or array is None:
            found.append(None)
            continue
        mask = _is_labeled(part) if marks_unlabeled else np.ones(len(part), dtype=bool)
        found.append((part, mask) if mask.any() else None)
    if all(item is None for item in found):
        raise ValueError(
            "score found no labeled sample in any task; give the label of at least one "
            "sample (with cross-validation, a splitter that stratifies on y, such as "
            "sk_jae.model_selection.JointStratifiedKFold, puts some in every fold)."
        )
    return found


def split_labels(y: Any, tasks: Tasks, estimator: Any) -> list[NDArray[Any] | None]:
    """One label array or None per task, with the right number of labels each."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} requires y to be passed, but the target y is "
            "None; give the labels of at least one task."
        )
    n_tasks = len(tasks.names)
    if tasks.form == "array":
        items: list[Any] = [y]
    elif tasks.form == "joint":
        assert tasks.container is not None
        if isinstance(y, Mapping) or _has_none(y):
            raise TypeError(
                f"y is a {type(y).__name__} with one item per task while X is a "
                "JointArrays; take the flat y that X, y = pack(X, y) returns."
            )
        flat = _one_dimensional(y, "y")
        if len(flat) != len(tasks.container):
            raise ValueError(
                f"y has {len(flat)} labels but X has {len(tasks.container)} samples of "
                "all tasks together; take both from X, y = pack(X, y)."
            )
        parts = tasks.container.split(flat)
        items = list(parts.values()) if isinstance(parts, dict) else list(parts)
    elif isinstance(y, Mapping):
        unknown = [name for name in y if name not in tasks.names]
        if unknown:
            raise ValueError(
                f"y names the unknown task {unknown[0]!r}; the tasks are "
                f"{_listing(tasks.names)}."
            )
        items = [y.get(name) for name in tasks.names]
    else:
        if not isinstance(y, (list, tuple)) or len(y) != n_tasks:
            got = (
                f"{len(y)} items" if isinstance(y, (list, tuple)) else type(y).__name__
            )
            raise ValueError(
                f"y must have one label array (or None) for each of the {n_tasks} "
                f"tasks {_listing(tasks.names)}, got {got}; give y the form of X."
            )
        items = list(y)
    labels: list[NDArray[Any] | None] = []
    for t, item in enumerate(items):
        if item is None:
            labels.append(None)
            continue
        words = "y" if tasks.form == "array" else f"y of task {tasks.names[t]!r}"
        part = _one_dimensional(item, words)
        array = tasks.arrays[t]
        if array is not None and len(part) != len(array):
            raise ValueError(
                f"{words} has {len(part)} labels, expected {len(array)}, one per "
                f"sample of {tasks.words(t)}; mark unlabeled samples with {UNLABELED}."
            )
        labels.append(part)
    return labels


def per_task(
    value: Any, names: Sequence[str], parameter: str, *, is_one: Any
) -> list[Any]:
    """One value of a constructor parameter per task, from one for all, list or dict."""
    if is_one(value):
        return [value] * len(names)
    if isinstance(value, Mapping):
        unknown = [name for name in value if name not in names]
        missing = [name for name in names if name not in value]
        if unknown or missing:
            what = f"unknown task {unknown[0]!r}" if unknown else f"no {missing[0]!r}"
            raise ValueError(
                f"{parameter} has {what}; it needs one value for each of the tasks "
                f"{_listing(names)}."
            )
        return [value[name] for name in names]
    if isinstance(value, (list, tuple, np.ndarray)):
        if len(value) != len(names):
            raise ValueError(
                f"{parameter} has {len(value)} values, expected one for each of the "
                f"{len(names)} tasks {_listing(names)}, or a single value for all."
            )
        return list(value)
    raise TypeError(
        f"{parameter} must be one value for all tasks, or a list or dict with one per "
        f"task, got {value!r}."
    )


def check_weights(value: Any, names: Sequence[str], parameter: str) -> list[float]:
    """Loss weights, one per task."""
    weights = per_task(value, names, parameter, is_one=_is_number)
    for name, weight in zip(names, weights, strict=True):
        if not _is_number(weight) or not np.isfinite(weight) or weight < 0:
            raise ValueError(
                f"{parameter} of task {name!r} must be a number that is at least 0, "
                f"got {weight!r}."
            )
    return [float(weight) for weight in weights]


def check_task(task: Any, names: Sequence[str], parameter: str) -> int:
    """The position of a task given by name or position."""
    if isinstance(task, (int, np.integer)) and not isinstance(task, bool):
        if -len(names) <= task < len(names):
            return int(task) % len(names)
    elif task in names:
        return list(names).index(task)
    raise ValueError(
        f"{parameter}={task!r} is not a task; the tasks are {_listing(names)}, by name "
        f"or by position from 0 to {len(names) - 1}."
    )


def _open(
    X: Any, estimator: Any
) -> tuple[str, list[Any], list[str] | None, JointArrays | None]:
    if isinstance(X, JointArrays):
        names = list(X.task_names) if X.task_names is not None else None
        return "joint", list(X.arrays), names, X
    if isinstance(X, Mapping):
        for name in X:
            if not isinstance(name, str):
                raise TypeError(
                    f"X has the key {name!r}; a dict of tasks needs their names as str."
                )
        return "dict", list(X.values()), list(X), None
    if is_per_task(X):
        if len(X) == 1:
            raise ValueError(
                f"X is a {type(X).__name__} holding one array, which is what "
                "scikit-learn's tools make of a plain list of two tasks when they "
                "split it: pack the tasks before (X, y = pack(X, y)), or, if there is "
                "only one task, pass its array itself."
            )
        return "list", list(X), None, None
    if isinstance(X, (list, tuple)) and _looks_per_task(X):
        t = next(t for t, item in enumerate(X) if not _is_task_like(item))
        got = type(X[t]).__name__
        if hasattr(X[t], "ndim"):
            got = f"an array with {X[t].ndim} dimension(s)"
        raise ValueError(
            f"task {t} (X[{t}]) is {got}, expected an array of shape (n_samples, "
            "n_features) or of images, with at least 2 dimensions, like the other "
            "tasks; reshape it."
        )
    return "array", [X], None, None


def _is_task_like(item: Any) -> bool:
    return item is None or getattr(item, "ndim", 0) >= 2


def _looks_per_task(X: Sequence[Any]) -> bool:
    return any(getattr(item, "ndim", 0) >= 2 for item in X)


def _order(
    form: str,
    given: list[Any],
    keys: list[str] | None,
    names: tuple[str, ...],
    estimator: Any,
) -> list[Any]:
    """The arrays of a prediction input in the order of the fitted tasks."""
    fitted = f"the estimator was fitted on {len(names)} task(s) {_listing(names)}"
    if form == "array":
        if len(names) > 1:
            raise ValueError(
                f"X is one array, but {fitted}; give a list or dict with one array "
                "per task, None for a task to skip."
            )
        return given
    if keys is not None:
        unknown = [key for key in keys if key not in names]
        if unknown:
            raise ValueError(f"X names the unknown task {unknown[0]!r}; {fitted}.")
        by_name = dict(zip(keys, given, strict=True))
        given = [by_name.get(name) for name in names]
    elif len(given) != len(names):
        raise ValueError(
            f"X has {len(given)} arrays, but {fitted}; give one array for each, None "
            "for a task to skip."
        )
    if form == "joint":
        # A selection may hold no sample of a task: nothing to do for it.
        return given
    return given


def _check_samples(
    array: Any, form: str, words: str, estimator: Any, reset: bool
) -> NDArray[Any]:
    if hasattr(array, "detach"):  # a torch tensor, without importing torch
        array = array.detach().cpu().numpy()
    if form == "array":
        if getattr(array, "ndim", 2) <= 2:
            return validate_data(estimator, array, reset=reset, dtype="numeric")
        return check_array(array, allow_nd=True, input_name="X", estimator=estimator)
    if form == "joint" and len(array) == 0:
        if reset:
            raise ValueError(
                f"{words} has no sample in this selection of X; with cross-validation, "
                "use a splitter that puts samples of every task into every fold, such "
                "as sk_jae.model_selection.JointStratifiedKFold."
            )
        return np.asarray(array)
    if not reset and getattr(array, "shape", (1,))[0] == 0:
        raise ValueError(f"{words} has 0 samples; give None to skip the task.")
    try:
        return check_array(array, allow_nd=True, estimator=estimator)
    except (TypeError, ValueError) as error:
        raise type(error)(f"In {words}: {error}") from error


def _check_shape(array: NDArray[Any], layout: Layout, words: str) -> None:
    if array.shape[1:] != layout.shape:
        raise ValueError(
            f"{words} has samples of shape {array.shape[1:]}, expected {layout.shape} "
            f"as in fit; {_COLUMNS_CHANGED}."
        )


def _forget_features(estimator: Any) -> None:
    """Drop what an earlier fit on a bare array has set."""
    for attribute in ("n_features_in_", "feature_names_in_"):
        if hasattr(estimator, attribute):
            delattr(estimator, attribute)


def _default_names(n_tasks: int) -> tuple[str, ...]:
    return tuple(f"task{t}" for t in range(n_tasks))


def _one_dimensional(item: Any, words: str) -> NDArray[Any]:
    if hasattr(item, "detach"):
        item = item.detach().cpu().numpy()
    if isinstance(item, (str, bytes)) or np.asarray(item).ndim == 0:
        raise ValueError(
            f"{words} is {item!r}, expected a 1-dimensional array of labels or None."
        )
    labels = column_or_1d(item, warn=True)
    if labels.dtype.kind in "UT" and (labels == str(UNLABELED)).any():
        # numpy turned ["cat", -1] into text, its -1 included.
        raise ValueError(
            f"{words} has the text label '-1' among text labels; to mark unlabeled "
            "samples keep dtype=object, or encode the labels as integers with "
            "sklearn.preprocessing.LabelEncoder and use -1."
        )
    return labels


def _is_labeled(part: NDArray[Any]) -> NDArray[np.bool_]:
    if part.dtype.kind in "biuf":
        return part != UNLABELED
    return np.array(
        [not (_is_number(label) and label == UNLABELED) for label in part], dtype=bool
    )


def _labeled_mask(part: NDArray[Any] | None, form: str) -> NDArray[np.bool_]:
    if part is None:
        return np.zeros(0, dtype=bool)
    if form == "array" and part.dtype.kind in "biuf" and len(np.unique(part)) == 2:
        # The one-task case is an ordinary scikit-learn classifier, for which -1 and 1
        # are the two classes of a binary problem.
        return np.ones(len(part), dtype=bool)
    return _is_labeled(part)


def _check_targets(labels: NDArray[Any], words: str) -> None:
    try:
        if labels.dtype.kind == "f" and not np.isfinite(labels).all():
            raise ValueError(
                "y contains NaN or infinity; mark unlabeled samples with -1"
            )
        if labels.dtype == object and len({isinstance(v, str) for v in labels}) > 1:
            raise TypeError("labels mix text and numbers")
        check_classification_targets(labels)
    except (TypeError, ValueError) as error:
        where = "" if words == "X" else f"In the labels of {words}: "
        raise type(error)(
            f"{where}{error}; expected one class label per sample."
        ) from error


def _check_one_kind(observed: list[Any], tasks: Tasks) -> None:
    kinds = {}
    for t, values in enumerate(observed):
        if values is not None:
            text = values.dtype.kind in "UTO" and isinstance(values[0], str)
            kinds.setdefault("text" if text else "numbers", t)
    if len(kinds) > 1:
        raise TypeError(
            f"The labels of task {tasks.names[kinds['text']]!r} are text and those of "
            f"task {tasks.names[kinds['numbers']]!r} numbers; the same class must have "
            "the same label in every task."
        )


def _allowed(
    classes: NDArray[Any], observed: list[Any], labeled: list[NDArray[np.bool_]]
) -> NDArray[np.bool_]:
    """The classes of each task: its own if complete or disjoint from the others."""
    allowed = np.ones((len(observed), len(classes)), dtype=bool)
    for t, values in enumerate(observed):
        if values is None:
            continue
        others = [v for u, v in enumerate(observed) if u != t and v is not None]
        complete = labeled[t].all()
        disjoint = others and not np.isin(values, np.concatenate(others)).any()
        if (complete or disjoint) and len(values) > 1:
            allowed[t] = np.isin(classes, values)
    return allowed


def _has_none(y: Any) -> bool:
    return isinstance(y, (list, tuple)) and any(
        item is None or np.ndim(item) > 0 for item in y
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.number)) and not isinstance(value, bool)


def _listing(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names))
