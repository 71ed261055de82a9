"""Preprocessing of every task by a transformer of its own: `PerTask`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import check_is_fitted, validate_data

from sk_jae._conversion import to_array
from sk_jae.validation import (
    Tasks,
    _default_names,
    _forget_features,
    _labeled_mask,
    _open,
    _order,
    per_task,
    split_labels,
    task_words,
)

__all__ = ["PerTask"]


class PerTask(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):
    """Apply a scikit-learn transformer to every task by itself.

    Put it in front of a joint estimator, for example to scale every task by its own
    mean and variance.

    Parameters
    ----------
    transformer : transformer, "passthrough", or list or dict of these
        One transformer, of which every task gets a clone, or one per task.
        "passthrough" leaves the samples alone. Their parameters can be set and
        searched as ``transformer__<parameter>``, or for a list or dict as
        ``<position or name>__<parameter>``.

    Attributes
    ----------
    transformers_ : list of transformer
        The fitted transformers, in the order of the tasks; a
        :class:`~sklearn.preprocessing.FunctionTransformer` for "passthrough".
    n_tasks_ : int
        Number of tasks.
    task_names_ : tuple of str
        The names of the tasks: the keys of a dict, else "task0", "task1", ...
    feature_shapes_in_ : list or dict of tuple of int
        Shape of one sample of each task.
    n_features_in_ : int
        Number of features; only after `fit` with one bare array.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the features; only after `fit` with one dataframe.

    See Also
    --------
    JointAutoencoder, JointTransferClassifier : What stands behind it.
    sklearn.compose.ColumnTransformer : Other transformers for other columns.

    Notes
    -----
    Transformers see samples as vectors: images are flattened for them, and come back as
    images if the transformer keeps the number of features. Dataframes reach them as
    they are, and what they can handle, such as missing values, they get.

    An unlabeled sample's -1 never reaches a transformer: one that needs labels is
    fitted on the labeled samples of its task, any other one on all samples, with their
    labels only if all are labeled.

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

    def __init__(self, transformer: Any) -> None:
        self.transformer = transformer

    def fit(self, X: Any, y: Any = None) -> PerTask:
        """Fit every task's transformer.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            One array of shape (n_samples_t, ...) or dataframe per task.
        y : list, tuple, dict or array-like, default=None
            Labels in the form of `X`, see Notes.

        Returns
        -------
        self : PerTask

        Raises
        ------
        ValueError, TypeError
            If the transformers are not one per task, or one of them cannot use the
            samples; the message names the task.
        """
        self._fit(X, y)
        return self

    def fit_transform(self, X: Any, y: Any = None) -> Any:
        """Fit every task's transformer and transform its samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            One array of shape (n_samples_t, ...) or dataframe per task.
        y : list, tuple, dict or array-like, default=None
            Labels in the form of `X`, see Notes.

        Returns
        -------
        X_transformed : list, dict, JointArrays or ndarray
            In the form of `X`.
        """
        tasks, results = self._fit(X, y)
        return self._restore(tasks, results)

    def transform(self, X: Any) -> Any:
        """Transform every task.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.

        Returns
        -------
        X_transformed : list, dict, JointArrays or ndarray
            In the form of `X`.
        """
        check_is_fitted(self)
        tasks = self._open_fitted(X)
        if tasks.form == "array":
            self._check_features(X, reset=False)
        for t, item in enumerate(tasks.arrays):
            if item is not None and item.shape[1:] != self._shapes[t]:
                raise ValueError(
                    f"{tasks.words(t)} has samples of shape {item.shape[1:]}, expected "
                    f"{self._shapes[t]} as in fit; give the features that the "
                    "transformers were fitted with."
                )
        return self._restore(tasks, self._each(tasks, "transform", self._n_out))

    def inverse_transform(self, X: Any) -> Any:
        """Undo the transformation of every task.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            What `transform` gave, or reconstructions of it.

        Returns
        -------
        X_original : list, dict, JointArrays or ndarray
            In the form of `X`.

        Raises
        ------
        TypeError
            If the transformer of a task has no `inverse_transform`.
        """
        check_is_fitted(self)
        tasks = self._open_fitted(X)
        n_in = [prod(shape) for shape in self._shapes]
        return self._restore(tasks, self._each(tasks, "inverse_transform", n_in))

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the features that the transformers put out.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features of one bare array; not used for several tasks.

        Returns
        -------
        names : ndarray of str
            For several tasks, all names one after the other as
            ``<name of the task>__<feature>``.
        """
        check_is_fitted(self)
        if self.n_tasks_ == 1:
            return self.transformers_[0].get_feature_names_out(input_features)
        names = [
            f"{name}__{feature}"
            for name, transformer in zip(
                self.task_names_, self.transformers_, strict=True
            )
            for feature in transformer.get_feature_names_out()
        ]
        return np.asarray(names, dtype=object)

    def set_output(self, *, transform: Any = None) -> PerTask:
        """Set the output container of every transformer.

        A list, a dict or a bare array then holds or becomes dataframes; a JointArrays
        holds arrays in any case, and so do images.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            See :meth:`sklearn.preprocessing.StandardScaler.set_output`.

        Returns
        -------
        self : PerTask
        """
        if transform is None:
            return self
        # Where scikit-learn's clone looks; for what is passed through.
        self._sklearn_output_config = {"transform": transform}
        for transformer in [*self._transformers(), *getattr(self, "transformers_", [])]:
            transformer.set_output(transform=transform)
        return self

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters of this transformer and of those per task.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the transformers.

        Returns
        -------
        params : dict
        """
        params = super().get_params(deep=deep)
        if deep:
            for key, transformer in self._items():
                params[key] = transformer
                if hasattr(transformer, "get_params"):
                    inner = transformer.get_params(deep=True)
                    params.update({f"{key}__{k}": v for k, v in inner.items()})
        return params

    def set_params(self, **params: Any) -> PerTask:
        """Set parameters of this transformer and of those per task.

        Parameters
        ----------
        **params : dict
            See `get_params`.

        Returns
        -------
        self : PerTask
        """
        if "transformer" in params:
            self.transformer = params.pop("transformer")
        for key, _ in self._items():
            if key in params:
                self._replace(key, params.pop(key))
        # After the replacements, so that parameters reach the new transformers.
        items = dict(self._items())
        for key in list(params):
            name, _, parameter = key.partition("__")
            if name in items and parameter:
                items[name].set_params(**{parameter: params.pop(key)})
        super().set_params(**params)
        return self

    def _fit(self, X: Any, y: Any) -> tuple[Tasks, list[Any]]:
        """Fit the transformers; the tasks and what becomes of them."""
        form, items, keys, container = _open(X, self)
        names = tuple(keys) if keys is not None else _default_names(len(items))
        words = [task_words(names, t, form) for t in range(len(names))]
        samples = [_samples(item, word) for item, word in zip(items, words, strict=True)]
        tasks = Tasks(form, names, tuple(samples), container)
        for item, word in zip(samples, words, strict=True):
            if item is None or (form == "joint" and not len(item)):
                raise ValueError(
                    f"{word} has no sample in fit; every task needs some (in "
                    "cross-validation, use a splitter that puts samples of every task "
                    "into every fold, such as "
                    "sk_jae.model_selection.JointStratifiedKFold)."
                )
        _forget_features(self)
        if form == "array":
            self._check_features(X, reset=True)
        chosen = self._one_per_task(names)
        labels = _labels(y, tasks, self)
        fitted, results = [], []
        for t, (item, transformer) in enumerate(zip(samples, chosen, strict=True)):
            with _named(transformer, tasks, t):
                results.append(_fit_transform(transformer, _flat(item), *labels[t]))
            fitted.append(transformer)
        self._shapes = [item.shape[1:] for item in samples]
        self._n_out = [result.shape[1] for result in results]
        named = form == "dict" or (container is not None and keys is not None)
        self.feature_shapes_in_ = (
            dict(zip(names, self._shapes, strict=True)) if named else self._shapes
        )
        self.transformers_ = fitted
        self.task_names_ = names
        self.n_tasks_ = len(names)
        return tasks, results

    def _open_fitted(self, X: Any) -> Tasks:
        form, items, keys, container = _open(X, self)
        names = self.task_names_
        items = _order(form, items, keys, names, self)
        samples = [
            _samples(item, task_words(names, t, form)) for t, item in enumerate(items)
        ]
        return Tasks(form, names, tuple(samples), container)

    def _each(self, tasks: Tasks, method: str, n_features_out: list[int]) -> list[Any]:
        results: list[Any] = []
        for t, transformer in enumerate(self.transformers_):
            item = tasks.arrays[t]
            if item is None:
                results.append(None)
            elif tasks.form == "joint" and not len(item):
                # A selection without samples of the task, which no transformer takes.
                results.append(np.zeros((0, n_features_out[t])))
            elif not hasattr(transformer, method):
                raise TypeError(
                    f"{type(transformer).__name__} of task {tasks.names[t]!r} has no "
                    f"{method}."
                )
            else:
                with _named(transformer, tasks, t):
                    results.append(getattr(transformer, method)(_flat(item)))
        return results

    def _restore(self, tasks: Tasks, results: list[Any]) -> Any:
        """The results in the form of X, images as images."""
        shaped = []
        for shape, result in zip(self._shapes, results, strict=True):
            is_image = len(shape) > 1 and result is not None
            if is_image and result.shape[1:] == (prod(shape),):
                result = np.asarray(result).reshape(-1, *shape)
            shaped.append(result)
        container = tasks.container
        if container is None:
            return tasks.restore(shaped)
        by_name = dict(zip(tasks.names, shaped, strict=True))
        for name, result in by_name.items():
            if hasattr(result, "toarray"):
                raise TypeError(
                    f"The transformer of task {name!r} returns a sparse matrix, which a "
                    "JointArrays cannot hold; let it return a dense array "
                    "(sparse_output=False)."
                )
        names = container.task_names or tasks.names
        return container.with_arrays([np.asarray(by_name[name]) for name in names])

    def _check_features(self, X: Any, *, reset: bool) -> None:
        """Number and names of the features of one bare array."""
        if getattr(X, "ndim", 2) <= 2:
            validate_data(self, X, reset=reset, skip_check_array=True)

    def _one_per_task(self, names: tuple[str, ...]) -> list[Any]:
        """New transformers, not fitted."""
        if isinstance(self.transformer, Mapping):
            for name in self.transformer:
                if name == "transformer" or "__" in str(name):
                    raise ValueError(
                        f"transformer has the key {name!r}, which cannot be told from "
                        "a parameter; give the task a name other than 'transformer' "
                        "and without '__'."
                    )
        chosen = per_task(
            self.transformer, names, "transformer", is_one=_is_transformer
        )
        new = []
        for name, transformer in zip(names, chosen, strict=True):
            if isinstance(transformer, str) and transformer == "passthrough":
                identity = FunctionTransformer(feature_names_out="one-to-one")
                for container in getattr(self, "_sklearn_output_config", {}).values():
                    identity.set_output(transform=container)
                new.append(identity)
                continue
            if isinstance(transformer, type) or not hasattr(transformer, "transform"):
                raise TypeError(
                    f"The transformer of task {name!r} must be an object with fit and "
                    f"transform, or 'passthrough', got {transformer!r}."
                )
            new.append(clone(transformer))
        return new

    def _items(self) -> list[tuple[str, Any]]:
        """The transformers per task by the name under which they are searched."""
        if isinstance(self.transformer, Mapping):
            return [(str(name), t) for name, t in self.transformer.items()]
        if isinstance(self.transformer, (list, tuple)):
            return [(str(i), t) for i, t in enumerate(self.transformer)]
        return []

    def _transformers(self) -> list[Any]:
        """All transformers among the parameters."""
        items = [t for _, t in self._items()] or [self.transformer]
        return [t for t in items if hasattr(t, "fit") and not isinstance(t, type)]

    def _replace(self, name: str, value: Any) -> None:
        # A new container, since clones and grids may hold the old one.
        if isinstance(self.transformer, Mapping):
            self.transformer = {**self.transformer, name: value}
        else:
            items = list(self.transformer)
            items[int(name)] = value
            self.transformer = type(self.transformer)(items)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        inner = [get_tags(transformer) for transformer in self._transformers()]
        inputs = tags.input_tags
        inputs.three_d_array = True
        for kind in ("sparse", "allow_nan", "string", "categorical"):
            able = bool(inner) and all(getattr(t.input_tags, kind) for t in inner)
            setattr(inputs, kind, able)
        inputs.positive_only = any(t.input_tags.positive_only for t in inner)
        tags.target_tags.required = any(t.target_tags.required for t in inner)
        tags.non_deterministic = any(t.non_deterministic for t in inner)
        kept = [t.transformer_tags.preserves_dtype for t in inner if t.transformer_tags]
        if kept:
            tags.transformer_tags.preserves_dtype = [
                dtype for dtype in kept[0] if all(dtype in other for other in kept)
            ]
        return tags


def _is_transformer(value: Any) -> bool:
    return isinstance(value, str) or hasattr(value, "fit")


def _samples(item: Any, words: str) -> Any:
    """The samples of a task, dataframes and sparse matrices as they are."""
    if item is None or hasattr(item, "columns") or hasattr(item, "toarray"):
        return item
    array = to_array(item, words)
    if array.ndim < 2:
        raise ValueError(
            f"{words} has shape {array.shape}, expected at least 2 dimensions. Reshape "
            "your data to (n_samples, n_features)."
        )
    return array


def _flat(item: Any) -> Any:
    return item.reshape(len(item), -1) if len(item.shape) > 2 else item


def _labels(y: Any, tasks: Tasks, estimator: Any) -> list[tuple[Any, Any]]:
    """The labels of each task and which of its samples have one."""
    if y is None:
        return [(None, None)] * len(tasks.names)
    # Row numbers in place of the samples, of which sparse ones have no len.
    rows = tuple(np.arange(item.shape[0]) for item in tasks.arrays if item is not None)
    counted = Tasks(tasks.form, tasks.names, rows, tasks.container)
    parts = split_labels(y, counted, estimator)
    return [(part, _labeled_mask(part, tasks.form)) for part in parts]


def _fit_transform(transformer: Any, samples: Any, part: Any, mask: Any) -> Any:
    if part is not None and not mask.all():
        if get_tags(transformer).target_tags.required and mask.any():
            transformer.fit(_safe_indexing(samples, mask), part[mask])
            return transformer.transform(samples)
        part = None
    if hasattr(transformer, "fit_transform"):
        return transformer.fit_transform(samples, part)
    return transformer.fit(samples, part).transform(samples)


@contextmanager
def _named(transformer: Any, tasks: Tasks, t: int) -> Iterator[None]:
    """Lets errors of a transformer say whose it is."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if tasks.form == "array":
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{type(transformer).__name__} of {tasks.words(t)}: {error}"
        ) from error
