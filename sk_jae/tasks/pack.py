"""Several tasks and their labels as one sequence of samples."""

from __future__ import annotations

from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.array_types import AllTasks, Targets
from sk_jae.tasks.conversion import check_one_per_sample, is_per_task, items_per_task
from sk_jae.tasks.foreign import is_dict, modalities
from sk_jae.tasks.forms import OneSequence
from sk_jae.tasks.ids import Ids, check_several_tasks
from sk_jae.tasks.joint_arrays import JointArrays
from sk_jae.tasks.label_values import (
    UNLABELED,
    check_label_values,
    has_fractions,
    known_values,
    labeled_mask,
    missing_mask,
    to_vector,
)
from sk_jae.tasks.regression_targets import is_table, to_targets

__all__ = ["pack"]

_MAX_CLASSES = 3  # in a message


@overload
def pack(
    X: OneSequence | AllTasks, y: None = None, ids: Ids | None = None
) -> tuple[JointArrays, None]: ...
@overload
def pack(
    X: OneSequence | AllTasks, y: Targets, ids: Ids | None = None
) -> tuple[JointArrays, NDArray[Any] | Any]: ...
def pack(
    X: OneSequence | AllTasks, y: Targets | None = None, ids: Ids | None = None
) -> tuple[JointArrays, NDArray[Any] | None]:
    """Turn the arrays and labels of several tasks into one sequence of samples.

    Do this once, before scikit-learn's tools see the data::

        X, y = pack([X_mnist, X_usps], [y_mnist, None])
        GridSearchCV(estimator, grid).fit(X, y)

    Parameters
    ----------
    X : list, tuple or dict of array-like of shape (n_samples_t, ...)
        One array per task. A single array or dataframe becomes one task without
        a name; a JointArrays stays as it is.
    y : list, tuple or dict of array-like of shape (n_samples_t,), default=None
        Labels in the form of `X`. None instead of labels, or no entry in a dict, marks
        a task without labels; -1, None, NaN, NA and NaT mark an unlabeled sample. For
        a single array or a JointArrays, `y` may also be flat, of shape (n_samples,).
        Targets of regression may have several outputs, of shape (n_samples_t,
        n_outputs).
    ids : list, tuple or dict of (array-like of shape (n_samples_t,) or None), \
            default=None
        Which subject each sample belongs to, in the form of `X`: samples of different
        tasks with equal ids are one subject, such as a patient. None in place of an id,
        or of a task's ids, marks samples that belong to no other. The container keeps
        them; see its `groups`.

    Returns
    -------
    X : JointArrays of shape (n_samples,)
        The samples of all tasks, evenly mixed.
    y : ndarray of shape (n_samples,) or (n_samples, n_outputs), or None
        The label of each sample in the same order, None if no task has labels. Integer
        labels are int64. Unlabeled samples have -1 or, if some of the numbers are
        fractions and so a target of regression, or if there are several outputs, NaN.
        Booleans become 0 and 1 if there are unlabeled samples.

    Raises
    ------
    TypeError
        If `y` has not the form of `X`, if labels are text for some samples and numbers
        for others, or if they are text and some samples are unlabeled: no array of text
        has a place for these that scikit-learn's splitters accept.
    ValueError
        If the labels of a task are not one per sample, or if a single array has ids;
        and as for JointArrays.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import pack
    >>> X, y = pack([np.zeros((4, 3)), np.ones((2, 5))], [[0, 1, 2, 3], None])
    >>> y
    array([ 0, -1,  1,  2, -1,  3])
    >>> X.split(y)
    [array([0, 1, 2, 3]), array([-1, -1])]
    """
    X = modalities(X)
    plain = isinstance(X, (list, tuple)) or is_dict(X)
    if isinstance(X, JointArrays):
        container = X
    elif isinstance(X, (list, tuple)) or is_dict(X):
        container = JointArrays(X)
    else:
        container = JointArrays._of_one_task(X)
    if ids is not None:
        check_several_tasks(container.n_tasks)
        container = container._with_ids(ids)
    if y is None:
        return container, None
    if plain and is_dict(X) != is_dict(y):
        raise TypeError(
            f"y is {type(y).__name__}, expected the form of X: a {type(X).__name__} "
            "with the labels of each task, or None for a task without labels."
        )
    if plain or is_per_task(y):
        return container, _join_labels(container, y)
    flat = to_targets(y, "y") if is_table(y) else to_vector(y, "y")
    check_one_per_sample(flat, len(container), "y", what="label", remedy=" of X")
    if flat.ndim > 1:
        return container, flat
    (flat,) = _filled([flat], ["y"])
    return container, flat


def _join_labels(container: JointArrays, y: object) -> NDArray[Any] | None:
    items = items_per_task(y, container.n_tasks, container.task_names, "y")
    if all(item is None for item in items):
        return None
    words = container._describe("y")
    tables = [item for item in items if is_table(item)]
    gap = np.shape(tables[0])[1:] if tables else ()
    to_values = to_targets if tables else to_vector
    parts = []
    for item, n_samples, own_words in zip(
        items, container.n_samples, words, strict=True
    ):
        none = np.full((n_samples, *gap), np.nan if tables else None)
        part = none if item is None else to_values(item, own_words)
        check_one_per_sample(part, n_samples, own_words, what="label")
        parts.append(part)
    return container._join(parts if tables else _filled(parts, words), "y")


def _filled(parts: list[NDArray[Any]], words: list[str]) -> list[NDArray[Any]]:
    """Write marks where labels are missing."""
    missing = [missing_mask(part) for part in parts]
    known: list[NDArray[Any]] = []
    for part, gaps, own_words in zip(parts, missing, words, strict=True):
        values = known_values(part[~gaps] if gaps.any() else part)
        if values.dtype == object:  # text together with marks, or no labels at all
            values = known_values(part[labeled_mask(part)])
        check_label_values(values, own_words)
        known.append(values)
    _refuse_text_with_gaps(known, parts, words)
    mark = np.nan if any(map(has_fractions, known)) else UNLABELED
    filled = []
    for values, gaps in zip(known, missing, strict=True):
        if values.dtype.kind in "iu":
            values = values.astype(np.int64, copy=False)
        if gaps.any():
            dtype = np.result_type(values.dtype, np.min_scalar_type(mark), np.int64)
            marked = np.full(len(gaps), mark, dtype)
            marked[~gaps] = values
            values = marked
        filled.append(values)
    return filled


def _refuse_text_with_gaps(
    known: list[NDArray[Any]], parts: list[NDArray[Any]], words: list[str]
) -> None:
    texts = [values for values in known if values.dtype.kind == "U"]
    for values, part, own_words in zip(known, parts, words, strict=True):
        if texts and len(values) < len(part):
            classes = np.unique(np.concatenate(texts)).tolist()
            some = f"{classes[:_MAX_CLASSES]}"
            if len(classes) > _MAX_CLASSES:
                some = f"{some[:-1]}, ...]"
            raise TypeError(
                f"{own_words} has unlabeled samples, for which one flat y of text has "
                "no mark that scikit-learn's splitters accept; give the estimator the "
                "labels per task without pack, or make them integers before, for "
                f"example with classes = {some} and [classes.index(v) if v in classes "
                f"else {UNLABELED} for v in y] for each task."
            )
