"""Ours, and the plain models that one would try first, for paired samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.cross_decomposition import PLSRegression
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.transfer._methods import plain_model
from benchmarks.transfer._pairs_problems import Array, Subtypes, Translation
from sk_jae import JointAutoencoder, JointTransferClassifier

_MOST_COMPONENTS = 15


def ours(split: Subtypes, seed: int, *, paired: bool = True) -> Array:
    """The defaults, with the pairs or without them."""
    clf = JointTransferClassifier(random_state=seed)
    ids = split.ids if paired else None
    clf.fit([split.X, split.X_unlabeled], [split.y, None], ids=ids)
    found: Array = clf.predict([None, split.X_test])[1]
    return found


def ours_without_pairs(split: Subtypes, seed: int) -> Array:
    return ours(split, seed, paired=False)


def ours_with_labels(split: Subtypes, seed: int) -> Array:
    """The defaults, and the paired samples have their labels in both tasks."""
    labels = np.full(len(split.y), None)
    labels[split.paired] = split.y[split.paired]
    clf = JointTransferClassifier(random_state=seed)
    clf.fit([split.X, split.X_unlabeled], [split.y, labels], ids=split.ids)
    found: Array = clf.predict([None, split.X_test])[1]
    return found


def plain(split: Subtypes, seed: int) -> Array:
    """Logistic regression on the paired rows of the unlabeled task, with labels."""
    scaler = StandardScaler().fit(split.X_unlabeled)
    model = plain_model().fit(
        scaler.transform(split.X_unlabeled[split.paired]), split.y[split.paired]
    )
    found: Array = model.predict(scaler.transform(split.X_test))
    return found


def translated_by_ridge(split: Subtypes, seed: int) -> Array:
    """Ridge regression translates, and logistic regression reads the translation."""
    own = StandardScaler().fit(split.X)
    model = plain_model().fit(own.transform(split.X), split.y)
    translation = _ridge().fit(
        split.X_unlabeled[split.paired], own.transform(split.X[split.paired])
    )
    found: Array = model.predict(translation.predict(split.X_test))
    return found


def translation(split: Translation, seed: int) -> Array:
    """The defaults of the autoencoder."""
    est = JointAutoencoder(random_state=seed)
    rows = np.arange(len(split.X))
    est.fit([split.X, split.Y], ids=[rows, rows])
    return np.asarray(est.translate(split.X_test, source=0, target=1))


def ridge(split: Translation, seed: int) -> Array:
    return np.asarray(_ridge().fit(split.X, split.Y).predict(split.X_test))


def pls(split: Translation, seed: int) -> Array:
    """Partial least squares whose number of components is cross-validated."""
    search = GridSearchCV(
        PLSRegression(max_iter=2000),
        {"n_components": range(1, _MOST_COMPONENTS + 1)},
        cv=5,
        scoring="r2",
    )
    return np.asarray(search.fit(split.X, split.Y).predict(split.X_test))


def _ridge() -> Any:
    return make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 6, 17)))


OF_SUBTYPES: dict[str, Callable[[Subtypes, int], Array]] = {
    "ours": ours,
    "ours, labels": ours_with_labels,
    "ours, no pairs": ours_without_pairs,
    "LR": plain,
    "ridge, LR": translated_by_ridge,
}
OF_TRANSLATION: dict[str, Callable[[Translation, int], Array]] = {
    "ours": translation,
    "ridge": ridge,
    "PLS": pls,
}
