"""The parameters of `PerTask`, and the use of one transformer for one task."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from math import prod
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import _safe_indexing

from sk_jae._doc_link import DocLinkMixin
from sk_jae._sklearn_types import BaseEstimator, Transformer
from sk_jae.tasks import (
    HasShape,
    Targets,
    TaskInputs,
    known_values,
    labeled_mask,
    per_task,
    split_labels,
    to_rows,
    with_known_values,
)

__all__ = [
    "PerTaskParameters",
    "check_samples",
    "fit_transform_one",
    "flat",
    "labels_per_task",
    "naming",
]


class PerTaskParameters(DocLinkMixin, BaseEstimator):
    """Base class whose parameter is one transformer or one transformer per task."""

    transformer: Any

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters of this transformer and of those of the tasks.

        Parameters
        ----------
        deep : bool, default=True
            Whether to include the parameters of the transformers of the tasks.

        Returns
        -------
        params : dict
            The parameters by name.
        """
        params = super().get_params(deep=deep)
        if deep:
            for key, transformer in self._items():
                params[key] = transformer
                if hasattr(transformer, "get_params"):
                    inner = transformer.get_params(deep=True)
                    params.update({f"{key}__{k}": v for k, v in inner.items()})
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters of this transformer and of those of the tasks.

        Parameters
        ----------
        **params : dict
            Parameters with the names that `get_params` returns.

        Returns
        -------
        self : PerTask
        """
        if "transformer" in params:
            self.transformer = params.pop("transformer")
        for key, _ in self._items():
            if key in params:
                self._replace(key, params.pop(key))
        # This follows the replacements, so that new transformers get the parameters.
        items = dict(self._items())
        for key in list(params):
            name, _, parameter = key.partition("__")
            if name in items and parameter:
                items[name].set_params(**{parameter: params.pop(key)})
        super().set_params(**params)
        return self

    def _items(self) -> list[tuple[str, Any]]:
        """Return the transformers of the tasks with their names in a search."""
        if isinstance(self.transformer, Mapping):
            return [(str(name), t) for name, t in self.transformer.items()]
        if isinstance(self.transformer, (list, tuple)):
            return [(str(i), t) for i, t in enumerate(self.transformer)]
        return []

    def _transformers(self) -> list[Any]:
        """Return all transformers among the parameters."""
        items = [t for _, t in self._items()] or [self.transformer]
        return [t for t in items if hasattr(t, "fit") and not isinstance(t, type)]

    def _replace(self, name: str, value: object) -> None:
        # The old container may also belong to a clone or a grid, so it is not changed.
        if isinstance(self.transformer, Mapping):
            self.transformer = {**self.transformer, name: value}
        else:
            items = list(self.transformer)
            items[int(name)] = value
            self.transformer = type(self.transformer)(items)

    def _one_per_task(self, names: tuple[str, ...]) -> list[Any]:
        """Return one new transformer per task, not fitted."""
        if isinstance(self.transformer, Mapping):
            for name in self.transformer:
                if name == "transformer" or "__" in str(name):
                    raise ValueError(
                        f"transformer has the key {name!r}, which could be mistaken "
                        "for a parameter; give the task a name other than "
                        "'transformer' and without '__'."
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


def _is_transformer(value: object) -> bool:
    return isinstance(value, str) or hasattr(value, "fit")


def check_samples(item: object, words: str) -> Any:
    """Return the samples of a task; dataframes and sparse matrices are not changed."""
    is_table = hasattr(item, "columns") and hasattr(item, "shape")
    if item is None or is_table or hasattr(item, "toarray"):
        return item
    return np.asarray(to_rows(item, words))


def flat(item: Any) -> Any:
    return (
        item.reshape(len(item), prod(item.shape[1:])) if len(item.shape) > 2 else item
    )


def labels_per_task(
    y: Targets | None, tasks: TaskInputs, estimator: object
) -> list[tuple[NDArray[Any] | None, NDArray[np.bool_] | None]]:
    """Return the labels of each task and the mask of its labeled samples."""
    if y is None:
        return [(None, None)] * len(tasks.names)
    # Row numbers are used instead of the samples, because a sparse matrix has no len.
    rows = [None if item is None else np.arange(item.shape[0]) for item in tasks.arrays]
    is_one_task = tasks.container_kind == "array"
    parts = split_labels(y, replace(tasks, arrays=tuple(rows)), estimator)
    found: list[tuple[NDArray[Any] | None, NDArray[np.bool_] | None]] = []
    for part in parts:
        if part is None:
            found.append((None, None))
            continue
        labeled = labeled_mask(part, is_one_task=is_one_task)
        if not labeled.all():
            part = with_known_values(part, known_values(part[labeled]), labeled)
        found.append((part, labeled))
    return found


def fit_transform_one(
    transformer: Transformer,
    samples: HasShape,
    part: NDArray[Any] | None,
    labeled: NDArray[np.bool_] | None,
) -> Any:
    """Fit the transformer of one task and transform its samples, labeled or not."""
    if part is None or labeled is None or labeled.all():
        return _fit_transform(transformer, samples, part)
    try:
        return _fit_transform(transformer, samples, None)
    except (TypeError, ValueError):
        if not labeled.any():
            raise
    # The tags of a transformer cannot be used to find out whether it needs labels:
    # SelectKBest needs them only for some of its functions.
    transformer.fit(_safe_indexing(samples, labeled), part[labeled])
    return transformer.transform(samples)


def _fit_transform(
    transformer: Transformer, samples: HasShape, labels: NDArray[Any] | None
) -> Any:
    if hasattr(transformer, "fit_transform"):
        return transformer.fit_transform(samples, labels)
    return transformer.fit(samples, labels).transform(samples)


@contextmanager
def naming(transformer: object, tasks: TaskInputs, t: int) -> Iterator[None]:
    """Add the name of the task to errors of its transformer."""
    try:
        with np.errstate(under="ignore"):  # as numpy does if it is not told otherwise
            yield
    except (OverflowError, TypeError, ValueError) as error:
        if tasks.container_kind == "array":
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{tasks.describe(t, type(transformer).__name__)}: {error}"
        ) from error
