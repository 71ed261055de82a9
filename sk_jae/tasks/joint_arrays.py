"""Several tasks as one sequence of samples: `JointArrays` and `pack`."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_jae.tasks.conversion import (
    ENCODE_LABELS,
    UNLABELED,
    checked_key,
    describe_task,
    is_per_task,
    items_per_task,
    kind_of,
    to_array,
    to_labels,
    to_parts,
    to_samples,
    with_plain_strides,
)

__all__ = ["JointArrays", "pack"]

_MAX_TASKS_IN_REPR = 8


class JointArrays:
    """Several tasks as one sequence of samples that scikit-learn can index.

    scikit-learn takes a list of two arrays for a data set of two samples. This
    container is as long as all its tasks together, and indexing it selects samples
    of every task, so that cross-validation, searches and pipelines work on it as
    they are.

    The tasks are mixed evenly: sample `i` of a task with `n` samples is sorted by
    ``(i + 0.5) / n``. Every block of neighboring samples, such as a fold of
    :class:`~sklearn.model_selection.KFold`, therefore holds the tasks in
    proportion. Labels must have the same order: get them from :func:`pack` or
    :meth:`join`, never from ``np.concatenate``.

    Parameters
    ----------
    X : list, tuple or dict of array-like of shape (n_samples_t, ...)
        One array per task, each with at least 2 dimensions; a dict names its
        tasks. Numpy arrays and memory maps are kept as they are, torch tensors and
        dataframes become numpy arrays, without a copy where that is possible.

    Attributes
    ----------
    arrays : tuple of ndarray of shape (n_samples_t, ...)
        The samples of each task in order of appearance. A selection may leave a
        task without samples. Read-only, like all attributes.
    task : ndarray of shape (n_samples,)
        The task of each sample, as an index into `arrays`.
    task_names : tuple of str or None
        The names of the tasks, None if they have none.
    n_tasks : int
        The number of tasks.
    shape : tuple of int
        ``(n_samples,)``.

    Raises
    ------
    TypeError
        If `X` is not a list, tuple or dict, a task name is not a string, or a task
        is None or sparse.
    ValueError
        If `X` is empty or a list of one array, or a task has fewer than 2
        dimensions.

    See Also
    --------
    pack : Makes the container together with the labels in its order.

    Notes
    -----
    ``X[3]`` is a container of one sample. A slice with step 1 shares memory with
    the container; other selections copy the selected rows, as they do in numpy.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointArrays
    >>> X = JointArrays({"long": np.zeros((4, 3)), "short": np.ones((2, 5))})
    >>> X
    JointArrays(n_samples=6, long: (4, 3) float64, short: (2, 5) float64)
    >>> X.task
    array([0, 1, 0, 0, 1, 0])
    >>> X[:3].arrays[1]
    array([[1., 1., 1., 1., 1.]])
    >>> X.split(np.arange(6))
    {'long': array([0, 2, 3, 5]), 'short': array([1, 4])}
    """

    def __init__(self, X: Sequence[ArrayLike] | Mapping[str, ArrayLike]) -> None:
        names: tuple[str, ...] | None = None
        if isinstance(X, Mapping):
            names, items = tuple(X), list(X.values())
            for name in names:
                if not isinstance(name, str):
                    raise TypeError(f"X has the key {name!r}, expected task names.")
        elif isinstance(X, (list, tuple)):
            items = list(X)
        else:
            raise TypeError(
                f"X is {type(X).__name__}, expected a list, tuple or dict with one "
                "array per task; pack(X) also takes a single array."
            )
        if names is None and len(items) == 1:
            raise ValueError(
                f"X is a {type(X).__name__} with one array, which is what scikit-learn "
                "makes of a list of two tasks when it splits it: call "
                "X, y = pack(X, y) before that, or, for a single task, pass the array."
            )
        if not items:
            raise ValueError("X holds no tasks; expected one array per task.")
        arrays = tuple(
            to_samples(item, describe_task(t, names)) for t, item in enumerate(items)
        )
        self._set(arrays, _evenly_mixed([len(a) for a in arrays]), names)

    @classmethod
    def _new(cls, *state: Any) -> JointArrays:
        container = cls.__new__(cls)
        container._set(*state)
        return container

    def _set(
        self,
        arrays: tuple[NDArray[Any], ...],
        task: NDArray[np.intp],
        task_names: tuple[str, ...] | None,
    ) -> None:
        self.arrays = arrays
        self.task = task
        self.task_names = task_names
        self._row: NDArray[np.intp] | None = None

    @property
    def _row_in_task(self) -> NDArray[np.intp]:
        """The row of each sample in its task's array, kept from the first use on."""
        if self._row is None:
            row = np.empty(len(self), dtype=np.intp)
            for t, array in enumerate(self.arrays):
                row[self.task == t] = np.arange(len(array))
            self._row = row
        return self._row

    @property
    def n_tasks(self) -> int:
        return len(self.arrays)

    @property
    def shape(self) -> tuple[int]:
        # One dimension and no more: scikit-learn counts samples by shape[0] and
        # would look for columns in a second one.
        return (len(self.task),)

    def __len__(self) -> int:
        return len(self.task)

    def __getitem__(self, key: Any) -> JointArrays:
        key = checked_key(key)
        # A slice without step holds neighboring rows of every task: no copy.
        neighbors = isinstance(key, slice) and key.step in (None, 1)
        # Copied, since joblib would hash the strides of a view.
        task = np.atleast_1d(self.task[key]).copy()
        row = np.atleast_1d(self._row_in_task[key])
        arrays = []
        for t, array in enumerate(self.arrays):
            rows = row[task == t]
            whole = neighbors and len(rows)
            arrays.append(array[rows[0] : rows[-1] + 1] if whole else array[rows])
        return self._new(tuple(arrays), task, self.task_names)

    def with_arrays(self, arrays: Sequence[NDArray[Any]]) -> JointArrays:
        """A container with other values for the same samples.

        Parameters
        ----------
        arrays : list of ndarray of shape (n_samples_t, ...)
            One array per task, in the order of the tasks and of their samples.

        Returns
        -------
        container : JointArrays
            With the samples of all tasks in the same places.

        Raises
        ------
        ValueError
            If the number of tasks or of samples of a task differs.
        """
        items = items_per_task(arrays, self.n_tasks, self.task_names, "arrays")
        for t, (new, old) in enumerate(zip(items, self.arrays, strict=True)):
            if len(new) != len(old):
                label = describe_task(t, self.task_names, "arrays")
                raise ValueError(f"{label} has {len(new)} samples, not {len(old)}.")
        return self._new(tuple(items), self.task, self.task_names)

    def split(self, values: ArrayLike) -> list[NDArray[Any]] | dict[str, NDArray[Any]]:
        """Split one value per sample into one array per task.

        Parameters
        ----------
        values : array-like of shape (n_samples, ...)
            Labels, codes, predictions or anything else in the order of the
            samples of this container.

        Returns
        -------
        parts : list or dict of ndarray of shape (n_samples_t, ...)
            The values of each task, a dict if the tasks have names.

        Raises
        ------
        ValueError
            If the number of values is not the number of samples.
        """
        values = to_array(values, "values")
        if values.ndim == 0 or len(values) != len(self):
            raise ValueError(
                f"values has shape {values.shape}, expected {len(self)} values, one "
                "per sample of all tasks."
            )
        parts = [values[self.task == t] for t in range(self.n_tasks)]
        if self.task_names is None:
            return parts
        return dict(zip(self.task_names, parts, strict=True))

    def join(
        self, parts: Sequence[ArrayLike] | Mapping[str, ArrayLike]
    ) -> NDArray[Any]:
        """Join one array per task into one value per sample; undoes `split`.

        Parameters
        ----------
        parts : list, tuple or dict of array-like of shape (n_samples_t, ...)
            One array per task, with equal shapes but for the number of samples.

        Returns
        -------
        values : ndarray of shape (n_samples, ...)
            The values in the order of the samples of this container.

        Raises
        ------
        TypeError
            If a task has None instead of values, or if text meets numbers.
        ValueError
            If the number of tasks, of samples or the trailing shapes do not match.
        """
        items = items_per_task(parts, self.n_tasks, self.task_names, "parts")
        return self._join(items, "parts")

    def _join(self, items: list[Any], argument: str) -> NDArray[Any]:
        lengths = [len(array) for array in self.arrays]
        parts = to_parts(items, lengths, self.task_names, argument)
        shape = (len(self), *parts[0].shape[1:])
        values = np.empty(shape, dtype=np.result_type(*parts))
        for t, part in enumerate(parts):
            values[self.task == t] = part
        return values

    def __getstate__(self) -> dict[str, Any]:
        # The content and nothing else: equal content has an equal pickle and an equal
        # joblib hash, however it came about.
        return {
            "arrays": tuple(with_plain_strides(array) for array in self.arrays),
            "task": with_plain_strides(self.task),
            "task_names": self.task_names,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._set(state["arrays"], state["task"], state["task_names"])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(
            f"JointArrays holds {self.n_tasks} tasks and cannot become one array: put "
            "a joint estimator before this step (the codes of JointAutoencoder are one "
            "array), or wrap the step in PerTask to apply it to every task."
        )

    def _names(self) -> Sequence[str]:
        return self.task_names or [str(t) for t in range(self.n_tasks)]

    def __repr__(self) -> str:
        tasks = [
            f"{name}: {array.shape} {array.dtype}"
            for name, array in zip(self._names(), self.arrays, strict=True)
        ]
        if len(tasks) > _MAX_TASKS_IN_REPR:
            tasks[_MAX_TASKS_IN_REPR - 1 : -1] = ["..."]
        return f"{type(self).__name__}(n_samples={len(self)}, {', '.join(tasks)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{len(array)}</td>"
            f"<td>{array.shape[1:]}</td><td>{array.dtype}</td></tr>"
            for name, array in zip(self._names(), self.arrays, strict=True)
        )
        return (
            f"<table><caption>{type(self).__name__}, {len(self)} samples</caption>"
            "<thead><tr><th>task</th><th>samples</th><th>feature shape</th>"
            f"<th>dtype</th></tr></thead><tbody>{rows}</tbody></table>"
        )


def pack(
    X: JointArrays | ArrayLike | Sequence[ArrayLike] | Mapping[str, ArrayLike],
    y: Any = None,
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
        array = to_samples(X, "X")
        container = JointArrays._new((array,), _evenly_mixed([len(array)]), None)
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
    if len(flat) != len(container):
        raise ValueError(
            f"y has {len(flat)} labels, expected {len(container)}, one per sample of X."
        )
    return container, flat


def _join_labels(container: JointArrays, y: Any) -> NDArray[Any] | None:
    names = container.task_names
    parts: list[NDArray[Any] | None] = []
    for t, item in enumerate(items_per_task(y, container.n_tasks, names, "y")):
        label = describe_task(t, names, "y")
        parts.append(None if item is None else to_labels(item, label))
    given = [part for part in parts if part is not None]
    if not given:
        return None
    for t, part in enumerate(parts):
        if part is None and kind_of(given[0]) == "text":
            raise TypeError(
                f"{describe_task(t, names, 'y')} is unlabeled, and one flat y cannot "
                f"hold text together with the mark {UNLABELED}; {ENCODE_LABELS}."
            )
        if part is None:
            parts[t] = np.full(len(container.arrays[t]), UNLABELED)
    return container._join(parts, "y")


def _evenly_mixed(lengths: Sequence[int]) -> NDArray[np.intp]:
    """The task of each sample, sample i of n at position (i + 0.5) / n."""
    task = np.repeat(np.arange(len(lengths)), lengths)
    position = np.concatenate([(np.arange(n) + 0.5) / n for n in lengths])
    return task[np.argsort(position, kind="stable")]
