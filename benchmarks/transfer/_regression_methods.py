"""Ours, and the plain models that one would try first, for targets that are numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.transfer._regression_problems import Split
from sk_jae import JointTransferRegressor

Array = NDArray[Any]

_MOST_COMPONENTS = 15


def ours(split: Split, seed: int, **parameters: Any) -> Array:
    """The default regressor, but for the parameters that are given."""
    est = JointTransferRegressor(random_state=seed, **parameters)
    if split.X_target is None:
        return est.fit(split.X, split.y).predict(split.X_test)
    X, y = [split.X, split.X_target], [split.y, split.y_target]
    if np.isnan(split.y_target).all():
        y[1] = None
    ids = None
    if split.paired:
        ids = [np.arange(len(part)) for part in X]
    found: Array = est.fit(X, y, ids=ids).predict([None, split.X_test])[1]
    return found


def spectra_without_hidden_layer(split: Split, seed: int) -> Array:
    return ours(split, seed, encoder=())


def on_one_axis(split: Split, seed: int) -> Array:
    """The default regressor that is told the wavelengths."""
    if split.axes is None:
        raise LookupError
    return ours(split, seed, shared_input=list(split.axes))


def _interpolated(split: Split) -> Split:
    """The spectra of the source at the wavelengths of the target, which are fewer."""
    if split.axes is None:
        return split
    own, other = split.axes
    inside = (other >= own[0]) & (other <= own[-1])
    return replace(
        split,
        X=np.stack([np.interp(other[inside], own, row) for row in split.X]),
        X_target=None if split.X_target is None else split.X_target[:, inside],
        X_test=split.X_test[:, inside],
        axes=None,
    )


def pls(split: Split, seed: int) -> Array:
    """Partial least squares on the source, to whose mean the target is moved."""
    split = _interpolated(split)
    return _pls_of(split.X, split.y).predict(_moved(split, split.X_test)).ravel()


def ridge(split: Split, seed: int) -> Array:
    """Ridge regression on all samples with a target, each task on its own scale."""
    split = _interpolated(split)
    own = StandardScaler().fit(split.X)
    parts, targets, other = [own.transform(split.X)], [split.y], own
    if split.X_target is not None:
        other = StandardScaler().fit(split.X_target)
        known = ~np.isnan(split.y_target)
        if known.any():
            parts.append(other.transform(split.X_target[known]))
        targets.append(split.y_target[known])
    model = _ridge().fit(np.concatenate(parts), np.concatenate(targets))
    found: Array = model.predict(other.transform(split.X_test))
    return found


def ridge_in_units(split: Split, seed: int) -> Array:
    """Ridge regression on the source, in whose units the target is."""
    if not split.has_one_unit:
        raise LookupError
    model = make_pipeline(StandardScaler(), _ridge()).fit(split.X, split.y)
    return np.asarray(model.predict(split.X_test))


def direct_standardization(split: Split, seed: int) -> Array:
    """The source's model of spectra that pairs translate (Wang et al. 1991)."""
    if not split.paired:
        raise LookupError
    split = _interpolated(split)
    n = len(split.X_target)
    own, other = split.X[:n], split.X_target
    translation = np.linalg.pinv(other - other.mean(0)) @ (own - own.mean(0))
    moved = (split.X_test - other.mean(0)) @ translation + own.mean(0)
    return _pls_of(split.X, split.y).predict(moved).ravel()


def pls_of_labels(split: Split, seed: int) -> Array:
    """Partial least squares on the labeled samples of the target alone."""
    if split.y_target is None or np.isnan(split.y_target).all():
        raise LookupError
    known = ~np.isnan(split.y_target)
    model = _pls_of(split.X_target[known], split.y_target[known])
    return model.predict(split.X_test).ravel()


def ridge_of_labels(split: Split, seed: int) -> Array:
    """Ridge regression on the labeled samples of the target alone."""
    if split.y_target is None or np.isnan(split.y_target).all():
        raise LookupError
    known = ~np.isnan(split.y_target)
    model = make_pipeline(StandardScaler(), _ridge())
    found: Array = model.fit(split.X_target[known], split.y_target[known]).predict(
        split.X_test
    )
    return found


def _moved(split: Split, x: Array) -> Array:
    if split.X_target is None:
        return x
    moved: Array = x - split.X_target.mean(0) + split.X.mean(0)
    return moved


def _pls_of(X: Array, y: Array) -> Any:
    """Partial least squares whose number of components is cross-validated."""
    n_folds = min(5, len(y))
    most = min(_MOST_COMPONENTS, len(y) - -(-len(y) // n_folds) - 1)
    search = GridSearchCV(
        PLSRegression(scale=False, max_iter=2000),
        {"n_components": range(1, most + 1)},
        cv=n_folds,
        scoring="neg_mean_squared_error",
    )
    return search.fit(X, y).best_estimator_


def _ridge() -> RidgeCV:
    return RidgeCV(np.logspace(-4, 4, 17))


def mean(split: Split, seed: int) -> Array:
    """The mean of the targets of the source, for what is read without any of them."""
    if split.y_target is None or not np.isnan(split.y_target).all():
        raise LookupError
    return np.full(len(split.X_test), split.y.mean())


METHODS: dict[str, Callable[[Split, int], Array]] = {
    "ours": ours,
    "ours, encoder=()": spectra_without_hidden_layer,
    "ours, axes": on_one_axis,
    "PLS": pls,
    "ridge": ridge,
    "ridge in units": ridge_in_units,
    "DS": direct_standardization,
    "PLS of labels": pls_of_labels,
    "ridge of labels": ridge_of_labels,
    "mean": mean,
}
