"""A fit that is interrupted and continued ends like one that never was."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from skorch.callbacks import EarlyStopping, Freezer, LRScheduler, Unfreezer
from torch import nn
from torch.optim.lr_scheduler import OneCycleLR

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from sk_jae.callbacks import Checkpoint
from sk_jae.exceptions import TrainingInterrupted
from tests.helpers.resuming import (
    Stop,
    assert_same,
    interrupted,
    results_of,
    resumed,
)
from tests.helpers.small import CONV, PAPER, half_labeled, make_tasks, small

EPOCHS = 8


def image_tasks():
    """Labeled images and unlabeled ones, in which a bright bar tells the class."""
    rng = np.random.default_rng(0)
    X = [rng.uniform(0, 0.5, (n, 1, 8, 8)).astype(np.float32) for n in (36, 24)]
    y = [np.arange(len(x)) % 3 for x in X]
    for x, labels in zip(X, y, strict=True):
        for sample, label in zip(x, labels, strict=True):
            sample[:, 2 * label : 2 * label + 2] = 1
    return X, [y[0], None]


def numbers():
    """Labeled rows and unlabeled ones, with a number for each labeled row."""
    X, _ = make_tasks(shapes=((6,), (6,)))
    return X, [X[0][:, 0] + X[0][:, 1] ** 2, None]


def numbers_for_all():
    X, _ = make_tasks()
    return X, [x[:, 0] - x[:, 1] for x in X]


def numbers_of_images():
    X, (y, _) = image_tasks()
    return X, [y + 0.5, None]


def signals():
    X, y = make_tasks(shapes=((2, 24), (2, 24)))
    return [x.astype(np.float32) for x in X], [y[0], None]


def subjects():
    """Two tasks without labels, in which some samples are of the same subject."""
    X, _ = make_tasks()
    return pack(X, ids=[np.arange(40), np.arange(30, 50)])


def labeled_subjects():
    X, y = make_tasks()
    return pack(X, [y[0], None], ids=[np.arange(40), np.arange(30, 50)])


class Noisy(nn.Module):
    """A layer of the user that draws numbers, has a state and a running mean."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 5)
        self.drop = nn.Dropout(0.3)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x):
        self.seen += len(x)
        return self.drop(self.linear(x)).relu()


class Sinking(nn.Module):
    """A reconstruction loss that changes with every batch."""

    def __init__(self):
        super().__init__()
        self.register_buffer("weight", torch.ones(()))

    def forward(self, reconstruction, x):
        self.weight = self.weight * 0.99
        return self.weight * (reconstruction - x).square().mean()


def noise(x):
    return x + 0.1 * torch.randn_like(x)


def maker(kind, base, **parameters):
    parameters = small(base, max_epochs=EPOCHS, **parameters)
    return lambda **more: kind(**{**parameters, **more})


ae = partial(maker, JointAutoencoder)
clf = partial(maker, JointTransferClassifier)
reg = partial(maker, JointTransferRegressor)
SMALL = small()
L_BFGS = partial(torch.optim.LBFGS, max_iter=3)

# By name: what makes the estimator, the samples and labels, and the other callbacks.
CASES = {
    "autoencoder": (ae(SMALL), make_tasks, list),
    "schedule": (ae(SMALL, lr_schedule="cosine"), make_tasks, list),
    "early stopping": (
        ae(SMALL, early_stopping=True, n_iter_no_change=3, lr=0.3),
        make_tasks,
        list,
    ),
    "convolutions": (ae(CONV, augmentation="auto"), image_tasks, list),
    "sgd": (ae(SMALL, optimizer="sgd"), make_tasks, list),
    "adamw": (ae(SMALL, optimizer="adamw", weight_decay=0.1), make_tasks, list),
    "l-bfgs": (ae(SMALL, optimizer=L_BFGS, batch_size=40), make_tasks, list),
    "rmsprop": (
        ae(SMALL, optimizer=partial(torch.optim.RMSprop, momentum=0.5)),
        make_tasks,
        list,
    ),
    "own modules": (
        ae(SMALL, encoder=lambda shape: [Noisy()], decoder=(7,)),
        lambda: make_tasks(shapes=((6,), (6,))),
        list,
    ),
    "own loss": (
        # A new one for each fit, since what it has seen is kept in it.
        lambda **more: ae(SMALL, reconstruction_loss=Sinking())(**more),
        make_tasks,
        list,
    ),
    "own augmentation": (ae(SMALL, augmentation=noise), make_tasks, list),
    "classifier": (clf(SMALL), half_labeled, list),
    "classifier of images": (clf(CONV), image_tasks, list),
    "classifier, early stopping": (
        clf(SMALL, early_stopping=True, validation_fraction=0.3),
        half_labeled,
        list,
    ),
    "common branch": (
        clf(SMALL, strategy="common-branch", head="both"),
        make_tasks,
        list,
    ),
    "common branch of images": (
        clf(CONV, strategy="common-branch", head="both", early_stopping=True),
        image_tasks,
        list,
    ),
    "paper": (clf(PAPER, head="both"), make_tasks, list),
    "class prior": (
        clf(SMALL, class_prior={"task1": [0.5, 0.3, 0.2]}),
        half_labeled,
        list,
    ),
    "regressor": (reg(SMALL), numbers, list),
    "regressor of images": (
        reg(CONV, early_stopping=True, augmentation="auto"),
        numbers_of_images,
        list,
    ),
    "regressor, common branch": (
        reg(SMALL, strategy="common-branch", head="both", early_stopping=True),
        numbers_for_all,
        list,
    ),
    "signals": (
        clf(SMALL, encoder="Conv 4x5, MP 2, FC 8", layout="signal"),
        signals,
        list,
    ),
    "pairs": (ae(SMALL), subjects, list),
    "pairs and classes": (clf(SMALL), labeled_subjects, list),
    "scheduler of skorch": (
        ae(SMALL),
        make_tasks,
        lambda: [LRScheduler(OneCycleLR, max_lr=0.1, total_steps=EPOCHS + 1)],
    ),
    "scheduler by loss": (
        ae(SMALL, early_stopping=True, lr=0.5),
        make_tasks,
        lambda: [LRScheduler("ReduceLROnPlateau", patience=0, monitor="valid_loss")],
    ),
    "early stopping of skorch": (
        ae(SMALL, lr=0.5),
        make_tasks,
        lambda: [EarlyStopping("train_loss", patience=4, threshold=0.5)],
    ),
    "frozen layers": (
        ae(SMALL),
        make_tasks,
        lambda: [Freezer("tied.*"), Unfreezer("tied.*", at=3)],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_continued_fit_ends_as_if_never_interrupted(case, tmp_path):
    make, tasks, callbacks = CASES[case]
    X, y = tasks()
    whole = make(callbacks=callbacks()).fit(X, y)
    expected = results_of(whole, X)
    epoch = whole.n_iter_ // 2 + 1
    interrupted(make, tmp_path, X, y, epoch=epoch, callbacks=callbacks())
    found = resumed(make, tmp_path, X, y, callbacks=callbacks())
    assert_same(results_of(found, X), expected)


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_batch_end", "on_epoch_end"])
@pytest.mark.parametrize("epoch", [1, 4, 8])
def test_wherever_in_an_epoch_the_interruption_comes(event, epoch, tmp_path):
    make, tasks, _ = CASES["classifier"]
    X, y = tasks()
    interrupted(make, tmp_path, X, y, epoch=epoch, event=event)
    found = resumed(make, tmp_path, X, y)
    assert_same(results_of(found, X), results_of(make().fit(X, y), X))


def test_a_fit_can_be_interrupted_many_times(tmp_path):
    make, tasks, _ = CASES["common branch of images"]
    X, y = tasks()
    whole = make().fit(X, y)
    for epoch in range(1, whole.n_iter_ + 1):
        interrupted(make, tmp_path, X, y, epoch=epoch)
    assert_same(
        results_of(resumed(make, tmp_path, X, y), X),
        results_of(whole, X),
    )


@pytest.mark.parametrize("event", ["on_epoch_begin", "on_batch_end", "on_epoch_end"])
def test_ctrl_c_too(event, tmp_path):
    make, tasks, _ = CASES["early stopping"]
    X, _ = tasks()
    est = make(
        callbacks=[Checkpoint(tmp_path), Stop(3, event, error=KeyboardInterrupt)]
    )
    with pytest.raises(TrainingInterrupted):
        est.fit(X)
    assert_same(results_of(resumed(make, tmp_path, X), X), results_of(make().fit(X), X))


def test_ctrl_c_at_once_keeps_what_earlier_processes_have_reached(tmp_path):
    make, tasks, _ = CASES["autoencoder"]
    X, _ = tasks()
    interrupted(make, tmp_path, X, epoch=5)
    est = make(
        callbacks=[
            Checkpoint(tmp_path),
            Stop(5, "on_epoch_begin", error=KeyboardInterrupt),
        ]
    )
    with pytest.raises(TrainingInterrupted):
        est.fit(X)
    assert est.n_iter_ == 4
    assert all(np.isfinite(z).all() for z in est.transform(X))


@pytest.mark.parametrize("form", ["dict", "packed", "one array", "read-only"])
def test_in_any_form_of_samples(form, tmp_path):
    X, y = make_tasks(shapes=((6,), (6,)))
    forms = {
        "dict": ({"a": X[0], "b": X[1]}, {"a": y[0], "b": None}),
        "packed": pack({"a": X[0], "b": X[1]}, {"a": y[0], "b": None}),
        "one array": (X[0], y[0]),
        "read-only": (X, [y[0], None]),
    }
    if form == "read-only":
        for x in X:
            x.flags.writeable = False
    X, y = forms[form]
    make = CASES["classifier"][0]
    interrupted(make, tmp_path, X, y, epoch=5)
    found = resumed(make, tmp_path, X, y)
    assert_same(results_of(found, X), results_of(make().fit(X, y), X))


def test_weights_of_samples_belong_to_the_fit(tmp_path):
    make, tasks, _ = CASES["classifier"]
    X, y = tasks()
    weights = [np.linspace(0.5, 2, len(x)) for x in X]
    interrupted(make, tmp_path, X, y, epoch=5, sample_weight=weights)
    found = resumed(make, tmp_path, X, y, sample_weight=weights)
    whole = make().fit(X, y, sample_weight=weights)
    assert_same(results_of(found, X), results_of(whole, X))
    interrupted(make, tmp_path, X, y, epoch=5)
    weights[0][3] = 1
    with pytest.warns(UserWarning, match="starts anew.*weight.* of task 'task0' was"):
        resumed(make, tmp_path, X, y, sample_weight=weights)


def test_a_warm_start_is_continued_from_where_it_began(tmp_path):
    make, tasks, _ = CASES["autoencoder"]
    X, _ = tasks()

    def begun():
        est = make(warm_start=True).fit(X)
        return est.set_params(max_epochs=5)

    whole = begun().fit(X)
    est = begun().set_params(callbacks=[Checkpoint(tmp_path), Stop(EPOCHS + 3)])
    with pytest.raises(Stop(0).error):
        est.fit(X)
    assert est.n_iter_ == EPOCHS
    other = begun().set_params(callbacks=[Checkpoint(tmp_path)]).fit(X)
    for found in (est.set_params(callbacks=[Checkpoint(tmp_path)]).fit(X), other):
        assert_same(results_of(found, X), results_of(whole, X))
        # The optimizer too is where it would be.
        found.set_params(callbacks=None, max_epochs=1).fit(X)
    again = whole.set_params(max_epochs=1).fit(X)
    assert_same(results_of(other, X), results_of(again, X))


def test_any_seed_will_do_where_none_is_given(tmp_path):
    make, tasks, _ = CASES["classifier, early stopping"]
    X, y = tasks()
    make = partial(make, random_state=None)
    losses = interrupted(make, tmp_path, X, y, epoch=4, callbacks=[rows := Rows()])
    assert not hasattr(losses, "_state")
    found = resumed(make, tmp_path, X, y)
    for row, before in zip(found.history_, rows.seen, strict=False):
        assert row["train_loss"] == before
    # What is finished is not read again, since each fit is to be another one.
    other = resumed(make, tmp_path, X, y)
    assert other.loss_curve_[0] != found.loss_curve_[0]


class Rows(Stop):
    """Keeps the losses of the epochs before the interruption."""

    def __init__(self):
        super().__init__(epoch=0)
        self.seen = []

    def on_epoch_end(self, net, **kwargs):
        self.seen.append(net.history[-1, "train_loss"])
