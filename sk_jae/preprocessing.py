"""Preprocessing of every task by a transformer of its own: `PerTask`."""

from __future__ import annotations

from collections.abc import Mapping
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
        for t, item in enumerate(tasks.arrays):
            if item is not None and item.shape[1:] != self._shapes[t]:
                raise ValueError(
                    f"{tasks.words(t)} has samples of shape {item.shape[1:]}, expected "
                    f"{self._shapes[t]} as in fit; give the features that the "
                    "transformers were fitted with."
                )
        if tasks.form == "array":
            self._check_features(X, reset=False)
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

        Those of a list, a dict or a bare dataframe become dataframes; a JointArrays
        holds arrays in any case, and what is passed through stays as it is.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"} or None, default=None
            See :meth:`sklearn.preprocessing.StandardScaler.set_output`.

        Returns
        -------
        self : PerTask
        """
        fitted = getattr(self, "transformers_", [])
        for transformer in [*self._transformers(), *fitted]:
            if not isinstance(transformer, FunctionTransformer):
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
            with _Named(transformer, names[t], form):
                flat = _flat(item)
                results.append(_fit_transform(transformer, flat, *labels[t]))
            fitted.append(transformer)
        self._shapes = [item.shape[1:] for item in samples]
        self._n_out = [int(np.shape(result)[1]) for result in results]
        named = form == "dict" or (container is not None and keys is not None)
        self.feature_shapes_in_ = (
            dict(zip(names, self._shapes, strict=True)) if named else self._shapes
        )
        self.transformers_ = fitted
        self.task_names_ = names
        self.n_tasks_ = len(names)
        return tasks, results
