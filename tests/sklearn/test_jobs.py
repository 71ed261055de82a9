"""The same search in one process and in two."""

from __future__ import annotations

import joblib
import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import (
    GridSearchCV,
    HalvingRandomSearchCV,
    RandomizedSearchCV,
    cross_val_score,
)

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.metrics import LabeledScorer
from tests.helpers.packed import DENSE, X, Y
from tests.helpers.small import small

CLASSIFIER = JointTransferClassifier(**DENSE)
AUTOENCODER = JointAutoencoder(**DENSE)
LOG_LOSS = LabeledScorer("neg_log_loss")

SEARCHES = {
    "grid": GridSearchCV(
        CLASSIFIER, {"lr": [0.01, 0.05], "n_shared": [1, 2]}, scoring=LOG_LOSS, cv=3
    ),
    "random": RandomizedSearchCV(
        AUTOENCODER,
        {"lr": [0.001, 0.01, 0.05], "n_private": [0, 1, 2]},
        n_iter=3,
        cv=3,
        random_state=0,
    ),
    "halving": HalvingRandomSearchCV(
        CLASSIFIER,
        {"lr": [0.001, 0.01, 0.05], "n_private": [0, 1, 2]},
        resource="max_epochs",
        min_resources=1,
        max_resources=3,
        n_candidates=3,
        scoring=LOG_LOSS,
        cv=2,
        random_state=0,
    ),
}


@pytest.fixture
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def results_of(search, X, y, n_jobs):
    """The scores of all candidates and folds, and predictions after the refit."""
    search = search.set_params(n_jobs=n_jobs).fit(X, y)
    results = search.cv_results_
    scores = [v for k, v in sorted(results.items()) if k.startswith("split")]
    method = "predict_proba" if hasattr(search, "predict_proba") else "transform"
    return results["params"], np.array(scores), getattr(search, method)(X)


def assert_equal_results(search, X, y):
    params, scores, outputs = results_of(search, X, y, 1)
    params_2, scores_2, outputs_2 = results_of(search, X, y, 2)
    assert np.isfinite(scores).all()
    assert len(np.unique(scores)) == scores.size
    assert params_2 == params
    assert_allclose(scores_2, scores, rtol=0, atol=1e-6)
    assert_allclose(outputs_2, outputs, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", SEARCHES)
def test_dense_models_score_the_same(name):
    y = None if name == "random" else Y
    assert_equal_results(SEARCHES[name], X, y)


def test_convolutional_models_score_the_same_with_one_thread(one_thread):
    # On another number of threads convolutions sum in another order, and training makes
    # the difference grow: on digits, 10 epochs moved the log loss by 4e-3 and 1 of 150
    # predictions. By default joblib's processes compute on fewer threads than this one.
    rng = np.random.default_rng(0)
    digits = rng.integers(256, size=(3, 9, 9))
    y = np.arange(60) % 3
    gray = np.clip(digits[y] + rng.normal(0, 40, size=(60, 9, 9)), 0, 255)
    color = rng.integers(256, size=(40, 3, 12, 12))
    images = [gray.astype(np.uint8), color.astype(np.uint8)]
    classifier = JointTransferClassifier(
        **small(DENSE, encoder="Conv 8x(3x3), MP 2x2, Conv 8x(3x3), FC 8")
    )
    search = GridSearchCV(classifier, {"shared_depth": [1, -1]}, scoring=LOG_LOSS, cv=3)
    with joblib.parallel_config("loky", inner_max_num_threads=1):
        assert_equal_results(search, *pack(images, [y, None]))


def test_threads_instead_of_processes():
    # Estimators that are trained at the same time do not share random numbers.
    expected = cross_val_score(CLASSIFIER, X, Y, cv=4, scoring=LOG_LOSS)
    with joblib.parallel_config("threading", n_jobs=2):
        actual = cross_val_score(CLASSIFIER, X, Y, cv=4, scoring=LOG_LOSS)
    assert_allclose(actual, expected, rtol=0, atol=1e-6)
