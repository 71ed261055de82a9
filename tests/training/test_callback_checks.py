"""Callbacks that cannot work are refused before any training, by name."""

from __future__ import annotations

import pytest
from sklearn.metrics import accuracy_score, make_scorer
from skorch.callbacks import (
    BatchScoring,
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    GradientNormClipping,
    InputShapeSetter,
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


@pytest.mark.parametrize(
    "callback", [BatchScoring(lambda net, X, y: 0.0), InputShapeSetter()]
)
def test_what_needs_one_array_is_refused(callback):
    with pytest.raises(ValueError, match=r"callbacks\[0\] is .* one array of samples"):
        JointAutoencoder(**small(callbacks=[callback])).fit(X)


class NeedsArguments(Callback):
    def __init__(self, necessary):
        self.necessary = necessary


class NoMethod(Callback):
    on_epoch_end = None


@pytest.mark.parametrize(
    ("callback", "error", "name"),
    [
        (NeedsArguments, TypeError, "callbacks"),
        (("one", Callback()), ValueError, "callbacks"),  # twice
        (NoMethod(), TypeError, "'NoMethod_1' of callbacks"),
        (GradientNormClipping("much"), ValueError, "'GradientNormClipping_1' of call"),
        (LRScheduler("StepLR"), TypeError, "'LRScheduler_1' of callbacks"),
    ],
)
def test_an_error_of_a_callback_is_as_it_is_and_names_it(callback, error, name):
    jae = JointAutoencoder(**small(callbacks=[callback, callback]))
    with pytest.raises(error) as caught:
        jae.fit(X)
    assert name in caught.value.__notes__[0]
    assert not hasattr(jae, "module_")


class Clears(Callback):
    def on_epoch_end(self, net, **kwargs):
        net.history.clear()


class NoEpochs(Callback):
    def on_epoch_begin(self, net, **kwargs):
        net.max_epochs = 0


class Marks(Callback):
    def __init__(self, estimator):
        self.estimator = estimator

    def on_epoch_end(self, net, **kwargs):
        self.estimator.history_[0]["mine"] = 1
        raise RuntimeError


def test_rows_of_the_history_must_stay():
    with pytest.raises(ValueError, match=r"'Clears' of callbacks has removed rows"):
        JointAutoencoder(**small(callbacks=[Clears()])).fit(X)


def test_the_number_of_epochs_is_read_once():
    jae = JointAutoencoder(**small(callbacks=[NoEpochs()])).fit(X)
    assert jae.n_iter_ == 2


def test_rows_of_an_earlier_fit_are_not_those_of_the_next():
    jae = JointAutoencoder(**small(warm_start=True)).fit(X)
    rows = [dict(row) for row in jae.history_]
    jae.set_params(callbacks=[Marks(jae)])
    with pytest.raises(RuntimeError):
        jae.fit(X)
    assert jae.history_ == rows
