"""Several tasks and their labels as one sequence of samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.array_types import AllTasks, Targets
from sk_jae.tasks.conversion import (
    ENCODE_LABELS,
    UNLABELED,
    check_one_per_sample,
    is_per_task,
    items_per_task,
    kind_of,
    to_labels,
)
from sk_jae.tasks.forms import OneSequence
from sk_jae.tasks.joint_arrays import JointArrays

__all__ = ["pack"]


@overload
def pack(X: OneSequence | AllTasks, y: None = None) -> tuple[JointArrays, None]: ...
@overload
def pack(
    X: OneSequence | AllTasks, y: Targets
) -> tuple[JointArrays, NDArray[Any] | Any]: ...
def pack(
    X: OneSequence | AllTasks, y: Targets | None = None
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
        Labels in the form of `X`. None instead of labels, or no entry in a dict,
        marks a task without labels, -1 an unlabeled sample. For a single array or
        a JointArrays, `y` may also be flat, of shape (n_samples,).

    Returns
    -------
    X : JointArrays of shape (n_samples,)
        The samples of all tasks, evenly mixed.
    y : ndarray of shape (n_samples,) or None
        The label of each sample in the same order, -1 where there is none; None
        if no task has labels. Integer labels are int64.

    Raises
    ------
    TypeError
        If `y` has not the form of `X`, or if labels are text for some samples and
        numbers, None or -1 for others.
    ValueError
        If the labels of a task are not one per sample, or hold NaN; and as for
        JointArrays.

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
    plain = isinstance(X, (list, tuple, Mapping))
    if isinstance(X, JointArrays):
        container = X
    elif isinstance(X, (list, tuple, Mapping)):
        container = JointArrays(X)
    else:
        container = JointArrays._of_one_task(X)
    if y is None:
        return container, None
    if plain and isinstance(X, Mapping) != isinstance(y, Mapping):
        raise TypeError(
            f"y is {type(y).__name__}, expected the form of X: a {type(X).__name__} "
            "with the labels of each task, or None for a task without labels."
        )
    if plain or is_per_task(y):
        return container, _join_labels(container, y)
    flat = to_labels(y, "y")
    check_one_per_sample(flat, len(container), "y", what="label", remedy=" of X")
    return container, flat


def _join_labels(container: JointArrays, y: object) -> NDArray[Any] | None:
    items = items_per_task(y, container.n_tasks, container.task_names, "y")
    words = container._describe("y")
    parts = [
        None if item is None else to_labels(item, own_words)
        for item, own_words in zip(items, words, strict=True)
    ]
    given = [part for part in parts if part is not None]
    if not given:
        return None
    for t, part in enumerate(parts):
        if part is None and kind_of(given[0]) == "text":
            raise TypeError(
                f"{words[t]} is missing, and one flat y cannot "
                f"hold text together with the mark {UNLABELED}; {ENCODE_LABELS}."
            )
        if part is None:
            parts[t] = np.full(len(container.arrays[t]), UNLABELED)
    return container._join(parts, "y")
