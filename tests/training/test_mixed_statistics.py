"""Unlabeled images of other class shares are normalized by mixed statistics."""

from __future__ import annotations

import pickle
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.datasets import load_digits

from sk_jae import JointTransferClassifier
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.training.mixed_statistics import MixedStatistics
from tests.helpers.resuming import Stop, assert_same, interrupted, results_of, resumed

SMALL = {
    "encoder": "Conv 4x(3x3), BN, MP 2x2, FC 32, BN",
    "n_private": 0,
    "max_epochs": 16,
    "batch_size": 32,
    "lr": 0.01,
    "random_state": 0,
    "device": "cpu",
    "precision": "float32",
}


def digits(*, is_uneven):
    """Digits, and others that are brighter, of which two classes may be frequent."""
    images, y = load_digits(n_class=6, return_X_y=True)
    images = images.reshape(-1, 8, 8) / 16
    rng = np.random.default_rng(0)
    one, other = np.array_split(rng.permutation(len(y))[:800], 2)
    if is_uneven:
        other = other[(y[other] < 2) | (rng.random(len(other)) < 0.05)]
    X = [images[one], np.sqrt(images[other])]
    return [x.astype(np.float32) for x in X], [y[one], None], y[other]


def fitted(X, y, **parameters):
    return JointTransferClassifier(**{**SMALL, **parameters}).fit(X, y)


@pytest.fixture(scope="module")
def uneven():
    X, y, y_other = digits(is_uneven=True)
    return fitted(X, y), X, y, y_other


def test_statistics_are_mixed_where_shares_are_uneven(uneven):
    clf, X, _, y_other = uneven
    assert clf.transfer_["task1"]["scale"] == "mixed"
    assert clf.score([None, X[1]], [None, y_other]) > 0.8


def test_even_shares_leave_statistics_as_they_are():
    X, y, _ = digits(is_uneven=False)
    assert fitted(X, y).transfer_["task1"]["scale"] is None


def test_early_predictions_that_are_uneven_by_mistake_do_not_decide(monkeypatch):
    X, y, _ = digits(is_uneven=False)
    monkeypatch.setattr(MixedStatistics, "_is_uneven", lambda *_: True)
    transfer = fitted(X, y).transfer_["task1"]
    assert transfer["supposed"] == "equal"
    assert transfer["scale"] is None


def test_given_shares_decide():
    X, y, _ = digits(is_uneven=False)
    prior = {"task1": {k: 0.4 if k < 2 else 0.05 for k in range(6)}}
    clf = fitted(X, y, class_prior=prior)
    assert clf.transfer_["task1"]["scale"] == "mixed"


def test_a_task_that_joins_has_its_own_statistics():
    X, y, _ = digits(is_uneven=True)
    clf = fitted(X[0], y[0]).add_task(X[1], name="other")
    assert clf.transfer_["other"]["scale"] is None


def test_the_mixture_is_nearer_to_the_labeled_task(uneven, monkeypatch):
    clf, X, y, _ = uneven
    monkeypatch.setattr(MixedStatistics, "begin_epoch", lambda *_: None)
    without = fitted(X, y)
    distances = []
    for est in (clf, without):
        norm = next(m for m in est.module_.tied if hasattr(m, "running_mean"))
        labeled, other = norm.running_mean
        spread = norm.running_var[0].sqrt()
        distances.append(float(((labeled - other) / spread).abs().mean()))
    assert distances[0] < 0.9 * distances[1]


def test_a_copy_predicts_the_same(uneven):
    clf, X, *_ = uneven
    copy = pickle.loads(pickle.dumps(clf))
    assert_array_equal(copy.predict_proba(X)[1], clf.predict_proba(X)[1])
    # The module alone has the mixture as its statistics.
    assert not any(getattr(m, "mixtures", None) for m in clf.module_.modules())


@pytest.mark.parametrize("epoch", [2, 5, 12])
def test_an_interrupted_fit_goes_on_as_one_that_was_not(epoch, tmp_path):
    X, y, _ = digits(is_uneven=True)
    make = partial(JointTransferClassifier, **SMALL)
    whole = resumed(make, tmp_path / "whole", X, y)
    interrupted(make, tmp_path / "parts", X, y, epoch=epoch)
    again = resumed(make, tmp_path / "parts", X, y)
    assert whole.transfer_["task1"]["scale"] == "mixed"
    assert_same(results_of(whole, X), results_of(again, X))


def test_what_ctrl_c_leaves_has_the_mixture(uneven):
    _, X, y, _ = uneven
    stop = Stop(12, "on_batch_end", KeyboardInterrupt)
    clf = JointTransferClassifier(**SMALL, callbacks=[stop])
    with pytest.raises(TrainingInterrupted):
        clf.fit(X, y)
    assert not any(getattr(m, "mixtures", None) for m in clf.module_.modules())
    copy = pickle.loads(pickle.dumps(clf.set_params(callbacks=None)))
    assert_array_equal(copy.predict_proba(X)[1], clf.predict_proba(X)[1])
