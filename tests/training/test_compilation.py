"""The objective compiled by `torch.compile`, on the CPU with a quick backend."""

from __future__ import annotations

import pickle

import pytest

from sk_jae import JointTransferClassifier
from tests.helpers.small import make_tasks, small

X, y = make_tasks()
CLASSIFIER = JointTransferClassifier(**small(max_epochs=4))


@pytest.fixture(scope="module")
def expected():
    return CLASSIFIER.fit(X, [y[0], None]).loss_curve_


def test_the_losses_are_equal(expected, monkeypatch):
    monkeypatch.setenv("SK_JAE_COMPILE", "eager")
    clf = CLASSIFIER.fit(X, [y[0], None])
    assert clf.net_.objective_.is_compiled
    assert clf.loss_curve_ == pytest.approx(expected, rel=1e-6)
    pickle.dumps(clf.net_)


def test_where_it_fails_the_objective_is_computed_as_usual(expected, monkeypatch):
    monkeypatch.setenv("SK_JAE_COMPILE", "no such backend")
    with pytest.warns(UserWarning, match="cannot be compiled .* SK_JAE_COMPILE"):
        clf = CLASSIFIER.fit(X, [y[0], None])
    assert not clf.net_.objective_.is_compiled
    assert clf.loss_curve_ == expected


def test_it_is_off_by_default(expected):
    assert not CLASSIFIER.fit(X, [y[0], None]).net_.objective_.is_compiled
