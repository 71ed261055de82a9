"""The values of labels: find missing ones and marks, and convert the others."""

from __future__ import annotations

import numbers
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import column_or_1d

from sk_jae.tasks.conversion import check_one_dimension, is_missing, to_array

__all__ = [
    "UNLABELED",
    "TaskLabels",
    "check_label_values",
    "has_fractions",
    "known_values",
    "labeled_mask",
    "missing_mask",
    "read_labels",
    "to_vector",
    "with_known_values",
]

UNLABELED = -1


@dataclass(frozen=True)
class TaskLabels:
    """The labels of one task.

    Attributes
    ----------
    values : ndarray of shape (n_samples_t,)
        Those of unlabeled samples have no meaning.
    labeled, missing : ndarray of bool of shape (n_samples_t,)
    marked : bool
        Whether some sample is unlabeled because its label is -1.
    """

    values: NDArray[Any]
    labeled: NDArray[np.bool_]
    missing: NDArray[np.bool_]
    marked: bool

    @property
    def observed(self) -> NDArray[Any]:
        return np.unique(self.values[self.labeled])


def to_vector(item: object, words: str) -> NDArray[Any]:
    """Convert labels of any kind to an array of one dimension.

    Numbers, booleans and text have their own dtypes. Whatever is mixed, also with marks
    of unlabeled samples, is an array of objects.
    """
    labels = _without_loss(item, to_array(item, words))
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = column_or_1d(labels, warn=True)
    check_one_dimension(labels, words)
    return labels


def _without_loss(item: Any, labels: NDArray[Any]) -> NDArray[Any]:
    """Undo what numpy has changed in the labels."""
    if labels.dtype.kind == "T":
        labels = labels.astype(object)
        return labels if missing_mask(labels).any() else labels.astype(str)
    is_list = isinstance(item, (list, tuple))
    if (
        is_list
        and labels.dtype.kind in "US"
        and labels.ndim == 1
        and not all(isinstance(value, (str, bytes)) for value in item)
    ):
        # numpy makes text of everything in ["cat", -1] and ["cat", nan].
        return np.array([*item, None], dtype=object)[:-1]
    if labels.dtype.kind == "f" and not is_list and np.isnan(labels).any():
        # Columns with gaps of pandas, polars or pyarrow hold integers or booleans, of
        # which numpy makes fractions.
        for method in ("to_pylist", "to_list", "tolist"):
            if hasattr(item, method) and not _holds_floats(item):
                values = getattr(item, method)()
                return np.array([*values, None], dtype=object)[:-1]
    return labels


def _holds_floats(item: Any) -> bool:
    dtype = str(getattr(item, "dtype", getattr(item, "type", ""))).lower()
    return "float" in dtype or "double" in dtype


def missing_mask(labels: NDArray[Any]) -> NDArray[np.bool_]:
    """Find the labels that are None, NaN, NA or NaT and so mark unlabeled samples."""
    if labels.dtype == object:
        return np.array([is_missing(value) for value in labels], dtype=bool)
    missing: NDArray[np.bool_] = np.zeros(len(labels), dtype=bool)
    if labels.dtype.kind in "fc":
        missing = np.isnan(labels)
    elif labels.dtype.kind in "mM":
        missing = np.isnat(labels)
    return missing


def labeled_mask(
    labels: NDArray[Any], *, is_one_task: bool = False
) -> NDArray[np.bool_]:
    """Find the labels that belong to labeled samples.

    A missing value (None, NaN, NA or NaT) and -1 mark an unlabeled sample.

    Parameters
    ----------
    labels : ndarray of shape (n_samples,)
        Labels of any kind, as `to_vector` gives them. Text has no mark of its own, but
        an array of objects may hold text and marks. If some of the numbers are
        fractions, they are a target of regression, in which -1 is a value like any
        other.
    is_one_task : bool, default=False
        Whether the labels belong to one bare array. If these have exactly two values,
        they are the two classes of a binary problem, as everywhere in scikit-learn,
        even if one of them is -1.

    Returns
    -------
    labeled : ndarray of bool of shape (n_samples,)
    """
    labeled = ~missing_mask(labels)
    known = known_values(labels[labeled])
    if known.dtype == object:
        labeled[labeled] = [not _is_mark(value) for value in known]
    elif known.dtype.kind in "if" and not has_fractions(known):
        is_binary = is_one_task and len(np.unique(known)) == 2
        labeled[labeled] = is_binary | (known != UNLABELED)
    return labeled


def has_fractions(values: NDArray[Any]) -> bool:
    """Tell whether some numbers are not integers, as in a target of regression."""
    if values.dtype.kind != "f":
        return False
    with np.errstate(invalid="ignore"):
        return bool((values % 1 != 0).any())


def known_values(values: NDArray[Any]) -> NDArray[Any]:
    """Convert objects that are all of one kind to an array of that kind."""
    if not len(values) and values.dtype.kind not in "biufU":
        return np.zeros(0, dtype=np.int64)
    if values.dtype != object:
        return values
    if all(isinstance(value, str) for value in values):
        return values.astype(str)
    if all(isinstance(value, (bool, np.bool_)) for value in values):
        return values.astype(bool)
    if all(isinstance(value, numbers.Integral) for value in values):
        large = any(not -(2**63) <= value < 2**63 for value in values)
        return values if large else values.astype(np.int64)
    if all(isinstance(value, (numbers.Real, np.bool_)) for value in values):
        return values.astype(np.float64)
    return values


def with_known_values(
    labels: NDArray[Any], known: NDArray[Any], labeled: NDArray[np.bool_]
) -> NDArray[Any]:
    """Put the known values in their places; the other values have no meaning."""
    if known.dtype == labels.dtype:
        return labels
    values = np.zeros(len(labels), dtype=known.dtype)
    values[labeled] = known
    return values


def _is_mark(value: object) -> bool:
    return isinstance(value, numbers.Real) and value == UNLABELED


def read_labels(labels: NDArray[Any], words: str, is_one_task: bool) -> TaskLabels:
    """Read the classes of one task: int64, floating-point, boolean or text."""
    labeled = labeled_mask(labels, is_one_task=is_one_task)
    known = known_values(labels[labeled])
    check_label_values(known, words)
    if has_fractions(known):
        # The checks of scikit-learn look for the words in parentheses.
        raise ValueError(
            f"{words} holds fractions or infinity (Unknown label type: continuous), "
            "expected classes; for targets that are numbers, use "
            "JointTransferRegressor."
        )
    if known.dtype.kind in "iu":
        known = known.astype(np.int64, copy=False)
    missing = missing_mask(labels)
    marked = bool((~labeled & ~missing).any())
    values = with_known_values(labels, known, labeled)
    if marked and values is not labels and values.dtype.kind in "if":
        values[~labeled & ~missing] = UNLABELED
    return TaskLabels(values, labeled, missing, marked)


def check_label_values(known: NDArray[Any], words: str) -> None:
    """Refuse values that are not labels; missing ones are removed before."""
    kind = known.dtype.kind
    if kind == "U":
        if (known == str(UNLABELED)).any():
            raise TypeError(
                f"{words} holds the text {str(UNLABELED)!r} beside other text, which "
                "may be a mark of unlabeled samples that has become text; mark them "
                "with None instead."
            )
        return
    integers = kind in "iu" or (kind == "O" and all(isinstance(v, int) for v in known))
    if integers and known.size and not -(2**63) <= known.min() <= known.max() < 2**63:
        raise ValueError(
            f"{words} holds integers of more than 64 bits, expected smaller ones; give "
            "the classes smaller numbers, for example 0, 1, 2."
        )
    if kind not in "biuf":
        what = f"dtype {known.dtype}"
        if kind == "O":
            names = sorted({type(value).__name__ for value in known})
            what = f"objects of {' and '.join(names)}"
        raise TypeError(
            f"{words} holds {what}, expected integers or text alone; give every class "
            f"one integer or one text, and mark unlabeled samples with {UNLABELED} or "
            "None."
        )
