"""Fits whose networks train together give what each gives alone."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.training import computed_once, run_together
from sk_jae.training.reading import SampleReader
from sk_jae.training.stacked_group import StackedGroup

RNG = np.random.default_rng(0)
# Odd numbers of samples, columns and classes, and unequal tasks.
LABELS = [RNG.integers(3, size=67), None]
VECTORS = [
    RNG.normal(size=(67, 7)) + 2 * LABELS[0][:, None],
    RNG.normal(size=(45, 5)),
]
SAME_COLUMNS = [VECTORS[0], 3 * RNG.normal(size=(51, 7))]
IMAGES = [RNG.random(size=(67, 8, 8)), RNG.random(size=(40, 8, 8))]

PLAIN = {"device": "cpu", "random_state": 0, "max_epochs": 4, "batch_size": 16}


@pytest.fixture(autouse=True)
def one_thread():
    n_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(n_threads)


@pytest.fixture
def group_sizes(monkeypatch):
    """How many networks were in each stacked epoch."""
    sizes = []

    class CountedGroup(StackedGroup):
        def train(self, epochs):
            super().train(epochs)
            sizes.append(len(epochs))

    monkeypatch.setattr("sk_jae.training.stacked_epoch.StackedGroup", CountedGroup)
    return sizes


def history(estimator):
    return [
        {key: value for key, value in row.items() if key != "dur"}
        for row in estimator.history_
    ]


def assert_as_alone(estimators, X, y):
    alone = [clone(estimator).fit(X, y) for estimator in estimators]
    together = run_together([partial(e.fit, X, y) for e in estimators])
    for one, other in zip(alone, together, strict=True):
        assert history(one) == history(other)
        found = other.module_.state_dict()
        for name, value in one.module_.state_dict().items():
            assert torch.equal(value, found[name]), name
            # Memory of its own, not of the stack.
            assert found[name].untyped_storage().nbytes() == found[name].nbytes


@pytest.mark.parametrize(
    ("parameters", "X"),
    [
        ({"encoder": (16,)}, VECTORS),
        ({"encoder": (13, 9), "n_shared": 3, "n_private": 5}, VECTORS),
        ({"encoder": (16,), "shared_depth": 1}, SAME_COLUMNS),
        ({"encoder": "FC 12, BN", "max_epochs": 8}, SAME_COLUMNS),
        ({"encoder": (16,), "strategy": "common-branch"}, SAME_COLUMNS),
        ({"encoder": (16,), "optimizer": "sgd", "lr": 0.01}, VECTORS),
        ({"encoder": (16,), "optimizer": "adamw", "weight_decay": 0.1}, VECTORS),
        ({"encoder": (16,), "reconstruction_loss": "bce"}, IMAGES),
        ({"encoder": (16,), "reconstruction_loss": "huber"}, VECTORS),
        ({"encoder": (16,), "class_weight": "balanced"}, VECTORS),
        # Augmented images have the consistency term.
        ({"encoder": (16,), "max_epochs": 8}, IMAGES),
        ({"encoder": (16,), "n_private": 0}, VECTORS),
    ],
)
def test_networks_in_a_stack_get_the_weights_that_each_gets_alone(
    parameters, X, group_sizes
):
    settings = [
        {"reconstruction_weight": 0.3},
        {"classification_weight": 2.0, "random_state": 1},
        {"lr": 0.003},
        {"reconstruction_weight": 1.5},
    ]
    estimators = [
        JointTransferClassifier(**{**PLAIN, **parameters, **own}) for own in settings
    ]
    y = [LABELS[0], np.arange(45) % 3] if X is VECTORS else LABELS
    assert_as_alone(estimators, X, y)
    assert set(group_sizes) == {4}


def test_parameters_that_have_no_gradient_at_first(group_sizes):
    parameters = {**PLAIN, "encoder": (16,), "max_epochs": 8, "random_state": 1}
    estimators = [
        JointTransferClassifier(
            **parameters, classification_weight=0.0, infomax_weight=weight
        )
        for weight in (0.5, 1.0, 2.0)
    ]
    assert_as_alone(estimators, SAME_COLUMNS, LABELS)
    assert set(group_sizes) == {3}


def test_networks_that_stop_early_leave_the_stack(group_sizes):
    parameters = {**PLAIN, "max_epochs": 30, "early_stopping": True}
    estimators = [
        JointAutoencoder(
            **parameters, encoder=(16,), lr=lr, n_iter_no_change=1, tol=0.01
        )
        for lr in (0.0001, 0.001, 0.003, 0.01)
    ]
    assert_as_alone(estimators, VECTORS, None)
    assert max(group_sizes) > min(group_sizes)


def test_classes_on_trial_go_back_for_each_network_by_itself():
    rng = np.random.default_rng(0)
    y = np.arange(90) % 3
    X = [rng.normal(size=(90, 7)) + 3 * np.eye(3, 7)[y]]
    X.append(rng.normal(size=(60, 7)) + 3 * np.eye(3, 7)[np.arange(60) // 45])
    X[1][:, 6] += 8  # as another instrument has it
    parameters = {**PLAIN, "encoder": (16,), "max_epochs": 30}
    estimators = [
        JointTransferClassifier(**parameters, lr=lr, infomax_weight=weight)
        for lr in (0.002, 0.01)
        for weight in (0.1, 1.0)
    ]
    assert_as_alone(estimators, X, [y, None])
    found = [clone(e).fit(X, [y, None]).transfer_["task1"] for e in estimators]
    assert len({str(item["went_back"]) for item in found}) == 2


def test_only_equal_structures_are_stacked(group_sizes):
    estimators = [
        JointAutoencoder(**PLAIN, encoder=encoder, reconstruction_weight=weight)
        for encoder in ((16,), (8,))
        for weight in (0.5, 1.0)
    ]
    assert_as_alone(estimators, VECTORS, None)
    assert set(group_sizes) == {2}


class OwnLayer(nn.Linear):
    pass


@pytest.mark.parametrize(
    ("parameters", "X"),
    [
        ({"encoder": "Conv 3x(3x3), FC 8"}, IMAGES),
        ({"encoder": lambda shape: [OwnLayer(shape[0], 6)]}, VECTORS),
        ({"reconstruction_loss": lambda a, b: (a - b).abs().mean()}, VECTORS),
        ({"optimizer": torch.optim.RMSprop}, VECTORS),
        ({"augmentation": lambda x: x + 0.1 * torch.randn_like(x)}, VECTORS),
        ({"precision": "bfloat16"}, VECTORS),
        ({"callbacks": [Callback()]}, VECTORS),
    ],
)
def test_what_cannot_be_stacked_is_trained_one_by_one(parameters, X, group_sizes):
    estimators = [
        JointAutoencoder(**{**PLAIN, "max_epochs": 2, **parameters}, lr=lr)
        for lr in (0.001, 0.002)
    ]
    assert_as_alone(estimators, X, None)
    assert not group_sizes


def test_what_must_be_alone_is_trained_to_its_end_at_once():
    ended = []

    def fit(lr):
        estimator = JointAutoencoder(**PLAIN, encoder="Conv 2x(3x3)", lr=lr)
        assert len(ended) == round(lr * 1000) - 1
        ended.append(estimator.fit(IMAGES))

    run_together([partial(fit, 0.001 * (k + 1)) for k in range(3)])
    assert len(ended) == 3


def test_images_that_train_in_two_parts_are_stacked_too(group_sizes):
    y = [LABELS[0], None]
    X = [np.repeat(images, 2, axis=1).repeat(2, axis=2) for images in IMAGES]
    parameters = {**PLAIN, "encoder": (16,), "max_epochs": 10, "augmentation": "auto"}
    estimators = [
        JointTransferClassifier(**parameters, lr=lr, infomax_weight=1.0)
        for lr in (0.001, 0.01, 0.02)
    ]
    assert_as_alone(estimators, X, y)
    assert max(group_sizes) == 3
    found = [clone(e).fit(X, y).transfer_["task1"] for e in estimators[:1]]
    assert found[0]["supposed"] != "none"


def test_default_images_in_two_parts_have_the_same_result_one_by_one(group_sizes):
    parameters = {"device": "cpu", "random_state": 0, "max_epochs": 5}
    estimators = [
        JointTransferClassifier(**parameters, lr=lr, n_shared=8, n_private=8)
        for lr in (0.001, 0.01)
    ]
    assert_as_alone(estimators, IMAGES, LABELS)
    assert not group_sizes


def test_a_network_that_diverges_hurts_no_other():
    def fit(lr):
        estimator = JointAutoencoder(
            **PLAIN, encoder=(16,), optimizer="sgd", lr=lr, lr_schedule="constant"
        )
        try:
            return estimator.fit(VECTORS)
        except ValueError as error:
            return error

    rates = [0.01, 1e30, 0.02]
    alone = [fit(lr) for lr in rates]
    together = run_together([partial(fit, lr) for lr in rates])
    assert str(together[1]) == str(alone[1])
    assert "try a smaller lr" in str(together[1])
    for k in (0, 2):
        assert history(together[k]) == history(alone[k])


def test_an_error_in_a_stacked_step_concerns_only_the_fit_that_causes_it(monkeypatch):
    y = [LABELS[0], None]
    parameters = {**PLAIN, "encoder": "FC 12, BN", "max_epochs": 8}
    estimators = [
        JointTransferClassifier(**{**parameters, "random_state": seed})
        for seed in range(3)
    ]
    alone = [clone(e).fit(SAME_COLUMNS, y) for e in estimators]
    read = SampleReader.samples
    calls = []

    def unreadable(self, t, rows):
        if self.arrays[0] is broken:
            calls.append(t)
            if len(calls) > 21:  # in the middle of an epoch
                raise OSError("the disk is gone")
        return read(self, t, rows)

    monkeypatch.setattr(SampleReader, "samples", unreadable)
    broken = SAME_COLUMNS[0].copy()

    def fit(estimator, X):
        try:
            return estimator.fit(X, y)
        except OSError as error:
            return error

    data = [SAME_COLUMNS, [broken, SAME_COLUMNS[1]], SAME_COLUMNS]
    together = run_together(
        [partial(fit, clone(e), X) for e, X in zip(estimators, data, strict=True)]
    )
    assert str(together[1]) == "the disk is gone"
    for k in (0, 2):
        assert history(together[k]) == history(alone[k])
        found = together[k].module_.state_dict()
        for name, value in alone[k].module_.state_dict().items():
            assert torch.equal(value, found[name]), name


def test_an_error_of_one_function_ends_the_others():
    ended = []

    def fit():
        try:
            return JointAutoencoder(**PLAIN).fit(VECTORS)
        finally:
            ended.append(True)

    def fails():
        raise RuntimeError("the user's own")

    with pytest.raises(RuntimeError, match="the user's own"):
        run_together([fit, fit, fails])
    assert len(ended) == 2


def test_an_interruption_ends_all_fits(monkeypatch):
    ended = []

    def fit():
        try:
            return JointAutoencoder(**PLAIN, encoder=(16,)).fit(VECTORS)
        finally:
            ended.append(True)

    def interrupted(self, epochs):
        raise KeyboardInterrupt

    monkeypatch.setattr(
        "sk_jae.training.stacked_epoch.StackedTraining.train", interrupted
    )
    with pytest.raises(KeyboardInterrupt):
        run_together([fit, fit])
    assert len(ended) == 2


def test_what_is_computed_of_equal_arrays_is_computed_once():
    calls = []

    def total(values):
        calls.append(values)
        return values.sum()

    def fit(stop):
        return computed_once(total, np.arange(stop))

    assert run_together([partial(fit, stop) for stop in (3, 4, 3, 4)]) == [3, 6, 3, 6]
    assert len(calls) == 2
    assert fit(3) == fit(3) == 3
    assert len(calls) == 4


def test_threads_are_limited_meanwhile():
    torch.set_num_threads(3)
    assert run_together([torch.get_num_threads], n_threads=2) == [2]
    assert run_together([torch.get_num_threads], n_threads=4) == [3]
    assert run_together([torch.get_num_threads]) == [3]
    assert torch.get_num_threads() == 3


def test_functions_without_a_fit_are_called_too():
    assert run_together([partial(pow, 2, k) for k in range(3)]) == [1, 2, 4]
    assert run_together([]) == []
