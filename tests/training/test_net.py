"""The skorch net of a fitted estimator: what it shows, and what it refuses."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch import NeuralNet
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import SMALL, make_tasks, small

X, y = make_tasks()
ARRAY = np.zeros((4, 6), np.float32)


@pytest.fixture(scope="module")
def fitted():
    return JointTransferClassifier(**SMALL).fit(X, y)


@pytest.mark.parametrize(
    ("method", "call"),
    [
        ("fit", lambda net: net.fit(ARRAY, None)),
        ("partial_fit", lambda net: net.partial_fit(ARRAY)),
        ("fit_loop", lambda net: net.fit_loop(ARRAY)),
        ("predict", lambda net: net.predict(ARRAY)),
        ("predict_proba", lambda net: net.predict_proba(ARRAY)),
        ("forward", lambda net: net.forward(ARRAY)),
        ("forward_iter", lambda net: next(net.forward_iter(ARRAY))),
        ("set_params", lambda net: net.set_params(lr=1.0)),
        ("clone", clone),
    ],
)
def test_it_refuses_what_the_estimator_does(fitted, method, call):
    with pytest.raises(NotImplementedError) as caught:
        call(fitted.net_)
    text = str(caught.value)
    assert f"no {method} of its own" in text
    assert text.count("JointTransferClassifier") == 2
    assert text.count(". ") == 0
    assert text.endswith(".")


def test_it_is_a_net_of_skorch_with_all_that_callbacks_look_for(fitted):
    net = fitted.net_
    assert isinstance(net, NeuralNet)
    assert net.module_ is fitted.module_
    assert [row["train_loss"] for row in net.history] == fitted.loss_curve_


def test_its_parameters_can_be_saved_and_loaded(fitted, tmp_path):
    weights = copy.deepcopy(fitted.module_.state_dict())
    fitted.net_.save_params(f_params=tmp_path / "weights.pt")
    other = JointTransferClassifier(**small(random_state=1, max_epochs=1))
    other.fit(X, y).net_.load_params(f_params=tmp_path / "weights.pt")
    for name, value in other.module_.state_dict().items():
        assert torch.equal(value, weights[name])


@pytest.mark.parametrize(
    "copied", [copy.copy, copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))]
)
def test_a_copy_has_the_state_without_the_net(fitted, copied):
    other = copied(fitted)
    with pytest.raises(AttributeError, match="a copy or comes from a file"):
        _ = other.net_
    assert not hasattr(other, "net_")
    assert other.history_ == fitted.history_
    for one, expected in zip(other.predict(X), fitted.predict(X), strict=True):
        np.testing.assert_array_equal(one, expected)
    with pytest.raises(AttributeError, match="no net_ before fit"):
        _ = clone(fitted).net_


def test_the_optimizer_that_a_callback_puts_in_its_place_is_used():
    class Exchange(Callback):
        def on_train_begin(self, net, **kwargs):
            net.optimizer_ = torch.optim.SGD(net.module_.parameters(), lr=0.0)

    before = {}

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            before.update(copy.deepcopy(net.module_.state_dict()))

    jae = JointAutoencoder(**small(max_epochs=3, callbacks=[Start(), Exchange()]))
    jae.fit(X)
    for name, value in jae.module_.state_dict().items():
        assert torch.equal(value, before[name])
