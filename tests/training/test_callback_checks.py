"""Callbacks that cannot work are refused before any training, by name."""

from __future__ import annotations

import pytest
from sklearn.metrics import accuracy_score, make_scorer
from skorch.callbacks import (
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    LRScheduler,
)

from sk_jae import JointAutoencoder
from tests.helpers.small import make_tasks, small

X, _ = make_tasks()


@pytest.mark.parametrize(
    "callbacks", [[1], ["a"], [lambda: 0], [type], [("name", 3)], [None]]
)
def test_what_is_no_callback(callbacks):
    with pytest.raises(TypeError, match=r"callbacks\[0\].* expected a skorch callback"):
        JointAutoencoder(**small(callbacks=callbacks)).fit(X)


@pytest.mark.parametrize(
    "callback",
    [
        EarlyStopping(),
        EarlyStopping,
        ("stop", EarlyStopping("valid_reconstruction")),
        Checkpoint(),
        EpochScoring(lambda net, data, y: 0.0, name="n"),
    ],
)
def test_what_looks_at_validation_data_needs_some(callback):
    with pytest.raises(ValueError, match=r"validation data.* early_stopping=True"):
        JointAutoencoder(**small(callbacks=[callback])).fit(X)


@pytest.mark.parametrize(
    "scoring", ["accuracy", None, accuracy_score, make_scorer(accuracy_score)]
)
def test_a_scorer_of_one_array_is_refused(scoring):
    callback = EpochScoring(scoring, on_train=True)
    message = r"EpochScoring\(.* early_stopping=True .* valid_accuracy .* a function"
    with pytest.raises(ValueError, match=message):
        JointAutoencoder(**small(callbacks=[callback])).fit(X)


@pytest.mark.parametrize("name", ["rate", "LRScheduler"])
def test_parameters_of_callbacks_can_be_set(name):
    scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1)
    item = scheduler if name == "LRScheduler" else (name, scheduler)
    jae = JointAutoencoder(**small(max_epochs=3, lr=0.01, callbacks=[item]))
    jae.set_params(**{f"callbacks__{name}__step_size": 2}, n_shared=1).fit(X)
    rates = [row["event_lr"] for row in jae.history_]
    assert rates == pytest.approx([0.01, 0.01, 0.001])
    assert jae.n_shared == 1


def test_a_callback_can_be_replaced():
    first, second = (LRScheduler("StepLR", step_size=n, gamma=0.1) for n in (1, 2))
    given = [EarlyStopping("train_loss"), ("rate", first)]
    jae = JointAutoencoder(**small(max_epochs=3, lr=0.01, callbacks=given))
    jae.set_params(callbacks__rate=second, callbacks__rate__gamma=0.5).fit(X)
    rates = [row["event_lr"] for row in jae.history_]
    assert rates == pytest.approx([0.01, 0.01, 0.005])
    assert given[1] == ("rate", first)
    assert first.gamma == 0.1


def test_an_unknown_callback_has_no_parameters():
    with pytest.raises(ValueError, match="no callback of the name 'lr'"):
        JointAutoencoder().set_params(callbacks__lr__step_size=2)
