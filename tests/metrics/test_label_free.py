"""Scorers that need no labels, against plain numpy."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from sk_jae import JointArrays, pack
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)
from sk_jae.model_selection import JointStratifiedKFold
from tests.helpers.scoring import FORMS, LABEL_FREE, NAMES, REFERENCES, density, entropy


class Given(ClassifierMixin, BaseEstimator):
    """Predicts, for two tasks, probabilities that stand in the samples themselves."""

    def fit(self, X, y=None):
        self.classes_ = np.arange(X[0].shape[1])
        self.task_names_ = ("source", "target")
        return self

    def predict_proba(self, X):
        return X


def given(p, other=None):
    p = np.asarray(p, dtype=float)
    X = [p if other is None else np.asarray(other, dtype=float), p]
    return Given().fit(X), X


@pytest.mark.parametrize("scorer", LABEL_FREE)
@pytest.mark.parametrize("n", [2, 3, 50])
@pytest.mark.parametrize("sharpness", [0.1, 10.0])
def test_label_free_scorers_against_numpy(scorer, n, sharpness):
    p = np.random.default_rng(n).dirichlet(np.full(4, 1 / sharpness), size=n)
    estimator, X = given(p)
    assert scorer(task="target")(estimator, X) == pytest.approx(REFERENCES[scorer](p))


def test_label_free_scorers_at_their_ends():
    certain = np.eye(4)[np.arange(20) % 4]
    same = np.eye(4)[np.zeros(20, dtype=int)]
    unsure = np.full((20, 4), 0.25)

    def score(scorer, p):
        return scorer(*given(p))

    assert score(EntropyScorer(1), certain) == score(EntropyScorer(1), same) == 0
    assert score(EntropyScorer(1), unsure) == pytest.approx(-np.log(4))
    im = InformationMaximizationScorer(1)
    assert score(im, certain) == pytest.approx(np.log(4))
    assert score(im, same) == score(im, unsure) == pytest.approx(0)
    # Of 20 samples in 4 clusters, each has 4 neighbors.
    snd = SoftNeighborhoodDensityScorer(1)
    assert score(snd, certain) == pytest.approx(np.log(4), abs=1e-4)
    assert score(snd, same) == pytest.approx(np.log(19))


def test_soft_neighborhood_density_parameters():
    p = np.random.default_rng(0).dirichlet(np.ones(4), size=30)
    estimator, X = given(p)
    warm = SoftNeighborhoodDensityScorer(1, temperature=0.5)
    assert warm(estimator, X) == pytest.approx(density(p, 0.5))
    some = SoftNeighborhoodDensityScorer(1, max_samples=20)
    chosen = np.array([0, 1, 3, 4, 6, 7, 9, 10, 12, 13, 15, 16, 18, 19, 21, 22, 24, 25])
    chosen = np.append(chosen, [27, 28])
    assert some(estimator, X) == pytest.approx(density(p[chosen]))
    with pytest.raises(ValueError, match="at least 2, got 1"):
        SoftNeighborhoodDensityScorer(1)(*given(p[:1]))


@pytest.mark.parametrize("scorer", LABEL_FREE)
def test_label_free_scorers_choose_the_unlabeled_task(scorer):
    rng = np.random.default_rng(0)
    p, q = (rng.dirichlet(np.ones(4), size=n) for n in (30, 20))
    estimator, X = given(p, other=q)
    reference = REFERENCES[scorer]
    labels = np.arange(20) % 4
    both = pytest.approx((reference(p) + reference(q)) / 2)
    assert scorer()(estimator, X) == both
    assert scorer()(estimator, X, [labels, None]) == pytest.approx(reference(p))
    unlabeled = np.full(30, -1)
    assert scorer()(estimator, X, [labels, unlabeled]) == pytest.approx(reference(p))
    assert scorer()(estimator, X, [labels, np.arange(30) % 4]) == both
    assert scorer()(estimator, X, [None, None]) == both
    named = scorer(task="source")
    assert named(estimator, X, [labels, None]) == pytest.approx(reference(q))
    with pytest.raises(ValueError, match="has 3 labels, expected 20"):
        scorer()(estimator, X, [labels[:3], None])


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("scorer", LABEL_FREE)
def test_label_free_scorers_take_every_form(form, scorer, data, forms, fitted):
    p = fitted[form].predict_proba(data[0])
    for task in (None, 0):
        expected = REFERENCES[scorer](p[2 if task is None else task])
        found = scorer(task=task)(fitted[form], *forms[form])
        assert found == pytest.approx(expected, rel=1e-5)


def test_a_fold_without_the_target_raises(data, fitted):
    """The default of the splitter keeps unlabeled samples out of test folds."""
    X, y = pack(*data)
    for _, test in JointStratifiedKFold(2).split(X, y):
        for scorer in (EntropyScorer(), ReverseValidationScorer(2)):
            with pytest.raises(ValueError, match=r"'task2'.*test_unlabeled=True"):
                scorer(fitted["joint"], X[test], y[test])


def test_a_container_with_its_tasks_in_another_order(data, forms, fitted):
    turned = JointArrays(dict(reversed([*zip(NAMES, data[0], strict=True)])))
    p = fitted["joint-named"].predict_proba(forms["dict"][0])
    found = EntropyScorer("few")(fitted["joint-named"], turned)
    assert found == pytest.approx(-entropy(p["few"]).mean(), rel=1e-5)
