"""The targets of regression: numbers for every task, some of them unknown."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.array_types import Targets
from sk_jae.tasks.conversion import check_one_per_sample, is_missing, to_array
from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.label_values import UNLABELED, has_fractions
from sk_jae.tasks.labels import items_of_targets
from sk_jae.tasks.scaling import scaling_of
from sk_jae.tasks.targets import EncodedTargets, labeled_rows
from sk_jae.tasks.user_level import level_of_user
from sk_jae.tasks.wording import counted, listed

__all__ = [
    "RegressionTargets",
    "TargetScale",
    "check_regression_targets",
    "check_score_targets",
    "is_table",
    "to_targets",
]


class KnowsOutputs(Protocol):
    """A fitted regressor."""

    @property
    def n_outputs_(self) -> int: ...


@dataclass(frozen=True, eq=False)
class TargetScale:
    """How the targets are standardized inside, and what form they have outside.

    Attributes
    ----------
    mean, spread : ndarray of float64 of shape (n_outputs,)
        Over all known values of all tasks, in the units of the user. The spread is the
        standard deviation, or 1 for an output that does not vary.
    is_flat : bool
        Whether the targets of a task have the shape (n_samples,).
    """

    mean: NDArray[np.float64]
    spread: NDArray[np.float64]
    is_flat: bool

    def encode(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Standardize targets (n, n_outputs)."""
        with np.errstate(under="ignore"):
            return ((values - self.mean) / self.spread).astype(np.float32)

    def decode(self, values: NDArray[np.float32]) -> NDArray[np.float64]:
        """Bring predictions (n, n_outputs) to the units and the form of the user."""
        with np.errstate(under="ignore"):
            found = values.astype(np.float64) * self.spread + self.mean
        return found[:, 0] if self.is_flat else found


@dataclass(frozen=True)
class RegressionTargets(EncodedTargets):
    """The standardized targets of every task.

    Attributes
    ----------
    encoded : tuple of (ndarray of float32 of shape (n_samples_t, n_outputs) or None)
        NaN for an unknown value; None for a task without any known one.
    scale : TargetScale
    weights : tuple of (ndarray of shape (n_samples_t,) or None)
        How much each sample counts; empty if all count alike.
    """

    encoded: tuple[NDArray[np.float32] | None, ...]
    scale: TargetScale
    weights: tuple[NDArray[np.float64] | None, ...] = ()


def check_regression_targets(
    y: Targets | None,
    tasks: TaskInputs,
    estimator: object,
    earlier: TargetScale | None = None,
) -> RegressionTargets:
    """Check the targets of all tasks in `fit` and standardize them.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Targets in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        For messages.
    earlier : TargetScale or None, default=None
        That of the fit which this one continues, whose units stay.

    Returns
    -------
    targets : RegressionTargets

    Raises
    ------
    ValueError, TypeError
        If the targets cannot be used; the message names the task.
    """
    parts = _read(y, tasks, estimator)
    _check_marks(parts, tasks)
    known = [
        part
        if part is not None and tasks.counted(t, labeled_rows(_as_table(part))).any()
        else None
        for t, part in enumerate(parts)
    ]
    tables = [_as_table(part) for part in known if part is not None]
    if not tables:
        raise ValueError(
            "y has no known value in any task, expected some in at least one (None "
            "marks a task without targets, and NaN an unknown value; samples of weight "
            "0 do not count); JointAutoencoder needs no targets."
        )
    _check_equal_outputs(known, tasks)
    is_flat = all(part is None or part.ndim == 1 for part in known)
    scale = _scale_of(tables, _weights_of(known, tasks), is_flat)
    if earlier is not None and len(earlier.mean) == len(scale.mean):
        scale = TargetScale(earlier.mean, earlier.spread, scale.is_flat)
    encoded = tuple(
        None if part is None else scale.encode(_as_table(part)) for part in known
    )
    return RegressionTargets(encoded, scale, tasks.weights)


def check_score_targets(
    y: Targets | None, tasks: TaskInputs, estimator: KnowsOutputs
) -> list[NDArray[np.float64] | None]:
    """Check the targets of all tasks in `score`.

    Parameters
    ----------
    y : list, tuple, dict or array-like
        Targets in the form of X, or flat for a JointArrays.
    tasks : TaskInputs
        The samples.
    estimator : estimator
        Its `n_outputs_` is expected.

    Returns
    -------
    targets : list of (ndarray of shape (n_samples_t, n_outputs) or None)
        NaN for an unknown value; None for a task without samples or known values.

    Raises
    ------
    ValueError, TypeError
        If no value is known, or if the targets cannot be used.
    """
    if y is None:
        raise ValueError(
            "y is None, but score needs the targets of at least one sample; without "
            "targets, JointAutoencoder scores reconstructions."
        )
    found: list[NDArray[np.float64] | None] = []
    for t, part in enumerate(_read(y, tasks, estimator)):
        if part is None or tasks.arrays[t] is None or not _any_known(part):
            found.append(None)
            continue
        table = _as_table(part)
        if table.shape[1] != estimator.n_outputs_:
            raise ValueError(
                f"{tasks.describe(t, 'y')} has {counted(table.shape[1], 'output')}, "
                f"expected {estimator.n_outputs_} as in fit."
            )
        found.append(table)
    if all(part is None for part in found):
        raise ValueError(
            "y has no known value in any task, but score needs at least one; in "
            "cross-validation, sk_jae.model_selection.JointStratifiedKFold puts known "
            "values into every fold."
        )
    return found


def is_table(y: object) -> bool:
    """Tell whether y has one column for each of several outputs."""
    shape = getattr(y, "shape", None)
    if shape is None and isinstance(y, (list, tuple)) and y:
        rows = all(isinstance(row, (list, tuple)) for row in y)
        return rows and len({len(row) for row in y}) == 1 and len(y[0]) > 1
    return shape is not None and len(shape) == 2 and shape[1] > 1


def to_targets(item: object, words: str) -> NDArray[np.float64]:
    """Convert targets to float64 of shape (n,) or (n, n_outputs), NaN if unknown."""
    given = to_array(item, words)
    if given.ndim not in (1, 2) or 0 in given.shape[1:]:
        raise ValueError(
            f"{words} has shape {given.shape}, expected (n_samples,) or (n_samples, "
            "n_outputs)."
        )
    if given.dtype == object:
        given = _objects_to_numbers(given, words)
    if given.dtype.kind == "c":
        raise ValueError(
            f"Complex data not supported: {words} has dtype {given.dtype}, expected "
            "real numbers."
        )
    if given.dtype.kind not in "biuf":
        raise ValueError(
            f"{words} has dtype {given.dtype}, expected numbers; for classes, use "
            "JointTransferClassifier."
        )
    values: NDArray[np.float64] = given.astype(np.float64)
    if np.isinf(values).any():
        # The checks of scikit-learn look for the words in parentheses.
        raise ValueError(
            f"{words} holds infinity (Input y contains infinity), expected finite "
            "numbers, or NaN where a value is unknown."
        )
    return values


def _objects_to_numbers(given: NDArray[Any], words: str) -> NDArray[np.float64]:
    missing = np.reshape([is_missing(value) for value in given.flat], given.shape)
    texts = [value for value in given[~missing].flat if isinstance(value, (str, bytes))]
    if texts:
        raise ValueError(
            f"{words} holds the text {texts[0]!r}, expected numbers; for classes, use "
            "JointTransferClassifier."
        )
    try:
        return np.where(missing, np.nan, given).astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{words} holds objects that are not all numbers ({error}), expected "
            "numbers, or NaN where a value is unknown."
        ) from error


def _read(
    y: Targets | None, tasks: TaskInputs, estimator: object
) -> list[NDArray[np.float64] | None]:
    return [
        None if item is None else _one_per_sample(item, tasks, t)
        for t, item in enumerate(items_of_targets(y, tasks, estimator, to_targets))
    ]


def _one_per_sample(item: object, tasks: TaskInputs, t: int) -> NDArray[np.float64]:
    words = tasks.describe(t, "y")
    values = to_targets(item, words)
    array = tasks.arrays[t]
    if array is not None:
        check_one_per_sample(
            values,
            len(array),
            words,
            what="value",
            remedy="; mark unknown values with NaN",
        )
    return values


def _any_known(values: NDArray[np.float64]) -> bool:
    return not np.isnan(values).all()


def _as_table(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values.reshape(len(values), -1)


def _check_marks(parts: list[NDArray[np.float64] | None], tasks: TaskInputs) -> None:
    """Find values of -1 that `pack` may have written where integers are missing."""
    given = [part[~np.isnan(part)] for part in parts if part is not None]
    if tasks.container is None or any(
        has_fractions(part) or (part < UNLABELED).any() for part in given
    ):
        return
    if not any((part == UNLABELED).any() for part in given):
        return
    remedy = (
        "if pack has marked samples without a target by it, make y by "
        "X.join([...]) of one array per task, with NaN where a value is unknown"
    )
    names = [
        name
        for name, part in zip(tasks.names, parts, strict=True)
        if part is not None and part.size and (part == UNLABELED).all()
    ]
    if names and len(tasks.names) > 1:
        raise ValueError(
            f"y of task {names[0]!r} is {UNLABELED} for all samples, which is a number "
            f"like any other in regression; {remedy}."
        )
    warnings.warn(
        f"y holds integers, and {UNLABELED} as the smallest of them, which is a number "
        f"like any other in regression; {remedy}.",
        UserWarning,
        stacklevel=level_of_user(),
    )


def _check_equal_outputs(
    parts: list[NDArray[np.float64] | None], tasks: TaskInputs
) -> None:
    sizes = {
        name: _as_table(part).shape[1]
        for name, part in zip(tasks.names, parts, strict=True)
        if part is not None
    }
    first, *others = sizes
    for other in others:
        if sizes[other] != sizes[first]:
            raise ValueError(
                f"y of task {first!r} has {counted(sizes[first], 'output')} and y of "
                f"task {other!r} has {sizes[other]}, expected the same outputs in all "
                "tasks that have targets; fill a column with NaN where a task lacks an "
                "output."
            )


def _weights_of(
    known: Sequence[NDArray[np.float64] | None], tasks: TaskInputs
) -> NDArray[np.float64]:
    """Return how much each sample counts of the tasks that have targets."""
    weights = tasks.weights or (None,) * len(known)
    return np.concatenate(
        [
            np.ones(len(part)) if own is None else own
            for part, own in zip(known, weights, strict=True)
            if part is not None
        ]
    )


def _scale_of(
    tables: list[NDArray[np.float64]], weights: NDArray[np.float64], is_flat: bool
) -> TargetScale:
    """Find the mean and the spread of each output over all known values."""
    together = np.concatenate(tables)
    known = ~np.isnan(together)
    empty = np.flatnonzero(~known.any(axis=0)).tolist()
    if empty:
        raise ValueError(
            f"y has no known value of output {listed(map(str, empty))} in any task, "
            "expected some; leave this column out."
        )
    scalings = [
        scaling_of(column[own, None], weights[own] if weights[own].any() else None)
        for column, own in zip(together.T, known.T, strict=True)
    ]
    spread = np.concatenate([scaling.spread for scaling in scalings])
    mean = np.concatenate([scaling.mean for scaling in scalings])
    return TargetScale(mean, np.where(spread > 0, spread, 1.0), is_flat)
