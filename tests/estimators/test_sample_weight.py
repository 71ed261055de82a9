"""Weights of samples in `score`."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import accuracy_score, r2_score

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import make_tasks, small

X, y = make_tasks()
y[1][::4] = -1
NAMES = ("a", "b")
_rng = np.random.default_rng(3)
W = [_rng.random(40), _rng.random(20)]
W[0][5:9] = 0
W[1][y[1] == -1] = 1000  # unlabeled samples do not count
CONTAINER, FLAT_Y = pack(X, y)


def named(parts):
    return dict(zip(NAMES, parts, strict=True))


CLASSIFIER = JointTransferClassifier(**small(max_epochs=8)).fit(X, y)
AUTOENCODER = JointAutoencoder(**small(max_epochs=8)).fit(X)
NAMED = JointTransferClassifier(**small(max_epochs=8)).fit(named(X), named(y))


def accuracies(weights):
    """scikit-learn's accuracy on the labeled samples of each task."""
    found = []
    for labels, p, w in zip(y, CLASSIFIER.predict(X), weights, strict=True):
        known = labels != -1
        w = None if w is None else w[known]
        found.append(accuracy_score(labels[known], p[known], sample_weight=w))
    return found


def r2s(weights):
    """scikit-learn's R^2 over all features of each task."""
    return [
        r2_score(x, z, sample_weight=w, multioutput="variance_weighted")
        for x, z, w in zip(X, AUTOENCODER.reconstruct(X), weights, strict=True)
    ]


BOTH = {"classifier": (CLASSIFIER, accuracies), "autoencoder": (AUTOENCODER, r2s)}


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize("weights", [W, [None, W[1]], [W[0], None], [None, None]])
def test_the_score_is_the_mean_of_the_tasks_weighted_scores(name, weights):
    estimator, reference = BOTH[name]
    expected = pytest.approx(np.mean(reference(weights)))
    assert estimator.score(X, y, weights) == expected
    assert estimator.score(X, y, sample_weight=tuple(weights)) == expected


@pytest.mark.parametrize("name", BOTH)
def test_they_change_the_score_and_their_size_does_not_matter(name):
    estimator, _ = BOTH[name]
    found = estimator.score(X, y, W)
    assert abs(found - estimator.score(X, y)) > 1e-3
    for factor in (1e300, 1e-300):
        scaled = [W[0] * factor, W[1]]
        assert estimator.score(X, y, scaled) == pytest.approx(found)


@pytest.mark.parametrize(
    "given", [list, pd.Series, torch.tensor, lambda w: pd.Series(w).astype("Float64")]
)
def test_of_packed_samples_they_are_one_array(given):
    flat = given(CONTAINER.join(W))
    assert CLASSIFIER.score(CONTAINER, FLAT_Y, flat) == CLASSIFIER.score(X, y, W)
    found = AUTOENCODER.score(CONTAINER, sample_weight=flat)
    assert found == AUTOENCODER.score(X, None, W)


def test_of_named_tasks_they_may_leave_tasks_out():
    expected = NAMED.score(list(X), y, [None, W[1]])
    assert NAMED.score(named(X), named(y), {"b": W[1]}) == expected
    assert NAMED.score(named(X), named(y), named([None, W[1]])) == expected
    one = NAMED.score({"b": X[1]}, {"b": y[1]}, named(W))
    assert one == NAMED.score([None, X[1]], [None, y[1]], [None, W[1]])


@pytest.mark.parametrize("cls", [JointAutoencoder, JointTransferClassifier])
def test_of_one_bare_array_they_are_one_array(cls):
    estimator = cls(**small()).fit(X[0], y[0])
    repeats = np.arange(40) % 3
    found = estimator.score(X[0], y[0], repeats)
    repeated = estimator.score(X[0].repeat(repeats, axis=0), y[0].repeat(repeats))
    assert found == pytest.approx(repeated, rel=1e-6)
    with pytest.raises(TypeError, match="sample_weight is a dict while X is one array"):
        estimator.score(X[0], y[0], {"task0": W[0]})


def changed(value, where=3):
    weights = W[1].copy()
    weights[where] = value
    return [W[0], weights]


@pytest.mark.parametrize("name", BOTH)
@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (changed(-0.5), ValueError, "of task 'task1' is -0.5 for sample 3, .* least 0"),
        (changed(np.nan), ValueError, "of task 'task1' is nan for sample 3"),
        (changed(np.inf), ValueError, "of task 'task1' is inf for sample 3"),
        ([W[0], W[1][:-1]], ValueError, r"'task1' has shape \(19,\), expected \(20,\)"),
        ([W[0], W[1][:, None]], ValueError, r"'task1' has shape \(20, 1\)"),
        ([W[0], 1.0], ValueError, r"'task1' has shape \(\), expected \(20,\)"),
        ([W[0], ["1"] * 20], TypeError, "'task1' holds values of dtype .*real numbers"),
        ([W[0], W[1] + 1j], TypeError, "'task1' holds values of dtype complex128"),
        ([W[0]], ValueError, "sample_weight has 1 item, expected 2"),
        (np.ones(60), TypeError, "sample_weight is ndarray, expected a list"),
        ({"c": W[0]}, ValueError, "sample_weight has the unknown task 'c'"),
        ([None, np.zeros(20)], ValueError, "'task1' is 0 for every .*positive weight"),
    ],
)
def test_what_are_no_weights_is_refused(name, weights, error, message):
    with pytest.raises(error, match=message):
        BOTH[name][0].score(X, y, weights)


def test_weights_on_unlabeled_samples_alone_are_refused():
    alone = [None, (y[1] == -1).astype(float)]
    with pytest.raises(ValueError, match="'task1' is 0 for every labeled sample"):
        CLASSIFIER.score(X, y, alone)
    assert np.isfinite(AUTOENCODER.score(X, None, alone))
    assert CLASSIFIER.score(X, [y[0], None], alone) == accuracies([None, None])[0]


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        (W, TypeError, "a list with one item per task while X is a JointArrays"),
        (tuple(W), TypeError, r"a tuple with one item per task .* X\.join"),
        (named(W), TypeError, "a dict with one item per task"),
        (np.ones(59), ValueError, "sample_weight has 59 weights, expected 60"),
        (np.where(CONTAINER.task, -1, 1), ValueError, "of task 'task1' is -1.0"),
        (1 - CONTAINER.task, ValueError, "of task 'task1' is 0 for every"),
    ],
)
def test_what_are_no_weights_of_packed_samples_is_refused(weights, error, message):
    for estimator in (CLASSIFIER, AUTOENCODER):
        with pytest.raises(error, match=message):
            estimator.score(CONTAINER, FLAT_Y, weights)
