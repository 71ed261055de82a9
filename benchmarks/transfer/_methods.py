"""What is compared on tables: ours, plain models, and methods of skada.

A method learns from a `Split` without the labels of the target, and returns a function
that predicts samples of the target.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks.transfer._problems import Split
from sk_jae import JointTransferClassifier

Predict = Callable[[np.ndarray], np.ndarray]


@dataclass
class Fitted:
    """Predicts samples of the target; `notes` go into the results."""

    predict: Predict
    notes: dict[str, Any]


def fit_ours(split: Split, seed: int) -> Fitted:
    """The defaults, on the data as they are, and whether the fit warns."""
    clf = JointTransferClassifier(random_state=seed)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit([split.X, split.X_adapt], [split.y, None])
    kinds = sorted({warning.category.__name__ for warning in caught})
    notes = {"epochs": clf.n_iter_, "warnings": kinds}
    return Fitted(lambda X: clf.predict([None, X])[1], notes)


def plain_model() -> LogisticRegression:
    return LogisticRegression(C=0.1, max_iter=400)


def scalers(split: Split, *, own: bool) -> tuple[StandardScaler, StandardScaler]:
    """Those of the source and of the target, the same one if not each has its own."""
    if own:
        return StandardScaler().fit(split.X), StandardScaler().fit(split.X_adapt)
    joint = StandardScaler().fit(np.concatenate([split.X, split.X_adapt]))
    return joint, joint


def fit_scaled(
    split: Split, seed: int, *, fit: Callable[[Split, int], Predict], own: bool
) -> Fitted:
    """A method that sees scaled data."""
    of_source, of_target = scalers(split, own=own)
    seen = replace(
        split,
        X=of_source.transform(split.X),
        X_adapt=of_target.transform(split.X_adapt),
    )
    predict = fit(seen, seed)
    return Fitted(lambda X: predict(of_target.transform(X)), {})


def fit_plain(split: Split, seed: int) -> Predict:
    return plain_model().fit(split.X, split.y).predict


def fit_boosting(split: Split, seed: int) -> Fitted:
    """Trees on the source; they are the same on any scale of both tasks together."""
    model = HistGradientBoostingClassifier(random_state=seed).fit(split.X, split.y)
    return Fitted(model.predict, {})


def fit_adapter(split: Split, seed: int, *, adapter: Callable[..., Any]) -> Predict:
    """An adapter of skada, and behind it the plain model."""
    from skada import make_da_pipeline

    model = make_da_pipeline(adapter(split), plain_model())
    model.fit(*both_tasks(split), sample_domain=domains(split))
    return lambda X: model.predict(X, sample_domain=np.full(len(X), -2))


def both_tasks(split: Split) -> tuple[np.ndarray, np.ndarray]:
    """Source and target as skada takes them, with -1 in place of unknown labels."""
    unknown = np.full(len(split.X_adapt), -1)
    X = np.concatenate([split.X, split.X_adapt])
    return X, np.concatenate([split.y, unknown])


def domains(split: Split) -> np.ndarray:
    return np.repeat([1, -2], [len(split.X), len(split.X_adapt)])


def coral(split: Split) -> Any:
    from skada import CORALAdapter

    return CORALAdapter()


def subspace_alignment(split: Split) -> Any:
    """As many components as there can be, up to 50: all of them did worse."""
    from skada import SubspaceAlignmentAdapter

    n_rows = min(len(split.X), len(split.X_adapt))
    return SubspaceAlignmentAdapter(min(50, n_rows, split.X.shape[1]))


def optimal_transport(split: Split) -> Any:
    from skada import OTMappingAdapter

    return OTMappingAdapter()


def fit_deep(split: Split, seed: int, *, method: str) -> Predict:
    """A deep method of skada, on the network of our shared branch."""
    from benchmarks.transfer._skada import fit_skada

    like = JointTransferClassifier(random_state=seed)
    n_batches = -(-(len(split.X) + len(split.X_adapt)) // like.batch_size)
    X = [split.X.astype(np.float32), split.X_adapt.astype(np.float32)]
    labels = [split.y, np.full(len(split.X_adapt), -1)]
    # Three times as many epochs did no better.
    net = fit_skada(method, X, labels, like, max(20, 500 // n_batches))
    return lambda X: net.predict(X.astype(np.float32))


def _adapted(adapter: Callable[..., Any], *, own: bool) -> Callable[..., Fitted]:
    fit = partial(fit_adapter, adapter=adapter)
    return partial(fit_scaled, fit=fit, own=own)


def _deep(method: str) -> Callable[..., Fitted]:
    return partial(fit_scaled, fit=partial(fit_deep, method=method), own=True)


# Methods of skada have the scale with which they did better on the mean of the sets.
METHODS: dict[str, Callable[[Split, int], Fitted]] = {
    "ours": fit_ours,
    "LR joint": partial(fit_scaled, fit=fit_plain, own=False),
    "LR own": partial(fit_scaled, fit=fit_plain, own=True),
    "gradient boosting": fit_boosting,
    "CORAL": _adapted(coral, own=True),
    "subspace alignment": _adapted(subspace_alignment, own=True),
    "OT mapping": _adapted(optimal_transport, own=False),
    "MCC": _deep("MCC"),
    "DeepCORAL": _deep("DeepCORAL"),
}
SKADA: Sequence[str] = ("CORAL", "subspace alignment", "OT mapping", "MCC", "DeepCORAL")
