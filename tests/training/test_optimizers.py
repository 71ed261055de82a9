"""Optimizers that ask for the loss themselves, and those that cannot train."""

from __future__ import annotations

from copy import deepcopy
from functools import partial

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch.nn import functional as F

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.training.optimizers import copied
from tests.helpers.refusals import refusal_of_fit
from tests.helpers.small import PAPER, make_tasks, small

X, y = make_tasks()
ONE_BATCH = {"batch_size": 40, "lr": 1.0}
PLAIN = {**ONE_BATCH, "input_scaling": None, "loss_scaling": None}
SEARCHING = partial(torch.optim.LBFGS, line_search_fn="strong_wolfe")


class Begin(Callback):
    """Keeps the module with its initial weights, and the largest weight decay."""

    def on_train_begin(self, net, **kwargs):
        self.module = deepcopy(net.module_)
        groups = net.optimizer_.param_groups
        self.decay = max(group.get("weight_decay", 0) for group in groups)


def plain_lbfgs(module, n_steps):
    """The losses before each step, of the samples that every batch holds."""
    inputs = [torch.tensor(x, dtype=torch.float32) for x in X]
    inputs[1] = torch.cat([inputs[1]] * 2)  # repeated in an epoch
    optimizer = torch.optim.LBFGS(module.parameters(), lr=1.0)
    losses = []

    def closure():
        optimizer.zero_grad()
        outputs = module.train()(inputs)
        pairs = zip(outputs, inputs, strict=True)
        loss = sum(F.mse_loss(output.reconstruction, x) for output, x in pairs)
        loss.backward()
        return loss

    for _ in range(n_steps):
        losses.append(optimizer.step(closure).item())
    return losses


def test_lbfgs_makes_the_steps_of_a_plain_loop():
    begin = Begin()
    params = small(optimizer=torch.optim.LBFGS, callbacks=[begin], **PLAIN)
    jae = JointAutoencoder(**{**params, "max_epochs": 3}).fit(X)
    expected = plain_lbfgs(begin.module, 3)
    np.testing.assert_allclose(jae.loss_curve_, expected, rtol=2e-3)
    assert expected[2] < 0.5 * expected[0]


@pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
def test_lbfgs_trains_a_classifier_and_goes_on(strategy):
    params = small(PAPER, optimizer=SEARCHING, strategy=strategy, **ONE_BATCH)
    clf = JointTransferClassifier(**params, warm_start=True).fit(X, y)
    assert clf.score(X, y) > 0.9
    before = clf.loss_curve_[-1]
    clf = deepcopy(clf).fit(X, y)
    assert clf.loss_curve_[-1] < before


class Seen:
    """An augmentation that remembers its results."""

    def __init__(self):
        self.results = []

    def __call__(self, x):
        x = x + torch.randn_like(x)
        self.results.append(x)
        return x


def test_the_evaluations_of_a_step_have_equal_draws():
    seen = Seen()
    params = small(optimizer=torch.optim.LBFGS, augmentation=seen, **ONE_BATCH)
    jae = JointAutoencoder(**params).fit(X)
    first = seen.results[::2]  # of the first task
    assert len(first) > jae.n_iter_ == 2
    assert len(torch.unique(torch.stack(first), dim=0)) == 2


def other_parameters(parameters, lr):
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)


@pytest.mark.parametrize(
    ("parameters", "fragments"),
    [
        ({"optimizer": torch.optim.SparseAdam}, ["SparseAdam", "sparse", "'adam'"]),
        (
            {"optimizer": torch.optim.LBFGS, "weight_decay": 0.1},
            ["optimizer=LBFGS", "weight_decay"],
        ),
        ({"optimizer": torch.optim.Optimizer}, ["optimizer=Optimizer", "lr"]),
        ({"optimizer": lambda parameters, lr: None}, ["optimizer made a NoneType"]),
        ({"optimizer": lambda parameters, lr: list(parameters)}, ["made a list"]),
        ({"optimizer": other_parameters}, ["SGD", "without any parameter"]),
    ],
)
def test_what_cannot_train_is_refused(parameters, fragments):
    text = refusal_of_fit(JointAutoencoder(**small()), X, **parameters)
    for fragment in fragments:
        assert fragment in text


def test_errors_of_a_function_of_the_user_stay_as_they_are():
    def make(parameters, lr):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        JointAutoencoder(**small(optimizer=make)).fit(X)


def test_a_copied_state_has_memory_of_its_own():
    whole = torch.arange(12.0).reshape(3, 4)
    state = {
        "state": {0: {"exp_avg": whole[1], "step": torch.tensor(2.0)}},
        "more": [1],
    }
    copy = copied(state)
    found = copy["state"][0]["exp_avg"]
    assert found.untyped_storage().nbytes() == 16
    whole += 1
    assert found.tolist() == [4, 5, 6, 7]
    assert copy["more"] == [1]
    assert copy["more"] is not state["more"]


def test_weights_of_many_classes_are_held_less_small():
    """As the loss of K classes is divided by log K, and each has a part of it."""
    rng = np.random.default_rng(0)
    found = {}
    for n_classes in (2, 6, 12, 24):
        labels = np.arange(72) % n_classes
        begin = Begin()
        clf = JointTransferClassifier(max_epochs=1, callbacks=[begin], random_state=0)
        clf.fit(rng.normal(size=(72, 5)), labels)
        found[n_classes] = begin.decay * np.log(n_classes) * max(1, n_classes / 6)
    np.testing.assert_allclose([*found.values()], found[2])
