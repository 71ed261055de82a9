"""The scores of the held-out samples in the history, computed from outside."""

from __future__ import annotations

from unittest import mock

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, r2_score
from skorch.callbacks import Callback, EarlyStopping

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.nn import JointModule
from tests.helpers.small import CONV, PAPER, images, make_tasks, small, vectors

EARLY = small(max_epochs=4, early_stopping=True, validation_fraction=0.3, batch_size=7)


class Outside(Callback):
    """What the running estimator says of the held-out samples after each epoch."""

    def __init__(self, score):
        self.score = score
        self.found = []

    def on_epoch_end(self, net, dataset_valid, **kwargs):
        data = dataset_valid
        parts = zip(data.names, data.arrays, data.labels, data.rows, strict=True)
        held_out = {
            name: (array[rows], None if y is None else y[rows])
            for name, array, y, rows in parts
        }
        self.found.append(self.score(self.estimator, held_out))


def fitted(estimator, score, X, y=None):
    """The estimator, and the scores from outside of every epoch."""
    outside = Outside(score)
    outside.estimator = estimator.set_params(callbacks=[outside])
    return estimator.fit(X, y), outside.found


def accuracies(clf, held_out):
    """The accuracy of `predict` on each task that has held-out labels."""
    predicted = clf.predict({name: x for name, (x, _) in held_out.items()})
    found = {}
    for name, (_, encoded) in held_out.items():
        if encoded is not None and (encoded >= 0).any():
            known = encoded >= 0
            labels = clf.classes_[encoded[known]]
            found[name] = accuracy_score(labels, predicted[name][known])
    return found


def r2s(jae, held_out):
    """scikit-learn's R^2 of `reconstruct`, of all features of a task together."""
    X = {name: x for name, (x, _) in held_out.items()}
    found = {}
    for name, other in jae.reconstruct(X).items():
        x, z = X[name].reshape(len(other), -1), other.reshape(len(other), -1)
        found[name] = r2_score(x, z, multioutput="variance_weighted")
    return found


def in_history(row, score):
    start = f"valid_{score}_"
    return {k.removeprefix(start): v for k, v in row.items() if k.startswith(start)}


def text(labels):
    return np.array(["cat", "dog", "owl", "pig"])[labels]


THREE = vectors((40, 30, 20), (6, 4, 5))
COMPLETE = {name: np.arange(len(x)) % 3 for name, x in THREE.items()}
GAPS = {**COMPLETE, "b": np.where(np.arange(30) % 3, -1, np.arange(30) % 2)}

CLASSIFIERS = {
    "heads of their own": (small(EARLY), COMPLETE),
    "one head": (small(EARLY, head="shared"), COMPLETE),
    "an unlabeled task": (small(EARLY), {"a": COMPLETE["a"]}),
    "gaps": (small(EARLY, head="both"), GAPS),
    "classes of their own": (
        small(EARLY),
        {"a": text(COMPLETE["a"] % 2), "b": text(2 + COMPLETE["b"] % 2)},
    ),
    "phases": (
        small({**PAPER, **EARLY}, strategy="common-branch"),
        {"a": COMPLETE["a"], "b": COMPLETE["b"]},
    ),
    "labels that only watch": (
        small(EARLY, classification_weight={"a": 1.0, "b": 0.0, "c": 1.0}),
        COMPLETE,
    ),
    "no reconstruction": (small(EARLY, reconstruction_weight=0.0), GAPS),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_accuracies_are_those_of_predict_on_the_held_out_samples(name):
    parameters, y = CLASSIFIERS[name]
    clf, outside = fitted(JointTransferClassifier(**parameters), accuracies, THREE, y)
    assert len(clf.history_) == len(outside) >= 4
    assert all(found.keys() == y.keys() for found in outside)
    for row, expected in zip(clf.history_, outside, strict=True):
        assert in_history(row, "accuracy") == pytest.approx(expected, abs=1e-12)
        assert row["valid_accuracy"] == pytest.approx(np.mean([*expected.values()]))
    assert not any(in_history(row, "r2") for row in clf.history_)


def test_accuracies_of_images():
    X = images()
    y = {name: np.arange(len(x)) % 3 for name, x in X.items()}
    parameters = {**EARLY, "encoder": CONV["encoder"]}
    clf, outside = fitted(JointTransferClassifier(**parameters), accuracies, X, y)
    for row, expected in zip(clf.history_, outside, strict=True):
        assert in_history(row, "accuracy") == pytest.approx(expected)


def test_a_task_whose_labels_are_all_in_training_has_none():
    y = np.full(40, -1)
    y[:3] = 0, 1, 2
    clf = JointTransferClassifier(**{**EARLY, "validation_fraction": 0.1})
    clf.fit({"a": THREE["a"], "b": THREE["b"]}, {"a": y, "b": COMPLETE["b"]})
    assert in_history(clf.history_[0], "accuracy").keys() == {"b"}


def loss(reconstruction, x):
    return (reconstruction - x).abs()


IN_UNIT_RANGE = {name: 1 / (1 + np.exp(-x)) for name, x in THREE.items()}


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"reconstruction_loss": "bce"},
        {"reconstruction_loss": loss},
        {"reconstruction_weight": [0.0, 1.0, 3.0]},
        {"n_shared": 0},
    ],
)
def test_r2_is_that_of_reconstruct_on_the_held_out_samples(changes):
    jae = JointAutoencoder(**{**EARLY, **changes})
    jae, outside = fitted(jae, r2s, IN_UNIT_RANGE)
    for row, expected in zip(jae.history_, outside, strict=True):
        assert in_history(row, "r2") == pytest.approx(expected, rel=1e-4, abs=1e-5)
        assert row["valid_r2"] == pytest.approx(np.mean([*expected.values()]), abs=1e-4)
    assert not any(in_history(row, "accuracy") for row in jae.history_)


def test_r2_does_not_suffer_from_a_large_mean():
    X = {"a": THREE["a"] + 1000}
    jae, outside = fitted(JointAutoencoder(**small(EARLY, lr=0.1)), r2s, X)
    for row, expected in zip(jae.history_, outside, strict=True):
        assert row["valid_r2_a"] == pytest.approx(expected["a"], rel=1e-3)


@pytest.mark.parametrize(("scaling", "expected"), [(None, 0.0), ("auto", 1.0)])
def test_r2_of_samples_that_are_all_equal(scaling, expected):
    """Standardized samples are reconstructed exactly: they are equal to their mean."""
    X = {"a": np.full((20, 3), 0.1), "b": THREE["b"]}
    jae = JointAutoencoder(**EARLY, input_scaling=scaling).fit(X)
    assert [row["valid_r2_a"] for row in jae.history_] == [expected] * 4
    assert jae.score({"a": X["a"]}) == expected


def test_r2_weighs_features_by_their_variances_in_the_units_of_the_user():
    rng = np.random.default_rng(0)
    x = THREE["a"] * 10.0 ** np.arange(-2, 4)
    x[rng.random(x.shape) < 0.05] *= 50  # also beyond the range that stays linear
    X = {"a": x, "b": THREE["b"]}
    jae, outside = fitted(JointAutoencoder(**EARLY), r2s, X)
    for row, expected in zip(jae.history_, outside, strict=True):
        assert in_history(row, "r2") == pytest.approx(expected, rel=1e-4, abs=1e-5)
    assert jae.score(X) == pytest.approx(
        np.mean([*r2s(jae, {name: (x, None) for name, x in X.items()}).values()])
    )


@pytest.mark.parametrize("cls", [JointAutoencoder, JointTransferClassifier])
def test_they_need_no_second_pass_over_the_samples(cls):
    n_train, n_valid = 4, 2  # batches of 7 of the 28 and 12 samples of the largest task
    n_check = 1  # of the outputs, in the end
    X, y = make_tasks((40, 20))
    with mock.patch.object(
        JointModule, "encode", autospec=True, side_effect=JointModule.encode
    ) as encode:
        cls(**small(EARLY, max_epochs=1)).fit(X, y)
    assert encode.call_count == n_train + n_valid + n_check


@pytest.mark.parametrize("cls", [JointAutoencoder, JointTransferClassifier])
def test_without_early_stopping_there_are_none(cls):
    clf = cls(**small()).fit(THREE, COMPLETE)
    assert not [key for key in clf.history_[0] if key.startswith("valid_")]


def test_a_callback_may_stop_by_them():
    stopper = EarlyStopping("valid_accuracy_a", lower_is_better=False, patience=2)
    parameters = small(EARLY, max_epochs=50, lr=1e-9, callbacks=[stopper])
    clf = JointTransferClassifier(**parameters).fit(THREE, COMPLETE)
    assert clf.n_iter_ == 3
