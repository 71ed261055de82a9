"""Split of a list or dict of tasks into a training and a test set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_random_state

from sk_jae._sklearn_types import RandomState
from sk_jae.model_selection._stratification import draw, encoded, sizes
from sk_jae.tasks import (
    AllTasks,
    JointArrays,
    LazyArray,
    TasksInContainer,
    check_one_dimension,
    check_one_per_sample,
    default_names,
    describe_task,
    has_fractions,
    is_table,
    items_and_names,
    items_per_task,
    labeled_rows,
    opened,
    rows_of,
    to_array,
    to_targets,
)


def task_train_test_split(
    X: AllTasks,
    y: TasksInContainer | None = None,
    *,
    test_size: float | int | None = None,
    train_size: float | int | None = None,
    random_state: RandomState = None,
    shuffle: bool = True,
    stratify: bool = True,
) -> list[Any]:
    """Split each task into a training and a test set.

    Parameters
    ----------
    X : list, tuple or dict of array-like of shape (n_samples_t, ...)
        One array per task.
    y : list, tuple or dict of array-like of shape (n_samples_t,), default=None
        Labels in the form of `X`, with -1 for an unlabeled sample and None for a task
        without labels. Tasks without labels are split too.
    test_size, train_size : float or int, default=None
        The fraction of the samples of each task if it is a float, or the number of
        samples of each task if it is an int. By default `test_size` is 0.25 or, if
        `train_size` is given, the complement of that.
    random_state : int, RandomState instance or None, default=None
        Decides the shuffling.
    shuffle : bool, default=True
        Whether to shuffle each task. If False, the first samples of each task are the
        training set, and labels are not considered.
    stratify : bool, default=True
        Whether each label of a task has the same share of both sets, where -1 counts as
        a label. Of numbers with fractions, or of several outputs, the known ones have
        the same share. Tasks without labels are split at random.

    Returns
    -------
    splits : list
        ``[X_train, X_test]`` or, if `y` is given, also ``y_train`` and ``y_test``.
        These are dicts if `X` is a dict, and lists otherwise. Their items have the
        types of the items of `X` and `y`.

    Raises
    ------
    TypeError
        If `X` or `y` is not a list, tuple or dict.
    ValueError
        If a task has too few samples for the sizes, if the number of its labels differs
        from that of its samples, or if :class:`~sk_jae.JointArrays` would refuse it.

    See Also
    --------
    sklearn.model_selection.train_test_split : Splits a JointArrays or a single array.

    Notes
    -----
    A label with few samples may be missing in the training set or in the test set.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.model_selection import task_train_test_split
    >>> X = {"long": np.zeros((8, 3)), "short": np.ones((4, 5))}
    >>> X_train, X_test, y_train, y_test = task_train_test_split(
    ...     X, {"long": [0, 1] * 4, "short": None}, random_state=0
    ... )
    >>> {name: array.shape for name, array in X_test.items()}
    {'long': (2, 3), 'short': (1, 5)}
    >>> sorted(y_test["long"]), y_test["short"]
    ([0, 1], None)
    """
    if not isinstance(X, (list, tuple, Mapping)):
        raise TypeError(
            f"X is {type(X).__name__}, expected a list, tuple or dict with one array "
            "per task; for a JointArrays or a single array, use "
            "sklearn.model_selection.train_test_split."
        )
    all_sizes = JointArrays(X).n_samples
    items, keys = items_and_names(X)
    names = keys or default_names(len(items))
    labels: list[Any] = [None] * len(items)
    if y is not None:
        labels = items_per_task(y, len(items), keys, "y")
    if test_size is None and train_size is None:
        test_size = 0.25
    rng = check_random_state(random_state)
    splits: list[list[Any]] = [[], [], [], []]
    for name, n_samples, item, label in zip(
        names, all_sizes, items, labels, strict=True
    ):
        strata = np.zeros(n_samples, dtype=np.intp)
        if label is not None:
            values = _groups(label, n_samples, describe_task(name, "y"))
            strata = encoded(values)[1] if stratify else strata
        try:
            n_train, n_test = sizes(n_samples, test_size, train_size)
        except ValueError as error:
            raise ValueError(f"{describe_task(name)}: {error}") from error
        read_later = opened(item, describe_task(name))
        samples = read_later if isinstance(read_later, LazyArray) else item
        if shuffle:
            in_train, in_test = draw(strata, n_train, n_test, rng)
            train = rng.permutation(np.flatnonzero(in_train))
            test = rng.permutation(np.flatnonzero(in_test))
        else:
            train, test = np.split(np.arange(n_train + n_test), [n_train])
        for split, data, rows in zip(
            splits, (samples, samples, label, label), (train, test) * 2, strict=True
        ):
            split.append(None if data is None else rows_of(data, rows))
    named = [dict(zip(keys, s, strict=True)) if keys else s for s in splits]
    return named[:2] if y is None else named


def _groups(item: object, n_samples: int, words: str) -> NDArray[Any]:
    """Return the label of each sample; of numbers, whether one is known."""
    labels = to_targets(item, words) if is_table(item) else to_array(item, words)
    if not is_table(item):
        check_one_dimension(labels, words)
    check_one_per_sample(labels, n_samples, words, what="label")
    if labels.ndim > 1 or has_fractions(labels):
        return labeled_rows(labels.reshape(n_samples, -1))
    return labels
