"""The scorers in pipelines, cross-validation and searches."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    f1_score,
)
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    cross_val_score,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.semi_supervised import SelfTrainingClassifier

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
)
from sk_jae.model_selection import JointStratifiedKFold
from sk_jae.preprocessing import PerTask
from tests.helpers.scoring import FORMS, LEARNED, SCORING, entropy


@pytest.mark.parametrize("routing", [False, True])
def test_in_cross_validate(routing, forms):
    X, y = forms["joint-named"]
    cv = JointStratifiedKFold(2, test_unlabeled=True)
    with sklearn.config_context(enable_metadata_routing=routing):
        found = cross_validate(
            JointTransferClassifier(**LEARNED),
            X,
            y,
            cv=cv,
            scoring=SCORING,
            return_estimator=True,
            return_indices=True,
            error_score="raise",
        )
    for i, estimator in enumerate(found["estimator"]):
        test = found["indices"]["test"][i]
        for name, scorer in SCORING.items():
            expected = scorer(estimator, X[test], y[test])
            assert found[f"test_{name}"][i] == pytest.approx(expected)


def test_in_a_search_with_two_processes(forms):
    X, y = forms["joint-named"]
    search = GridSearchCV(
        JointTransferClassifier(**LEARNED),
        {"reconstruction_weight": [0.1, 10.0]},
        scoring=SCORING,
        refit="im",
        cv=JointStratifiedKFold(2, test_unlabeled=True),
        error_score="raise",
    )
    alone = clone(search).fit(X, y)
    pair = clone(search).set_params(n_jobs=2).fit(X, y)
    for name in SCORING:
        key = f"mean_test_{name}"
        np.testing.assert_allclose(
            pair.cv_results_[key], alone.cv_results_[key], rtol=1e-6
        )
    best = np.argmax(alone.cv_results_["mean_test_im"])
    assert alone.best_index_ == pair.best_index_ == best
    # The fitted search itself can be scored, and scores with the scorer of refit.
    assert alone.score(X, y) == InformationMaximizationScorer()(alone, X, y)
    expected = InformationMaximizationScorer()(alone.best_estimator_, X, y)
    assert alone.score(X, y) == expected


def test_as_the_single_scoring_of_cross_val_score(forms):
    X, y = forms["joint"]
    cv = PredefinedSplit(np.arange(len(X)) % 2)
    estimator = JointTransferClassifier(**LEARNED)
    found = cross_val_score(estimator, X, y, cv=cv, scoring=LabeledScorer())
    expected = []
    for train, test in cv.split():
        expected.append(
            clone(estimator).fit(X[train], y[train]).score(X[test], y[test])
        )
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("form", FORMS)
def test_scorers_see_through_a_pipeline(form, forms):
    X, y = forms[form]
    pipeline = make_pipeline(
        PerTask(StandardScaler()), JointTransferClassifier(**LEARNED)
    )
    pipeline.fit(X, y)
    inner_X = pipeline[0].transform(X)
    for name, scorer in SCORING.items():
        if form == "joint-named" or name not in ("f1_few", "snd", "reverse"):
            expected = scorer(pipeline[-1], inner_X, y)
            assert scorer(pipeline, X, y) == pytest.approx(expected)


def test_scorers_of_codes_with_a_classifier_behind(forms):
    X, y = forms["joint"]
    codes = JointAutoencoder(**LEARNED)
    pipeline = make_pipeline(codes, SelfTrainingClassifier(LogisticRegression()))
    pipeline.fit(X, y)
    for t in (0, 1):
        rows = (X.task == t) & (y != -1)
        expected = f1_score(y[rows], pipeline.predict(X)[rows], average="macro")
        scorer = LabeledScorer("f1_macro", task=t)
        assert scorer(pipeline, X, y) == pytest.approx(expected)
    p = pipeline.predict_proba(X)[X.task == 2]
    assert EntropyScorer()(pipeline, X, y) == pytest.approx(-entropy(p).mean())
