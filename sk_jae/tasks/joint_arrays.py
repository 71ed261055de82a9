"""Several tasks as one sequence of samples."""

from __future__ import annotations

import html
from collections.abc import Sequence
from sys import getsizeof
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
)
from sk_jae.tasks.foreign import is_dict, modalities
from sk_jae.tasks.ids import Ids, check_groups, numbered
from sk_jae.tasks.mixing import evenly_mixed, positions
from sk_jae.tasks.sources import from_state, kind_of_values, take, to_source, to_state
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
        tasks. Numpy arrays, memory maps, arrays that are read when they are indexed
        (h5py, zarr, dask) and dataframes of pandas, polars or pyarrow are held as they
        are, and of an AnnData the samples with the names of their features. Anything
        else becomes a numpy array, without a copy where that is possible.
    ids : list, tuple or dict of (array-like of shape (n_samples_t,) or None), \
            default=None
        Which subject each sample belongs to: samples of different tasks with equal ids
        are one subject, such as a patient. None in place of an id, or of a task's ids,
        marks samples that belong to no other.

    Attributes
    ----------
    samples : tuple of ndarray or dataframe of shape (n_samples_t, ...)
        The samples of each task in order of appearance, in the kind that the user gave
        them in. A selection may leave a task without samples.
    arrays : tuple of ndarray of shape (n_samples_t, ...)
        The same, with dataframes as arrays. Read-only, like all attributes.
    task : ndarray of shape (n_samples,)
        The task of each sample, as an index into `arrays`.
    task_names : tuple of str or None
        The names of the tasks, None if they have none.
    n_tasks : int
        The number of tasks.
    n_samples : list of int
        The number of samples of each task.
    groups : ndarray of int of shape (n_samples,)
        The number of the subject of each sample, for splitters that keep subjects
        together, such as :class:`~sklearn.model_selection.GroupKFold`. A sample without
        id has a number of its own.
    shape : tuple of int
        ``(n_samples,)``.

    Raises
    ------
    TypeError
        If `X` is not a list, tuple or dict, a task name is not a string, or a task
        is None or sparse, or if ids are not hashable.
    ValueError
        If `X` is empty or a list of one array, or a task has fewer than 2
        dimensions; if ids are not one per sample, or twice in a task, or if none occurs
        in two tasks.

    See Also
    --------
    pack : Makes the container together with the labels in its order.

    Notes
    -----
    ``X[3]`` is a container of one sample. A selection copies no samples but remembers
    the rows of the same arrays. Its own `samples` are copied when they are first asked
    for, except that rows which are neighbors in an array share its memory.

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

    _groups: NDArray[np.intp] | None  # None if every sample is a subject of its own

    def __init__(self, X: AllTasks, ids: Ids | None = None) -> None:
        X = modalities(X)
        if not (isinstance(X, (list, tuple)) or is_dict(X)):
            raise TypeError(
                f"X is {type(X).__name__}, expected a list, tuple or dict with one "
                "array per task; pack(X) also takes a single array."
            )
        items, names = items_and_names(X)
        words = map(describe_task, names or default_names(len(items)))
        self._mix(tuple(map(to_source, items, words)), names)
        if ids is not None:
            self._groups = self._groups_of(ids)

    @classmethod
    def _of_one_task(cls, X: object) -> JointArrays:
        """Make a container of one task without a name, for `pack`."""
        container = cls.__new__(cls)
        container._mix((to_source(X, "X"),), None)
        return container

    def _mix(self, sources: tuple[Any, ...], names: tuple[str, ...] | None) -> None:
        sizes = [source.shape[0] for source in sources]
        task = np.repeat(np.arange(len(sources)), sizes)
        task = task[evenly_mixed(task)]
        self._set(sources, task, positions(task, len(sources)), names)

    def _groups_of(self, ids: Ids) -> NDArray[np.intp]:
        """Number the subjects of all samples."""
        items = items_per_task(ids, self.n_tasks, self.task_names, "ids")
        names = self.task_names or default_names(self.n_tasks)
        return self._join(check_groups(items, self.n_samples, names), "ids")

    def _with_ids(self, ids: Ids) -> JointArrays:
        """Make a container of the same samples with ids, for `pack`."""
        groups = self._groups_of(ids)
        return self._new(self._sources, self.task, self._row, groups)

    def _new(
        self,
        sources: tuple[Any, ...],
        task: NDArray[np.intp],
        row: NDArray[np.intp],
        groups: NDArray[np.intp] | None,
    ) -> JointArrays:
        """Make a container of other samples of the same tasks."""
        container = type(self).__new__(type(self))
        container._set(sources, task, row, self.task_names, groups)
        return container

    def _set(
        self,
        sources: tuple[Any, ...],
        task: NDArray[np.intp],
        row: NDArray[np.intp],
        task_names: tuple[str, ...] | None,
        groups: NDArray[np.intp] | None = None,
    ) -> None:
        self._sources = sources
        self._groups = groups
        self.task = task
        self._row = row  # of each sample, in the source of its task
        self.task_names = task_names
        self._samples: tuple[Any, ...] | None = None
        self._arrays: tuple[NDArray[Any], ...] | None = None

    @property
    def samples(self) -> tuple[Any, ...]:
        if self._samples is None:
            words = self._describe("X")
            self._samples = tuple(
                take(source, self._row[self.task == t], words[t])
                for t, source in enumerate(self._sources)
            )
        return self._samples

    @property
    def arrays(self) -> tuple[NDArray[Any], ...]:
        if self._arrays is None:
            self._arrays = tuple(map(to_samples, self.samples, self._describe("X")))
        return self._arrays

    @property
    def n_tasks(self) -> int:
        return len(self._sources)

    @property
    def n_samples(self) -> list[int]:
        """The number of samples of each task."""
        counts: list[int] = np.bincount(self.task, minlength=self.n_tasks).tolist()
        return counts

    @property
    def groups(self) -> NDArray[np.intp]:
        if self._groups is None:
            return np.arange(len(self))
        return self._groups

    @property
    def _has_ids(self) -> bool:
        return self._groups is not None

    @property
    def shape(self) -> tuple[int]:
        # There is only one dimension because scikit-learn counts samples by shape[0]
        # and would look for columns in a second dimension.
        return (len(self.task),)

    def __len__(self) -> int:
        return len(self.task)

    def __sizeof__(self) -> int:
        # Dask sends only once to a worker what says that it is large.
        sizes = [getattr(s, "nbytes", None) or getsizeof(s) for s in self._sources]
        return sum(sizes) + self.task.nbytes + self._row.nbytes

    def __getitem__(self, key: int | slice | ArrayLike) -> JointArrays:
        chosen = checked_key(key)
        # These are copied because joblib would hash the strides of a view.
        task = np.atleast_1d(self.task[chosen]).copy()
        row = np.atleast_1d(self._row[chosen]).copy()
        groups: NDArray[np.intp] | None = None
        if self._groups is not None:
            groups = np.atleast_1d(self._groups[chosen]).copy()
        return self._new(self._sources, task, row, groups)

    def with_arrays(self, arrays: Sequence[Any]) -> JointArrays:
        """Make a container with other values for the same samples.

        Parameters
        ----------
        arrays : list of ndarray or dataframe of shape (n_samples_t, ...)
            One per task, in the order of the tasks and of their samples.

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
        for new, n, own_words in zip(items, self.n_samples, words, strict=True):
            if len(new) != n:
                raise ValueError(
                    f"{own_words} has {counted(new, 'sample')}, expected {n}."
                )
        row = positions(self.task, self.n_tasks)
        return self._new(tuple(items), self.task, row, self._groups)

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
        """Join items that are in the order of the tasks; messages use `argument`."""
        found = to_parts(items, self.n_samples, self._describe(argument))
        values = np.empty(
            (len(self), *found[0].shape[1:]), dtype=np.result_type(*found)
        )
        for t, part in enumerate(found):
            values[self.task == t] = part
        return values

    def __getstate__(self) -> dict[str, Any]:
        # The state is the content and nothing else, so that equal content has an equal
        # pickle and an equal joblib hash, whatever the history of the container is.
        return {
            "samples": tuple(map(to_state, self.samples)),
            "task": to_state(self.task),
            "task_names": self.task_names,
            "groups": None if self._groups is None else numbered(self._groups),
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        sources, task = tuple(map(from_state, state["samples"])), state["task"]
        row, groups = positions(task, len(sources)), state["groups"]
        self._set(sources, task, row, state["task_names"], groups)

    # This is hidden from type checkers, which would take a JointArrays for an array.
    if not TYPE_CHECKING:

        def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
            raise TypeError(
                f"JointArrays holds {self.n_tasks} tasks and cannot become one array: "
                "put a joint estimator before this step (the codes of JointAutoencoder "
                "are one array), or wrap the step in PerTask to apply it to every "
                "task; what makes an array of X by itself, like BaggingClassifier, "
                "OneVsOneClassifier, SelfTrainingClassifier or permutation_importance, "
                "cannot be used around a joint estimator."
            )

    def _describe(self, argument: str) -> list[str]:
        """Return the words for each task's part of an argument."""
        names = self.task_names or default_names(self.n_tasks)
        return [describe_task(name, argument) for name in names]

    def _names(self) -> Sequence[str]:
        return self.task_names or [str(t) for t in range(self.n_tasks)]

    def _shapes(self) -> list[tuple[int, ...]]:
        return [
            (n, *source.shape[1:])
            for n, source in zip(self.n_samples, self._sources, strict=True)
        ]

    def __repr__(self) -> str:
        tasks = [
            f"{name}: {shape} {kind_of_values(source)}"
            for name, shape, source in zip(
                self._names(), self._shapes(), self._sources, strict=True
            )
        ]
        if len(tasks) > _MAX_TASKS_IN_REPR:
            tasks[_MAX_TASKS_IN_REPR - 1 : -1] = ["..."]
        return f"{type(self).__name__}(n_samples={len(self)}, {', '.join(tasks)})"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th>{html.escape(name)}</th><td>{shape[0]}</td>"
            f"<td>{shape[1:]}</td><td>{kind_of_values(source)}</td></tr>"
            for name, shape, source in zip(
                self._names(), self._shapes(), self._sources, strict=True
            )
        )
        return (
            f"<table><caption>{type(self).__name__}, {len(self)} samples</caption>"
            "<thead><tr><th>task</th><th>samples</th><th>feature shape</th>"
            f"<th>dtype</th></tr></thead><tbody>{rows}</tbody></table>"
        )
