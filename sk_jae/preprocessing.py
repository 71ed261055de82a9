"""Preprocessing of every task by a transformer of its own: `PerTask`."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import check_is_fitted

from sk_jae.arrays import JointArrays
from sk_jae.validation import Tasks, check_tasks, per_task, split_labels

__all__ = ["PerTask"]


class PerTask(TransformerMixin, BaseEstimator):
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
        The fitted transformers, in the order of the tasks; None for "passthrough".
    n_tasks_ : int
        Number of tasks.
    task_names_ : tuple of str
        The names of the tasks: the keys of a dict, else "task0", "task1", ...
    n_features_in_ : int
        Number of features; only after `fit` with one bare array.
    feature_names_in_ : ndarray of str of shape (n_features_in_,)
        Names of the features; only after `fit` with one dataframe.

    See Also
    --------
    JointAutoencoder, JointTransferClassifier : What stands behind it.

    Notes
    -----
    Transformers see samples as vectors: images are flattened for them, and come back as
    images if the transformer keeps the number of features.

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
            One array of shape (n_samples_t, ...) per task.
        y : list, tuple, dict or array-like, default=None
            Labels in the form of `X`, handed to the transformers.

        Returns
        -------
        self : PerTask

        Raises
        ------
        ValueError, TypeError
            If the samples cannot be used, or the transformers are not one per task.
        """
        # Where the channels are makes no difference to a transformer of vectors.
        tasks, self.layouts_ = check_tasks(
            X, estimator=self, reset=True, channels="first"
        )
        labels = (
            [None] * len(tasks.names) if y is None else split_labels(y, tasks, self)
        )
        chosen = per_task(
            self.transformer, tasks.names, "transformer", is_one=_is_transformer
        )
        fitted = []
        for name, transformer, array, part in zip(
            tasks.names, chosen, tasks.arrays, labels, strict=True
        ):
            if isinstance(transformer, str) and transformer == "passthrough":
                fitted.append(None)
                continue
            if not hasattr(transformer, "transform"):
                raise TypeError(
                    f"The transformer of task {name!r} must have fit and transform, or "
                    f"be 'passthrough', got {transformer!r}."
                )
            try:
                fitted.append(clone(transformer).fit(_flat(array), part))
            except (TypeError, ValueError) as error:
                raise type(error)(
                    f"{type(transformer).__name__} of task {name!r}: {error}"
                ) from error
        self.transformers_ = fitted
        self.task_names_ = tasks.names
        self.n_tasks_ = len(tasks.names)
        return self

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
        tasks, _ = check_tasks(X, estimator=self)
        return self._apply(tasks, "transform")

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
        # Its features are those of the output, which the layouts know nothing about.
        tasks = _as_given(X, self.task_names_)
        return self._apply(tasks, "inverse_transform")

    def _apply(self, tasks: Tasks, method: str) -> Any:
        results: list[NDArray[Any] | None] = []
        for name, transformer, layout, array in zip(
            self.task_names_,
            self.transformers_,
            self.layouts_,
            tasks.arrays,
            strict=True,
        ):
            if array is None or transformer is None:
                results.append(array)
                continue
            if not hasattr(transformer, method):
                raise TypeError(
                    f"{type(transformer).__name__} of task {name!r} has no {method}."
                )
            if not len(array):  # a selection of a JointArrays without the task
                array = np.zeros((0, *array.shape[1:]))
                results.append(array)
                continue
            result = np.asarray(getattr(transformer, method)(_flat(array)))
            if result.shape[1:] == (prod(layout.shape),):
                result = result.reshape(len(result), *layout.shape)
            results.append(result)
        if tasks.form == "joint":
            assert tasks.container is not None
            return tasks.container.with_arrays([a for a in results if a is not None])
        return tasks.restore(results)

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
        items = dict(self._items())
        rest = {}
        for key, value in params.items():
            name, _, inner = key.partition("__")
            if name not in items:
                rest[key] = value
            elif inner:
                items[name].set_params(**{inner: value})
            else:
                self._replace(name, value)
        super().set_params(**rest)
        return self

    def _items(self) -> list[tuple[str, Any]]:
        """The transformers per task by the name under which they are searched."""
        if isinstance(self.transformer, Mapping):
            return [(str(name), t) for name, t in self.transformer.items()]
        if isinstance(self.transformer, (list, tuple)):
            return [(str(i), t) for i, t in enumerate(self.transformer)]
        return []

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
        tags.input_tags.three_d_array = True
        return tags


def _is_transformer(value: Any) -> bool:
    return isinstance(value, str) or hasattr(value, "fit")


def _flat(array: NDArray[Any] | None) -> NDArray[Any]:
    assert array is not None
    return array.reshape(len(array), prod(array.shape[1:]))


def _as_given(X: Any, names: tuple[str, ...]) -> Tasks:
    """The arrays of X per task, whatever their features."""
    if isinstance(X, JointArrays):
        return Tasks("joint", names, X.arrays, X)
    if isinstance(X, Mapping):
        return Tasks("dict", names, tuple(_maybe(X.get(name)) for name in names))
    if isinstance(X, (list, tuple)) and len(names) > 1:
        return Tasks("list", names, tuple(map(_maybe, X)))
    return Tasks("array", names, (np.asarray(X),))


def _maybe(item: Any) -> NDArray[Any] | None:
    return None if item is None else np.asarray(item)
