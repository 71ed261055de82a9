"""Which fits are the same, so that one continues the other, and what is said if not."""

from __future__ import annotations

import numpy as np
import pytest
from skorch.callbacks import LRScheduler

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.callbacks import Checkpoint
from tests.helpers.resuming import epochs_of, interrupted, names
from tests.helpers.small import make_tasks, small
from tests.helpers.training import Interrupter, Recorder

EPOCHS = 5


def make(**parameters):
    return JointAutoencoder(**small(**{"max_epochs": EPOCHS, **parameters}))


CHANGES = {
    "lr": ({"lr": 0.02}, "lr was 0.01 and is 0.02"),
    "max_epochs": ({"max_epochs": 9}, "max_epochs was 5 and is 9"),
    "seed": ({"random_state": 1}, "random_state was of the seed"),
    "loss": (
        {"reconstruction_loss": lambda a, b: (a - b).abs().mean()},
        "reconstruction_loss was 'mse' and is tests.callbacks",
    ),
    "scheduler": ({"scheduler": LRScheduler("StepLR", step_size=1)}, "callbacks was"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_another_fit_starts_anew_and_says_what_differs(change, tmp_path):
    X, _ = make_tasks()
    parameters, message = CHANGES[change]
    parameters = dict(parameters)
    callbacks = [parameters.pop(name) for name in [*parameters] if name == "scheduler"]
    interrupted(make, tmp_path, X, epoch=3)
    est = make(**parameters, callbacks=[Checkpoint(tmp_path), *callbacks])
    with pytest.warns(UserWarning, match=f"starts anew.*{message}"):
        assert epochs_of(est, X)[0] == 1
    assert names(tmp_path) == [".finished", ".training"]
    # The interrupted one can still go on.
    assert epochs_of(make(callbacks=[Checkpoint(tmp_path)]), X) == [3, 4, 5]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("sample", "arrays of task 'task1' was float64"),
        ("dtype", "arrays of task 'task0' was float64 .40, 6. .* and is float32"),
        ("row", "arrays of task 'task1' was .*20, 4.* and is .*19, 4"),
        ("name", "the tasks was .*'task0'.* and is .*'a'"),
        ("label", "labels of task 'task0' was"),
    ],
)
def test_other_data_are_another_fit(change, message, tmp_path):
    X, y = make_tasks()

    def make(**parameters):
        return JointTransferClassifier(
            **small(max_epochs=EPOCHS, head="both", **parameters)
        )

    interrupted(make, tmp_path, X, y, epoch=3)
    X, y = [x.copy() for x in X], [labels.copy() for labels in y]
    if change == "sample":
        X[1][7, 2] = np.nextafter(X[1][7, 2], 9)
    elif change == "dtype":
        X[0] = X[0].astype(np.float32)
    elif change == "row":
        X[1], y[1] = X[1][1:], y[1][1:]
    elif change == "name":
        X, y = dict(zip("ab", X, strict=True)), dict(zip("ab", y, strict=True))
    else:
        y[0][3] = -1
    est = make(callbacks=[Checkpoint(tmp_path)])
    with pytest.warns(UserWarning, match=f"starts anew.*{message}"):
        assert epochs_of(est, X, y)[0] == 1


def test_functions_are_compared_by_what_they_do(tmp_path):
    X, _ = make_tasks()

    def loss_with(factor):
        return lambda a, b: factor * (a - b).square().mean()

    one = make(reconstruction_loss=loss_with(1.0), callbacks=[Checkpoint(tmp_path)])
    one.fit(X)
    same = make(reconstruction_loss=loss_with(1.0), callbacks=[Checkpoint(tmp_path)])
    assert epochs_of(same, X) == []
    other = make(reconstruction_loss=loss_with(2.0), callbacks=[Checkpoint(tmp_path)])
    assert epochs_of(other, X) == [1, 2, 3, 4, 5]


FACTOR = 1.0


def loss_by_global(a, b):
    return FACTOR * (a - b).square().mean()


def test_numbers_that_a_function_finds_in_its_module_count(tmp_path, monkeypatch):
    X, _ = make_tasks()

    def fit():
        est = make(reconstruction_loss=loss_by_global, callbacks=[Checkpoint(tmp_path)])
        return epochs_of(est, X)

    assert fit() == [1, 2, 3, 4, 5]
    assert fit() == []
    monkeypatch.setattr("tests.callbacks.test_fingerprint.FACTOR", 2.0)
    assert fit() == [1, 2, 3, 4, 5]


def test_a_function_may_use_itself(tmp_path):
    X, _ = make_tasks()

    def loss(a, b, n=2):
        return loss(a, b, n - 1) / 2 if n else (a - b).square().mean()

    for expected in ([1, 2, 3, 4, 5], []):
        est = make(reconstruction_loss=loss, callbacks=[Checkpoint(tmp_path)])
        assert epochs_of(est, X) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"verbose": 1},
        {"device": "auto"},
        {"more": [Recorder(), Recorder, ("of the user", Interrupter(9, "train"))]},
        {"every": 2},
    ],
)
def test_what_does_not_change_the_result_does_not_count(changes, tmp_path, capsys):
    X, _ = make_tasks()
    interrupted(make, tmp_path, X, epoch=3)
    changes = dict(changes)
    callbacks = changes.pop("more", [])
    checkpoint = Checkpoint(tmp_path, every=changes.pop("every", 1))
    est = make(**changes, callbacks=[checkpoint, *callbacks])
    assert epochs_of(est, X) == [3, 4, 5]
