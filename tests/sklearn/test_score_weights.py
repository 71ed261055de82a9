"""Weights of samples on their way through scikit-learn's tools to `score`."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn import config_context
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.fixes import parse_version

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.metrics import LabeledScorer
from sk_jae.preprocessing import PerTask
from tests.helpers.packed import (
    ARRAYS,
    DENSE,
    LABELS,
    N_SAMPLES,
    TASK,
    X,
    Y,
    by_hand,
    fit_by_hand,
    rows_of,
)
from tests.helpers.small import small

PARAMETERS = small(DENSE, lr=0.05)
W = np.random.default_rng(5).random(N_SAMPLES)
FOLDS = list(StratifiedKFold(3).split(np.zeros(N_SAMPLES), Y))


@pytest.fixture(autouse=True)
def _routing():
    with config_context(enable_metadata_routing=True):
        yield


def requesting(cls=JointTransferClassifier, request=True):
    estimator = cls(**PARAMETERS).set_fit_request(sample_weight=False)
    return estimator.set_score_request(sample_weight=request)


def weighted_accuracy(fitted, test):
    """Of the first task, which alone has labels."""
    rows, w = rows_of(test)[0], W[test[TASK[test] == 0]]
    labeled = LABELS[0][rows] != -1
    predicted = fitted.predict([ARRAYS[0][rows[labeled]], None])[0]
    return accuracy_score(LABELS[0][rows[labeled]], predicted, sample_weight=w[labeled])


def by_hand_with_weights(estimator):
    return [weighted_accuracy(fit_by_hand(estimator, a), b) for a, b in FOLDS]


# A step that declines them makes any Pipeline.score fail, which is scikit-learn's.
@pytest.mark.parametrize("request_", [None, True])
def test_the_score_of_a_pipeline(request_):
    last = requesting(request=request_)
    pipeline = make_pipeline(PerTask(StandardScaler()), last).fit(X, Y)
    plain = pipeline[-1].score(pipeline[:-1].transform(X), Y)
    assert pipeline.score(X, Y) == plain
    assert LabeledScorer()(pipeline, X, Y) == pytest.approx(plain)
    if request_:
        expected = pipeline[-1].score(pipeline[:-1].transform(X), Y, W)
        assert pipeline.score(X, Y, sample_weight=W) == expected != plain
    else:
        with pytest.raises((TypeError, ValueError), match="sample_weight"):
            pipeline.score(X, Y, sample_weight=W)


def test_a_search_gives_every_fold_its_weights():
    classifier = requesting()
    search = GridSearchCV(classifier, {"lr": [0.05]}, cv=3).fit(X, Y, sample_weight=W)
    expected = np.mean(by_hand_with_weights(classifier))
    assert search.best_score_ == pytest.approx(expected)
    assert search.best_score_ != pytest.approx(by_hand(classifier, FOLDS).mean())
    found = search.score(X, Y, sample_weight=W)
    assert found == search.best_estimator_.score(X, Y, W)


@pytest.mark.skipif(
    parse_version(sklearn.__version__) < parse_version("1.9"),
    reason="a scorer of an earlier scikit-learn does not route to Pipeline.score",
)
def test_cross_validation_of_a_pipeline_gives_every_fold_its_weights():
    classifier = requesting()
    found = cross_val_score(
        make_pipeline(PerTask("passthrough"), classifier),
        X,
        Y,
        cv=3,
        params={"sample_weight": W},
    )
    np.testing.assert_allclose(found, by_hand_with_weights(classifier))


def test_they_may_have_another_name():
    autoencoder = requesting(JointAutoencoder, "importance")
    scores = cross_val_score(autoencoder, X, cv=FOLDS, params={"importance": W})
    for score, (train, test) in zip(scores, FOLDS, strict=True):
        expected = fit_by_hand(autoencoder, train).score(X[test], None, W[test])
        assert score == pytest.approx(expected, rel=1e-5)


def test_a_scorer_that_takes_none_gets_none():
    search = GridSearchCV(
        requesting(), {"lr": [0.05]}, cv=3, scoring=LabeledScorer()
    ).fit(X, Y)
    assert search.best_score_ == pytest.approx(by_hand(requesting(), FOLDS).mean())
