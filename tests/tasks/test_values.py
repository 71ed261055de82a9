"""Values of samples: missing ones, sizes, and floating-point errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    SoftNeighborhoodDensityScorer,
    transfer_report,
)
from tests.helpers.refusals import (
    MNIST,
    USPS,
    Y,
    assert_has,
    autoencoder,
    classifier,
    fitted,
    refusal,
    refusal_of_fit,
)
from tests.helpers.small import SMALL


@pytest.mark.parametrize("gap", [None, np.nan, pd.NA, pd.NaT, np.datetime64("NaT")])
def test_whatever_is_missing_is_called_so(gap):
    objects = USPS.astype(object)
    objects[1, 2] = gap
    frame = pd.DataFrame(USPS).astype(object)
    frame.iloc[1, 2] = gap
    nullable = pd.DataFrame(np.ones((8, 4), int)).astype("Int64")
    nullable.iloc[1, 2] = pd.NA
    for faulty in (objects, objects.tolist(), frame, nullable):
        text = refusal_of_fit(autoencoder, {"mnist": MNIST, "usps": faulty})
        assert_has(text, "X of task 'usps' holds NaN or other missing", "impute")
        text = refusal(fitted().predict, {"usps": faulty})
        assert_has(text, "X of task 'usps' holds NaN or other missing", "impute")


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e-8, 1e8, 1e12, 1e18])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
def test_features_of_a_useless_size_are_refused_without_scaling(size, dtype):
    X = [MNIST, (USPS * size).astype(dtype)]
    for estimator, y in ((autoencoder, None), (classifier, [Y, None])):
        text = refusal_of_fit(estimator, X, y, input_scaling=None)
        assert_has(text, "X of task 'task1'", "in size", "PerTask(StandardScaler())")


@pytest.mark.parametrize("size", [1e-30, 1e-12, 1e-8, 1e8, 1e12, 1e18])
@pytest.mark.parametrize("dtype", [np.float64, np.float32, object])
def test_features_of_any_size_are_standardized(size, dtype):
    codes = [
        JointAutoencoder(**SMALL).fit_transform([MNIST, (USPS * s).astype(dtype)])[1]
        for s in (1.0, size)
    ]
    assert_allclose(codes[1], codes[0], rtol=1e-4, atol=1e-5)


def test_large_integers_are_refused_without_scaling():
    X = [MNIST, np.full((8, 4), -(10**18))]
    text = refusal_of_fit(autoencoder, X, input_scaling=None)
    assert_has(text, "X of task 'task1'", "1e+18 in size")


@pytest.mark.parametrize("size", [0, 1e-4, 1e4])
def test_features_of_other_sizes_are_taken(size):
    assert JointAutoencoder(**SMALL).fit([MNIST, USPS * size]).n_tasks_ == 2


@pytest.mark.parametrize("size", [1e-12, 1e-4, 1e4, 1e18])
def test_images_of_any_size_are_scaled(size):
    images = np.random.default_rng(0).uniform(-1, 1, size=(12, 6, 6))
    jae = JointAutoencoder(**SMALL)
    expected = jae.fit(images / np.abs(images).max()).reconstruct(
        images / np.abs(images).max()
    )
    found = jae.fit(size * images).reconstruct(size * images)
    np.testing.assert_allclose(
        found / size / np.abs(images).max(), expected, rtol=1e-3, atol=1e-5
    )


def everything(X, y):
    """What both estimators and all scorers say of data."""
    clf = JointTransferClassifier(**SMALL, early_stopping=True).fit(X, y)
    for parameter in clf.module_.shared_head.parameters():
        parameter.data *= 1e4  # probabilities that no float32 can tell from 0
    jae = JointAutoencoder(**SMALL).fit(X)
    found = [clf.predict_proba(X), clf.decision_function(X), clf.predict(X)]
    found += [method(X) for e in (clf, jae) for method in (e.transform, e.reconstruct)]
    found.append(jae.inverse_transform(jae.transform(X)))
    scores = [jae.score(X), clf.score(X, y)]
    for scorer in (
        *(LabeledScorer(), LabeledScorer("neg_log_loss"), EntropyScorer()),
        *(InformationMaximizationScorer(), SoftNeighborhoodDensityScorer()),
    ):
        scores.append(scorer(clf, X, y))
    return found, scores, transfer_report(clf, X, y)


@pytest.mark.parametrize("dtype", [np.float64, np.longdouble, np.float16])
def test_floating_point_errors_are_our_own_affair(dtype):
    rng = np.random.default_rng(0)
    table = rng.normal(size=(40, 5)).astype(dtype)
    table[0], table[1, 0], table[:, 4] = 0, np.finfo(dtype).tiny, 3
    images = rng.uniform(0, 250, size=(30, 6, 6)).astype(dtype)
    images[0] = 0
    X, y = (
        [table, images],
        [np.where(np.arange(40) < 9, np.nan, np.arange(40) % 2), None],
    )
    expected = everything(X, y)
    with np.errstate(all="raise"):
        found = everything(X, y)
    for one, other in zip(found[0], expected[0], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)
    assert found[1:] == expected[1:]
