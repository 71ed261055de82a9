"""The transformer `PerTask`, which applies one transformer to each task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils import get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_jae._sklearn_types import Transformer, TransformerMixin
from sk_jae.preprocessing._transformers import (
    PerTaskParameters,
    check_samples,
    fit_transform_one,
    flat,
    labels_per_task,
    naming,
)
from sk_jae.tasks import (
    DictOfTasks,
    JointArrays,
    ListOfTasks,
    Samples,
    Targets,
    TaskInputs,
    is_dataframe,
    parse_inputs,
)

__all__ = ["PerTask"]

Choice: TypeAlias = Transformer | Literal["passthrough"]


class PerTask(TransformerMixin, PerTaskParameters, auto_wrap_output_keys=None):
    """Apply a scikit-learn transformer to each task separately.

    Use it before a joint estimator in a pipeline, for example to scale each task by its
    own mean and variance.

    Parameters
    ----------
    transformer : transformer, "passthrough", or list or dict of these
        One transformer, which is cloned for each task, or one transformer per task.
        "passthrough" does not change the samples. The parameters of the transformers
        can be set and searched as ``transformer__<parameter>`` or, for a list or dict,
        as ``<position or name>__<parameter>``.

    Attributes
    ----------
    transformers_ : list of transformer
        The fitted transformers, in the order of the tasks. For "passthrough" it is a
        :class:`~sklearn.preprocessing.FunctionTransformer`.
    n_tasks_ : int
        Number of tasks.
    task_names_ : tuple of str
        The names of the tasks: the keys of a dict, otherwise "task0", "task1", ...
    feature_shapes_in_ : list or dict of tuple of int
        Shape of one sample of each task.
    n_features_in_ : int
        Number of features. Exists only after `fit` with one bare array.
    feature_names_in_ : ndarray of str of shape (`n_features_in_`,)
        Names of the features. Exists only after `fit` with one dataframe.

    See Also
    --------
    sk_jae.JointAutoencoder, sk_jae.JointTransferClassifier : Estimators that can be
        used after it.
    sklearn.compose.ColumnTransformer : Applies transformers to columns of one array.

    Notes
    -----
    Transformers receive samples as vectors. Images are flattened before, and they
    become images again if the transformer keeps the number of features. Transformers
    receive dataframes as they are, and they decide whether missing values are allowed.

    A transformer never receives the label -1 of an unlabeled sample. If some samples of
    a task are unlabeled, its transformer is fitted to all samples without any labels.
    If this is not possible, it is fitted to the labeled samples only.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from sk_jae.preprocessing import PerTask
    >>> X = [np.array([[0.0], [2.0]]), np.array([[0.0, 50.0], [10.0, 70.0]])]
    >>> scaled = PerTask(StandardScaler()).fit_transform(X)
    >>> scaled[1]
    array([[-1., -1.],
           [ 1.,  1.]])
    """

    def __init__(
        self,
        transformer: Choice | Sequence[Choice] | Mapping[str, Choice],
    ) -> None:
        self.transformer = transformer

    def fit(self, X: Samples, y: Targets | None = None) -> Self:
        """Fit the transformer of each task.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            One array of shape (n_samples_t, ...) or dataframe per task.
        y : list, tuple, dict or array-like, default=None
            Labels in the form of `X`; see the Notes of the class.

        Returns
        -------
        self : PerTask

        Raises
        ------
        ValueError, TypeError
            If there is not one transformer per task, or if a transformer cannot use the
            samples of its task. The message has the name of the task.
        """
        self._fit(X, y)
        return self

    @overload
    def fit_transform(
        self, X: JointArrays, y: Targets | None = None
    ) -> JointArrays: ...
    @overload
    def fit_transform(self, X: ListOfTasks, y: Targets | None = None) -> list[Any]: ...
    @overload
    def fit_transform(
        self, X: DictOfTasks, y: Targets | None = None
    ) -> dict[str, Any]: ...
    @overload
    def fit_transform(self, X: ArrayLike, y: Targets | None = None) -> Any: ...
    def fit_transform(self, X: Samples, y: Targets | None = None) -> Any:
        """Fit the transformer of each task and transform its samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            One array of shape (n_samples_t, ...) or dataframe per task.
        y : list, tuple, dict or array-like, default=None
            Labels in the form of `X`; see the Notes of the class.

        Returns
        -------
        X_transformed : list, dict, JointArrays or ndarray
            The transformed samples in the form of `X`.
        """
        tasks, results = self._fit(X, y)
        return self._restore(tasks, results)

    @overload
    def transform(self, X: JointArrays) -> JointArrays: ...
    @overload
    def transform(self, X: ListOfTasks) -> list[Any]: ...
    @overload
    def transform(self, X: DictOfTasks) -> dict[str, Any]: ...
    @overload
    def transform(self, X: ArrayLike) -> Any: ...
    def transform(self, X: Samples) -> Any:
        """Transform the samples of each task.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.

        Returns
        -------
        X_transformed : list, dict, JointArrays or ndarray
            The transformed samples in the form of `X`.
        """
        check_is_fitted(self)
        tasks = self._open(X, self.task_names_)
        if tasks.container_kind == "array":
            self._check_features(X, reset=False)
        for t, item in enumerate(tasks.arrays):
            if item is not None and item.shape[1:] != self._shapes[t]:
                raise ValueError(
                    f"{tasks.describe(t)} has samples of shape {item.shape[1:]}, "
                    f"expected {self._shapes[t]} as in fit; give the features that the "
                    "transformers were fitted to."
                )
        return self._restore(tasks, self._each(tasks, "transform", self._n_out))

    @overload
    def inverse_transform(self, X: JointArrays) -> JointArrays: ...
    @overload
    def inverse_transform(self, X: ListOfTasks) -> list[Any]: ...
    @overload
    def inverse_transform(self, X: DictOfTasks) -> dict[str, Any]: ...
    @overload
    def inverse_transform(self, X: ArrayLike) -> Any: ...
    def inverse_transform(self, X: Samples) -> Any:
        """Undo the transformation of each task.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Results of `transform`, or their reconstructions.

        Returns
        -------
        X_original : list, dict, JointArrays or ndarray
            The samples before the transformation, in the form of `X`.

        Raises
        ------
        TypeError
            If the transformer of a task has no `inverse_transform`.
        """
        check_is_fitted(self)
        tasks = self._open(X, self.task_names_)
        n_in = [prod(shape) for shape in self._shapes]
        return self._restore(tasks, self._each(tasks, "inverse_transform", n_in))

    def get_feature_names_out(
        self, input_features: Sequence[str] | NDArray[Any] | None = None
    ) -> NDArray[Any]:
        """Return the names of the output features of the transformers.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of one bare array. Not used for several tasks.

        Returns
        -------
        names : ndarray of str
            The names of the features. For several tasks, these are the names of all
            tasks in order, as ``<name of the task>__<feature>``.
        """
        check_is_fitted(self)
        if self.n_tasks_ == 1:
            own = self.transformers_[0].get_feature_names_out(input_features)
            return np.asarray(own, dtype=object)
        names = [
            f"{name}__{feature}"
            for name, transformer in zip(
                self.task_names_, self.transformers_, strict=True
            )
            for feature in transformer.get_feature_names_out()
        ]
        return np.asarray(names, dtype=object)

    def set_output(
        self, *, transform: Literal["default", "pandas", "polars"] | None = None
    ) -> Self:
        """Set the output container of each transformer.

        The results for a list, a dict, a JointArrays or a bare array are then
        dataframes, or contain them. The results for images remain arrays.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            The container, as in
            :meth:`sklearn.preprocessing.StandardScaler.set_output`.

        Returns
        -------
        self : PerTask
        """
        if transform is None:
            return self
        # The clone of scikit-learn copies this attribute. "passthrough" needs it.
        self._sklearn_output_config = {"transform": transform}
        for transformer in [*self._transformers(), *getattr(self, "transformers_", [])]:
            transformer.set_output(transform=transform)
        return self

    def _fit(self, X: Samples, y: Targets | None) -> tuple[TaskInputs, list[Any]]:
        """Fit the transformers, and return the tasks and their transformed samples."""
        tasks = self._open(X, None)
        names = tasks.names
        for t, item in enumerate(tasks.arrays):
            if item is None or (tasks.container is not None and not len(item)):
                raise ValueError(
                    f"{tasks.describe(t)} has no sample in fit; every task needs some "
                    "(in cross-validation, use a splitter that puts samples of every "
                    "task into every fold, such as "
                    "sk_jae.model_selection.JointStratifiedKFold)."
                )
        self.__dict__.pop("n_features_in_", None)
        self.__dict__.pop("feature_names_in_", None)
        if tasks.container_kind == "array":
            self._check_features(X, reset=True)
        chosen = self._one_per_task(names)
        labels = labels_per_task(y, tasks, self)
        fitted, results = [], []
        for t, (item, transformer) in enumerate(zip(tasks.arrays, chosen, strict=True)):
            with naming(transformer, tasks, t):
                results.append(fit_transform_one(transformer, flat(item), *labels[t]))
            fitted.append(transformer)
        self._shapes = [item.shape[1:] for item in tasks.arrays]
        self._n_out = [result.shape[1] for result in results]
        self.feature_shapes_in_: Any = self._shapes
        if tasks.are_named:
            self.feature_shapes_in_ = dict(zip(names, self._shapes, strict=True))
        self.transformers_ = fitted
        self.task_names_ = names
        self.n_tasks_ = len(names)
        return tasks, results

    def _open(self, X: Samples, names: tuple[str, ...] | None) -> TaskInputs:
        tasks = parse_inputs(X, names)
        words = map(tasks.describe, range(len(tasks.names)))
        return replace(tasks, arrays=tuple(map(check_samples, tasks.arrays, words)))

    def _each(
        self, tasks: TaskInputs, method: str, n_features_out: list[int]
    ) -> list[Any]:
        results: list[Any] = []
        for t, transformer in enumerate(self.transformers_):
            item = tasks.arrays[t]
            if item is None:
                results.append(None)
            elif tasks.container is not None and not len(item):
                # Transformers refuse an empty array, but a selection of samples may
                # have none of the task.
                results.append(np.zeros((0, n_features_out[t])))
            elif not hasattr(transformer, method):
                raise TypeError(
                    f"{type(transformer).__name__} of task {tasks.names[t]!r} has no "
                    f"{method}."
                )
            else:
                with naming(transformer, tasks, t):
                    results.append(getattr(transformer, method)(flat(item)))
        return results

    def _restore(self, tasks: TaskInputs, results: list[Any]) -> Any:
        """Return the results in the form of X, with images in their shape again."""
        shaped = []
        for shape, result in zip(self._shapes, results, strict=True):
            is_image = len(shape) > 1 and result is not None
            if is_image and result.shape[1:] == (prod(shape),):
                result = np.asarray(result).reshape(-1, *shape)
            shaped.append(result)
        if tasks.container is None:
            return tasks.restore(shaped)
        for name, result in zip(tasks.names, shaped, strict=True):
            if hasattr(result, "toarray"):
                raise TypeError(
                    f"The transformer of task {name!r} returns a sparse matrix, but a "
                    "JointArrays cannot contain one; let it return a dense array "
                    "(sparse_output=False)."
                )
        return tasks.restore_samples(
            [r if is_dataframe(r) else np.asarray(r) for r in shaped]
        )

    def _check_features(self, X: object, *, reset: bool) -> None:
        """Check or set the number and the names of the features of one bare array."""
        if getattr(X, "ndim", 2) <= 2:
            validate_data(self, X, reset=reset, skip_check_array=True)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = [get_tags(transformer) for transformer in self._transformers()]
        inputs = tags.input_tags
        inputs.three_d_array = True
        for kind in ("sparse", "allow_nan", "string", "categorical"):
            setattr(inputs, kind, all(getattr(t.input_tags, kind) for t in inner))
        inputs.positive_only = any(t.input_tags.positive_only for t in inner)
        tags.target_tags.required = any(t.target_tags.required for t in inner)
        tags.non_deterministic = any(t.non_deterministic for t in inner)
        kept = [t.transformer_tags.preserves_dtype for t in inner if t.transformer_tags]
        if kept:
            tags.transformer_tags.preserves_dtype = [
                dtype for dtype in kept[0] if all(dtype in other for other in kept)
            ]
        return tags
