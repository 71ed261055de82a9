"""Several tasks as one sequence of samples."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sk_jae.tasks.array_types import AllTasks
from sk_jae.tasks.conversion import (
    check_one_per_sample,
    checked_key,
    items_and_names,
    items_per_task,
    to_array,
    to_parts,
    to_samples,
    with_plain_strides,
)
from sk_jae.tasks.foreign import modalities
from sk_jae.tasks.mixing import evenly_mixed
from sk_jae.tasks.wording import counted, default_names, describe_task

__all__ = ["JointArrays"]

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

    def __init__(self, X: AllTasks) -> None:
        X = modalities(X)
        if not isinstance(X, (list, tuple, Mapping)):
            raise TypeError(
                f"X is {type(X).__name__}, expected a list, tuple or dict with one "
                "array per task; pack(X) also takes a single array."
            )
        items, names = items_and_names(X)
        words = map(describe_task, names or default_names(len(items)))
        self._mix(tuple(map(to_samples, items, words)), names)

    @classmethod
    def _of_one_task(cls, X: object) -> JointArrays:
        """A container of one task without a name, which `pack` makes of an array."""
        container = cls.__new__(cls)
        container._mix((to_samples(X, "X"),), None)
        return container

    def _mix(
        self, arrays: tuple[NDArray[Any], ...], names: tuple[str, ...] | None
    ) -> None:
        task = np.repeat(np.arange(len(arrays)), [len(array) for array in arrays])
        self._set(arrays, task[evenly_mixed(task)], names)

    def _new(
        self, arrays: tuple[NDArray[Any], ...], task: NDArray[np.intp]
    ) -> JointArrays:
        """A container of other samples of the same tasks."""
        container = type(self).__new__(type(self))
        container._set(arrays, task, self.task_names)
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

    def __getitem__(self, key: int | slice | ArrayLike) -> JointArrays:
        chosen = checked_key(key)
        # A slice without step holds neighboring rows of every task: no copy.
        neighbors = isinstance(chosen, slice) and chosen.step in (None, 1)
        # Copied, since joblib would hash the strides of a view.
        task = np.atleast_1d(self.task[chosen]).copy()
        row = np.atleast_1d(self._row_in_task[chosen])
        arrays = []
        for t, array in enumerate(self.arrays):
            rows = row[task == t]
            whole = neighbors and len(rows)
            arrays.append(array[rows[0] : rows[-1] + 1] if whole else array[rows])
        return self._new(tuple(arrays), task)

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
        words = self._describe("arrays")
        for new, old, own_words in zip(items, self.arrays, words, strict=True):
            if len(new) != len(old):
                raise ValueError(
                    f"{own_words} has {counted(new, 'sample')}, expected {len(old)}."
                )
        return self._new(tuple(items), self.task)

    def split(self, values: ArrayLike) -> Any:
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
        check_one_per_sample(values, len(self), "values", remedy=" of all tasks")
        parts = [values[self.task == t] for t in range(self.n_tasks)]
        if self.task_names is None:
            return parts
        return dict(zip(self.task_names, parts, strict=True))

    def join(self, parts: AllTasks) -> NDArray[Any]:
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
        """`join` of items in the order of the tasks; `argument` is for messages."""
        lengths = [len(array) for array in self.arrays]
        found = to_parts(items, lengths, self._describe(argument))
        values = np.empty(
            (len(self), *found[0].shape[1:]), dtype=np.result_type(*found)
        )
        for t, part in enumerate(found):
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

    # Hidden from type checkers, to which it would be one array.
    if not TYPE_CHECKING:

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
            raise TypeError(
                f"JointArrays holds {self.n_tasks} tasks and cannot become one array: "
                "put a joint estimator before this step (the codes of JointAutoencoder "
                "are one array), or wrap the step in PerTask to apply it to every task."
            )

    def _describe(self, argument: str) -> list[str]:
        """The words for what an argument holds for each task."""
        names = self.task_names or default_names(self.n_tasks)
        return [describe_task(name, argument) for name in names]

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
