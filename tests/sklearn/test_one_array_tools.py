"""Tools that make one array of X: on a container they say what to do instead."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import AdaBoostClassifier, BaggingClassifier
from sklearn.feature_selection import RFE
from sklearn.inspection import permutation_importance
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsOneClassifier
from sklearn.pipeline import make_pipeline
from sklearn.semi_supervised import SelfTrainingClassifier

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.packed import DENSE, TASK, X, Y

COMPLETE = np.where(Y == -1, TASK, Y)
CLASSIFIER = JointTransferClassifier(**DENSE)
AUTOENCODER = JointAutoencoder(**DENSE)
SAYS_WHAT_WORKS = r"one array.*joint estimator before.*codes.*PerTask"


def tools(estimator):
    """The tools around an estimator, by name."""
    found = [
        BaggingClassifier(estimator, 2, random_state=0),
        OneVsOneClassifier(estimator),
        SelfTrainingClassifier(estimator),
    ]
    if isinstance(estimator, LogisticRegression):
        found += [AdaBoostClassifier(estimator, n_estimators=2), RFE(estimator)]
    return {type(tool).__name__: tool for tool in found}


@pytest.mark.parametrize("name", tools(CLASSIFIER))
@pytest.mark.parametrize("y", [Y, COMPLETE], ids=["gaps", "complete"])
def test_around_a_joint_estimator_they_refuse_several_tasks(name, y):
    with pytest.raises(TypeError, match=SAYS_WHAT_WORKS) as caught:
        tools(CLASSIFIER)[name].fit(X, y)
    assert "BaggingClassifier" in str(caught.value)


@pytest.mark.parametrize("estimator", [CLASSIFIER, AUTOENCODER])
def test_permutation_importance_refuses_several_tasks(estimator):
    fitted = clone(estimator).fit(X, Y)
    with pytest.raises(TypeError, match=SAYS_WHAT_WORKS):
        permutation_importance(fitted, X, Y)


@pytest.mark.parametrize("name", tools(LogisticRegression()))
@pytest.mark.parametrize("first", [AUTOENCODER, CLASSIFIER])
def test_behind_a_joint_estimator_they_work(name, first):
    tool = tools(LogisticRegression())[name]
    pipeline = make_pipeline(clone(first), tool).fit(X, COMPLETE)
    expected = clone(tool).fit(pipeline[0].transform(X), COMPLETE)
    codes = pipeline[0].transform(X)
    np.testing.assert_array_equal(pipeline.predict(X), expected.predict(codes))


def test_permutation_importance_of_codes_works():
    codes = clone(AUTOENCODER).fit_transform(X)
    head = LogisticRegression().fit(codes, COMPLETE)
    importances = permutation_importance(head, codes, COMPLETE, n_repeats=2)
    assert importances.importances_mean.shape == (codes.shape[1],)


@pytest.mark.parametrize("name", ["BaggingClassifier", "OneVsOneClassifier"])
def test_around_a_joint_estimator_they_take_one_bare_array(name):
    rows = TASK == 0
    array = X[rows].arrays[0]
    fitted = tools(CLASSIFIER)[name].fit(array, COMPLETE[rows])
    assert fitted.predict(array).shape == (len(array),)
