"""What scikit-learn does in silence, or refuses, before our code is reached.

Each test pins the behavior, to hear of a change, and shows the way round.
"""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.ensemble import StackingClassifier, VotingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict, cross_validate

from sk_jae import JointTransferClassifier
from tests.helpers.packed import ARRAYS, DENSE, LABELS, N_SAMPLES, X, Y
from tests.helpers.small import small

CLASSIFIER = JointTransferClassifier(**small(DENSE, lr=0.05))


class Spy(JointTransferClassifier):
    """Remembers the labels that it was given."""

    def fit(self, X, y=None):
        self.seen_ = y
        return super().fit(X, y)


class TestMinusOneEncodedAsAClass:
    """Tools that number the labels before fit turn -1 into class 0, in silence."""

    def test_cross_val_predict_of_probabilities(self):
        p = cross_val_predict(CLASSIFIER, X, Y, cv=3, method="predict_proba")
        assert p.shape == (N_SAMPLES, 4)
        assert (p[:, 0] > 0).any()

        # The way round: the estimators of the folds predict.
        result = cross_validate(
            CLASSIFIER, X, Y, cv=3, return_estimator=True, return_indices=True
        )
        p = np.empty((N_SAMPLES, 3))
        for fitted, test in zip(
            result["estimator"], result["indices"]["test"], strict=True
        ):
            p[test] = fitted.predict_proba(X[test])
        assert_array_equal(
            p.argmax(1), cross_val_predict(CLASSIFIER, X, Y, cv=3, method="predict")
        )

    @pytest.mark.parametrize("ensemble", [VotingClassifier, StackingClassifier])
    def test_voting_and_stacking(self, ensemble):
        several = [(f"seed{i}", Spy(**small(DENSE, random_state=i))) for i in (0, 1)]
        fitted = ensemble(several).fit(X, Y)
        for member in fitted.estimators_:
            assert_array_equal(member.seen_, Y + 1)
        assert_array_equal(fitted.classes_, [-1, 0, 1, 2])

    def test_instead_of_voting_average_the_probabilities(self):
        several = [clone(CLASSIFIER).set_params(random_state=i) for i in (0, 1)]
        p = np.mean([fitted.fit(X, Y).predict_proba(X) for fitted in several], axis=0)
        assert p.shape == (N_SAMPLES, 3)
        by_lists = [clone(fitted).fit(ARRAYS, LABELS) for fitted in several]
        expected = np.mean([f.predict_proba(ARRAYS)[1] for f in by_lists], axis=0)
        assert_allclose(X.split(p)[1], expected, atol=1e-5)

    def test_instead_of_stacking_classify_the_codes_of_labeled_samples(self):
        codes = np.hstack(
            [
                clone(CLASSIFIER).set_params(random_state=i).fit_transform(X, Y)
                for i in (0, 1)
            ]
        )
        head = LogisticRegression().fit(codes[Y != -1], Y[Y != -1])
        assert_array_equal(head.classes_, [0, 1, 2])
        assert head.score(codes[Y != -1], Y[Y != -1]) > 0.6

    def test_voting_with_complete_labels_is_right(self):
        y = X.join([np.arange(72) % 3, np.arange(44) % 3])
        several = [(f"seed{i}", Spy(**small(DENSE, random_state=i))) for i in (0, 1)]
        fitted = VotingClassifier(several, voting="soft").fit(X, y)
        parts = X.split(y)
        expected = np.mean(
            [
                clone(member).fit(ARRAYS, parts).predict_proba(ARRAYS)[1]
                for _, member in several
            ],
            axis=0,
        )
        assert_allclose(X.split(fitted.predict_proba(X))[1], expected, atol=1e-5)
