"""Two fits by `warm_start` give what one of as many epochs gives."""

from __future__ import annotations

from functools import partial

import pytest
import torch

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.resuming import assert_same, results_of
from tests.helpers.small import CONV, PAPER, images, labels, make_tasks, small

CASES = {
    "autoencoder": (JointAutoencoder, small(lr_schedule="constant")),
    "sgd": (
        JointAutoencoder,
        small(lr_schedule="constant", optimizer=partial(torch.optim.SGD, momentum=0.9)),
    ),
    "l-bfgs": (
        JointAutoencoder,
        small(
            lr_schedule="constant",
            optimizer=partial(torch.optim.LBFGS, max_iter=3),
            batch_size=40,
        ),
    ),
    "convolutions": (
        JointAutoencoder,
        small(CONV, lr_schedule="constant", augmentation="auto"),
    ),
    "classifier": (JointTransferClassifier, small(PAPER, head="both")),
    "classifier of images": (
        JointTransferClassifier,
        small(
            CONV,
            lr_schedule="constant",
            infomax_weight=0.0,
            consistency_weight=0.0,
            head="both",
        ),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_three_epochs_and_three_are_six(case):
    kind, parameters = CASES[case]
    X, y = make_tasks()
    if parameters["encoder"] == CONV["encoder"]:
        X = images()
        y = labels(X)
    whole = kind(**{**parameters, "max_epochs": 6}).fit(X, y)
    halves = kind(**{**parameters, "max_epochs": 3}, warm_start=True)
    found = results_of(halves.fit(X, y).fit(X, y), X)
    expected = results_of(whole, X)
    for rows in (found["history"], expected["history"]):
        for row in rows:  # the best of a fit
            row.pop("train_loss_best")
    assert_same(found, expected)
