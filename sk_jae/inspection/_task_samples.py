"""A few samples of every task, and how they are to be drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk_jae.tasks import (
    Layout,
    Samples,
    TaskInputs,
    check_tasks,
    opened,
    parse_inputs,
    per_task,
    rows_of,
)

__all__ = [
    "Kind",
    "KindParameter",
    "TaskSamples",
    "few_samples",
    "fitted_joint",
    "only_task",
]

Kind: TypeAlias = Literal["image", "curve", "table"]
KindParameter: TypeAlias = str | list[str] | dict[str, str]

# Curves are smooth: neighboring features differ little, and tables have few features.
_SMOOTH = 0.9
_FEWEST_POINTS = 24
_MOST_ROWS = 500

# How many samples are drawn unless the user says it.
_LEGIBLE = {"image": 8, "curve": 4, "table": 12}


@dataclass(frozen=True)
class TaskSamples:
    """A few samples of one task.

    Attributes
    ----------
    name : str
        The name of the task.
    item : object
        The samples in the form in which the user gave them, for the estimator.
    array : ndarray of shape (n_samples, ...)
        The samples as numbers.
    layout : Layout
        That of the fitted estimator.
    kind : {"image", "curve", "table"}
        How samples are drawn.
    center, spread : ndarray of shape (n_features,)
        Mean and standard deviation of the features of the task.
    """

    name: str
    item: Any
    array: NDArray[Any]
    layout: Layout
    kind: Kind
    center: NDArray[Any]
    spread: NDArray[Any]

    @property
    def points(self) -> NDArray[Any]:
        """Where the values of a curve lie: by the names of columns that are numbers."""
        n = self.layout.sample_shape[-1]
        try:
            points = np.array([float(name) for name in self.layout.columns or ()])
        except ValueError:
            return np.arange(n)
        return points if len(points) == n else np.arange(n)


def fitted_joint(estimator: Any, display: str, method: str) -> Any:
    """Return the fitted joint estimator inside a search, or say what is expected."""
    check_is_fitted(estimator)
    inner = getattr(estimator, "best_estimator_", estimator)
    if hasattr(inner, "steps"):
        raise TypeError(
            f"{display} got a Pipeline, expected the joint estimator in it; pass "
            "pipeline[-1], and the samples as pipeline[:-1].transform(X)."
        )
    if not hasattr(inner, "task_names_") or not hasattr(inner, method):
        raise TypeError(
            f"{display} got a {type(inner).__name__}, expected a fitted joint "
            f"estimator of sk_jae, which has the method {method}."
        )
    return inner


def few_samples(
    estimator: Any,
    X: Samples,
    n_samples: int | None,
    kind: KindParameter = "auto",
) -> list[TaskSamples | None]:
    """Take evenly spaced samples of every task, None of a task that X lacks."""
    names = estimator.task_names_
    inputs = parse_inputs(X, names)
    checked, layouts = check_tasks(X, estimator=estimator)
    kinds = per_task(kind, names, "kind", is_one=lambda v: isinstance(v, str))
    found: list[TaskSamples | None] = []
    for t, array in enumerate(checked.arrays):
        if array is None or not len(array):
            found.append(None)
            continue
        item = opened(inputs.arrays[t], inputs.describe(t))
        if inputs.container_kind == "array" and not hasattr(item, "shape"):
            item = array
        flat = array[evenly_spaced(len(array), _MOST_ROWS)]
        flat = flat.reshape(len(flat), -1).astype(np.float64)
        drawn_as = _kind(kinds[t], layouts[t], flat, checked, t)
        rows = evenly_spaced(len(array), n_samples or _LEGIBLE[drawn_as])
        found.append(
            TaskSamples(
                name=names[t],
                item=rows_of(item, rows),
                array=np.asarray(array[rows]),
                layout=layouts[t],
                kind=drawn_as,
                **_units(layouts[t], flat),
            )
        )
    return found


def _units(layout: Layout, flat: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Mean and spread of the features: those of `fit` where it has found them."""
    if layout.scaling is not None:
        return {"center": layout.scaling.mean, "spread": layout.scaling.spread}
    return {"center": flat.mean(axis=0), "spread": flat.std(axis=0)}


def only_task(estimator: Any, t: int, item: Any) -> Any:
    """Return the samples of one task in a form that the estimator takes."""
    if estimator.n_tasks_ == 1:
        return item
    return [item if u == t else None for u in range(estimator.n_tasks_)]


def evenly_spaced(n: int, n_chosen: int) -> NDArray[np.intp]:
    n_chosen = min(n, n_chosen)
    return np.arange(n_chosen) * n // n_chosen


def _kind(
    asked: str, layout: Layout, flat: NDArray[Any], tasks: TaskInputs, t: int
) -> Kind:
    if asked not in ("auto", "curve", "table"):
        raise ValueError(
            f"kind of task {tasks.names[t]!r} is {asked!r}, expected 'auto', 'curve' "
            "or 'table'; what is drawn as an image is decided by `layout` in fit."
        )
    if layout.is_image:
        return "image"
    if layout.kind == "signal" or asked == "curve":
        return "curve"
    return "curve" if asked == "auto" and _is_smooth(flat) else "table"


def _is_smooth(flat: NDArray[Any]) -> bool:
    """Tell whether the features are the points of a curve, as in a spectrum."""
    if flat.shape[1] < _FEWEST_POINTS or len(flat) < 2:
        return False
    rows = flat - flat.mean(axis=1, keepdims=True)
    total = (rows**2).sum(axis=1)
    steps = (np.diff(flat, axis=1) ** 2).sum(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        alike = 1 - steps / (2 * total)
    return bool(np.nanmedian(alike) >= _SMOOTH) if (total > 0).any() else False
