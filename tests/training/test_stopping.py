"""Early stopping, and the samples held out for it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import PAPER, SMALL, make_tasks, small
from tests.helpers.training import HoldOut


def valid_loss(est, X, held_out):
    """The validation loss of the fitted estimator, by its public methods."""
    reconstructed = est.reconstruct(
        [x[rows] for x, rows in zip(X, held_out, strict=True)]
    )
    return sum(
        np.mean((x[rows] - r) ** 2)
        for x, rows, r in zip(X, held_out, reconstructed, strict=True)
    )


@pytest.mark.parametrize(("lr", "tol"), [(0.3, 1e-4), (0.05, 1e-4), (0.01, 0.05)])
def test_early_stopping_restores_the_best_weights(lr, tol):
    X, _ = make_tasks()
    held_out = HoldOut()
    jae = JointAutoencoder(
        **small(
            lr=lr,
            max_epochs=100,
            early_stopping=True,
            validation_fraction=0.2,
            n_iter_no_change=5,
            tol=tol,
            input_scaling=None,
            loss_scaling=None,
            callbacks=[held_out],
        )
    ).fit(X)
    losses = [row["valid_loss"] for row in jae.history_]
    assert 5 < jae.n_iter_ < 100
    assert losses[-1] > min(losses) or lr == 0.01
    assert valid_loss(jae, X, held_out.rows) == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("tol", [0.0, 0.02])
@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_stops_after_n_iter_no_change_epochs(tol, patience):
    X, _ = make_tasks()
    params = {**SMALL, "lr": 0.05, "max_epochs": 100, "early_stopping": True}
    jae = JointAutoencoder(**params, n_iter_no_change=patience, tol=tol).fit(X)
    least, waited, expected = np.inf, 0, None
    for row in jae.history_:
        assert expected is None, "should have stopped earlier"
        waited = 0 if row["valid_loss"] < least - tol else waited + 1
        least = min(least, row["valid_loss"])
        if waited == patience:
            expected = row["epoch"]
    assert jae.n_iter_ == expected


def test_early_stopping_stops_and_restores_in_every_phase():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **small(
            PAPER,
            lr=0.2,
            strategy="common-branch",
            early_stopping=True,
            validation_fraction=0.3,
            max_epochs=60,
            n_iter_no_change=2,
        )
    ).fit(X, y)
    lengths = pd.DataFrame(clf.history_).groupby("phase").size()
    assert set(lengths.index) == {"unsupervised", "source", "target"}
    assert (lengths < 60).all()


def test_without_labels_in_the_hold_out_a_phase_runs_to_its_end():
    X, y = make_tasks((60, 40))
    y[0][2:] = -1
    y[0][:2] = 0, 1
    y[1] = None
    clf = JointTransferClassifier(
        **small(
            PAPER,
            strategy="common-branch",
            early_stopping=True,
            max_epochs=20,
            n_iter_no_change=2,
        )
    ).fit(X, y)
    frame = pd.DataFrame(clf.history_)
    source = frame[frame["phase"] == "source"]
    assert len(source) == 20
    assert source["valid_loss"].isna().all()
    assert source["train_loss"].iloc[-1] < source["train_loss"].iloc[0]


def test_the_hold_out_is_stratified_in_every_task():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 4)) for n in (100, 200, 50)]
    y = [
        rng.permutation(np.repeat([0, 1, -1], [50, 30, 20])),
        rng.permutation(np.repeat([0, 1], [180, 20])),
        None,
    ]
    seen = []

    class Watcher(Callback):
        def on_epoch_begin(self, net, dataset_train, dataset_valid, **kwargs):
            seen.append((dataset_train, dataset_valid))

    clf = JointTransferClassifier(
        **small(
            PAPER,
            max_epochs=1,
            early_stopping=True,
            validation_fraction=0.2,
            callbacks=[Watcher()],
        )
    )
    clf.fit(X, y)
    ((train, valid),) = seen
    for t, n in enumerate((100, 200, 50)):
        rows = np.concatenate([train.rows[t], valid.rows[t]])
        assert sorted(rows) == list(range(n))
        assert len(valid.rows[t]) == n // 5
    counts = [
        {label: (y[t][valid.rows[t]] == label).sum() for label in (0, 1, -1)}
        for t in range(2)
    ]
    assert counts == [{0: 10, 1: 6, -1: 4}, {0: 36, 1: 4, -1: 0}]


def test_the_hold_out_of_a_task_does_not_depend_on_other_tasks():
    X, _ = make_tasks()
    held_out = HoldOut()
    params = {**SMALL, "max_epochs": 1, "early_stopping": True}
    jae = JointAutoencoder(**params, callbacks=[held_out])
    jae.fit({"a": X[0], "b": X[1]})
    expected = held_out.rows[1]
    jae.fit({"c": X[0][:7], "b": X[1]})
    np.testing.assert_array_equal(held_out.rows[1], expected)
