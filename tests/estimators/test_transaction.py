"""A fit succeeds, or leaves the estimator as it was."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import PAPER, equal_weights, make_tasks, small

X, y = make_tasks()


class Fail(Callback):
    def __init__(self, epoch=2):
        self.epoch = epoch

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == self.epoch:
            raise RuntimeError("by a callback")


def failing_loss(reconstruction, x):
    raise RuntimeError("by the loss")


class NanInLastStep(Callback):
    """The last update spoils a weight, which no loss shows any more."""

    def on_train_end(self, net, **kwargs):
        pass

    def on_epoch_end(self, net, **kwargs):
        if len(net.history) == net.max_epochs:
            with torch.no_grad():
                next(net.module_.parameters()).view(-1)[0] = torch.nan


FAILURES = {
    "refused samples": ({}, ([X[0], X[1] * np.nan], y)),
    "refused labels": ({}, (X, [y[0], y[1][:3]])),
    "refused parameter": ({"n_shared": 0, "n_private": 0}, (X, y)),
    "a callback": ({"callbacks": [Fail()]}, (X, y)),
    "the loss": ({"reconstruction_loss": failing_loss}, (X, y)),
    "divergence": ({"lr": 1e20, "optimizer": "sgd"}, (X, y)),
    "weights": ({"callbacks": [NanInLastStep()]}, (X, y)),
}


@pytest.mark.parametrize("warm_start", [False, True])
@pytest.mark.parametrize("name", FAILURES)
def test_an_earlier_model_stays_with_all_its_attributes(name, warm_start):
    changes, data = FAILURES[name]
    clf = JointTransferClassifier(**small(PAPER, warm_start=warm_start, max_epochs=4))
    clf.fit(X, y)
    before = dict(vars(clf)), clf.predict_proba(X), list(clf.history_)
    clf.set_params(**changes)
    with pytest.raises((ValueError, RuntimeError)):
        clf.fit(*data)
    assert vars(clf)["_state"] is before[0]["_state"]
    assert clf.net_ is before[0]["_net"]
    assert clf.history_ == before[2]
    for one, other in zip(clf.predict_proba(X), before[1], strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", FAILURES)
def test_without_an_earlier_model_it_stays_unfitted(name):
    changes, data = FAILURES[name]
    clf = JointTransferClassifier(**small(PAPER, max_epochs=4, **changes))
    with pytest.raises((ValueError, RuntimeError)):
        clf.fit(*data)
    assert not [k for k in vars(clf) if k.endswith("_") or k in ("_state", "_net")]
    with pytest.raises(Exception, match="not fitted"):
        clf.transform(X)


def test_what_a_bare_array_sets_is_put_back():
    jae = JointAutoencoder(**small()).fit(X[0])
    with pytest.raises(RuntimeError):
        jae.set_params(callbacks=[Fail(1)]).fit(X)
    assert jae.n_features_in_ == X[0].shape[1]


def test_while_it_trains_the_running_fit_is_seen():
    seen = []

    class Look(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append((clf.n_iter_, clf.net_ is net, clf.module_ is net.module_))

    clf = JointTransferClassifier(**small(max_epochs=3, callbacks=[Look()]))
    clf.fit(X, y)
    assert seen == [(k, True, True) for k in (1, 2, 3)]


@pytest.mark.parametrize("lr", [1e-9, 0.5])
def test_early_stopping_with_warm_start_keeps_the_best_of_both(lr):
    params = small(max_epochs=8, early_stopping=True, warm_start=True, batch_size=8)
    jae = JointAutoencoder(**params).fit(X)
    best = min(row["valid_loss"] for row in jae.history_)
    before = clone(jae).fit(X)
    jae.set_params(lr=lr, max_epochs=2).fit(X)
    later = [row["valid_loss"] for row in jae.history_[8:]]
    if min(later) > best:
        assert equal_weights(jae, before)
    else:
        assert lr == 1e-9
