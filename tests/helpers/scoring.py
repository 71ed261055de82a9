"""Scorers, and what they are by hand."""

from __future__ import annotations

import numpy as np
from sklearn.base import clone
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    f1_score,
    fbeta_score,
    log_loss,
    make_scorer,
    roc_auc_score,
)

from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)
from tests.helpers.small import small

LEARNED = small(max_epochs=8)
NAMES = ("many", "few", "none")

F2 = make_scorer(fbeta_score, beta=2, average="macro")

# What each scorer is on true labels, predictions and probabilities of one task.
BY_HAND = {
    "accuracy": lambda y, p, proba: accuracy_score(y, p),
    "balanced_accuracy": lambda y, p, proba: balanced_accuracy_score(y, p),
    "f1_macro": lambda y, p, proba: f1_score(y, p, average="macro"),
    "roc_auc_ovr": lambda y, p, proba: roc_auc_score(y, proba, multi_class="ovr"),
    "neg_log_loss": lambda y, p, proba: -log_loss(y, proba),
    F2: lambda y, p, proba: fbeta_score(y, p, beta=2, average="macro"),
}

LABEL_FREE = [
    EntropyScorer,
    InformationMaximizationScorer,
    SoftNeighborhoodDensityScorer,
]

FORMS = ["list", "tuple", "dict", "joint", "joint-named", "dataframes"]


def entropy(p):
    with np.errstate(divide="ignore", invalid="ignore"):
        return -np.nansum(p * np.log(p), axis=-1)


def density(p, temperature=0.05):
    """Soft neighborhood density as its source writes it, sample by sample."""
    found = []
    for i in range(len(p)):
        others = [j for j in range(len(p)) if j != i]
        cosine = np.array(
            [p[i] @ p[j] / np.linalg.norm(p[i]) / np.linalg.norm(p[j]) for j in others]
        )
        q = np.exp(cosine / temperature)
        found.append(entropy(q / q.sum()))
    return np.mean(found)


REFERENCES = {
    EntropyScorer: lambda p: -entropy(p).mean(),
    InformationMaximizationScorer: lambda p: entropy(p.mean(0)) - entropy(p).mean(),
    SoftNeighborhoodDensityScorer: density,
}


def reversed_by_hand(estimator, X, y, target, sources, names=None):
    """A second fit, from the target's predictions to the labels of the others."""
    y_back = [None] * len(X)
    y_back[target] = estimator.predict(X)[target]
    back = clone(estimator)
    if names is None:
        back.fit(X, y_back)
    else:
        # The names of the tasks decide the order of their samples.
        back.fit(dict(zip(names, X, strict=True)), {names[target]: y_back[target]})
    scores = []
    for t in sources:
        mask = y[t] != -1
        scores.append(accuracy_score(y[t][mask], back.predict(X)[t][mask]))
    return np.mean(scores)


SCORING = {
    "accuracy": LabeledScorer(),
    "f1_few": LabeledScorer("f1_macro", task="few"),
    "log_loss": LabeledScorer("neg_log_loss", task=0),
    "own": LabeledScorer(F2),
    "entropy": EntropyScorer(),
    "im": InformationMaximizationScorer(),
    "snd": SoftNeighborhoodDensityScorer("none"),
    "reverse": ReverseValidationScorer(),
}
