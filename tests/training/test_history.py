"""What `fit` records."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from skorch.callbacks import Callback

from sk_jae import JointTransferClassifier
from tests.helpers.small import PAPER, make_tasks, small


def test_history_has_every_term_of_every_task():
    """With a vanishing learning rate the terms can be computed afterwards."""
    X, y = make_tasks((45, 15, 9), [(6,)] * 3)
    y[0][::3] = -1
    y[2] = None
    clf = JointTransferClassifier(
        **small(
            PAPER,
            lr=1e-12,
            max_epochs=1,
            batch_size=9,
            head="both",
            input_scaling=None,
            loss_scaling=None,
            reconstruction_weight=[1.0, 0.5, 2.0],
            classification_weight=[1.0, 3.0, 1.0],
        )
    ).fit(X, y)
    (row,) = clf.history_
    reconstruction = [
        np.mean((x - r) ** 2) for x, r in zip(X, clf.reconstruct(X), strict=True)
    ]
    classification = []
    for t, p in enumerate(clf.predict_proba(X)[:2]):
        labeled = y[t] >= 0
        chosen = p[labeled, np.searchsorted(clf.classes_, y[t][labeled])]
        classification.append(-np.log(chosen).mean())
    expected = {
        "train_loss": np.dot([1.0, 0.5, 2.0], reconstruction)
        + np.dot([1.0, 3.0], classification),
        "train_reconstruction": np.mean(reconstruction),
        "train_classification": np.mean(classification),
        "train_reconstruction_task0": reconstruction[0],
        "train_reconstruction_task1": reconstruction[1],
        "train_reconstruction_task2": reconstruction[2],
        "train_classification_task0": classification[0],
        "train_classification_task1": classification[1],
    }
    assert set(row) == {"epoch", "train_loss_best", *expected}
    for key, value in expected.items():
        assert row[key] == pytest.approx(value, rel=1e-5), key
    assert clf.loss_curve_ == [row["train_loss"]]
    assert clf.n_iter_ == 1


def test_history_of_the_validation_data():
    """All samples of the hold-out count once, in the task's own mean."""
    X, y = make_tasks((60, 20))
    y[0][::2] = -1
    seen = []

    class Watcher(Callback):
        def on_epoch_end(self, net, dataset_valid, **kwargs):
            seen.append(dataset_valid)

    clf = JointTransferClassifier(
        **small(
            PAPER,
            max_epochs=1,
            batch_size=5,
            early_stopping=True,
            validation_fraction=0.3,
            input_scaling=None,
            loss_scaling=None,
            reconstruction_weight=1.0,
            callbacks=[Watcher()],
        )
    ).fit(X, y)
    (data,) = seen
    held_out = [data.arrays[t][data.rows[t]] for t in range(2)]
    labels = [data.labels[t][data.rows[t]] for t in range(2)]
    assert [len(x) for x in held_out] == [18, 6]
    (row,) = clf.history_
    total = 0
    for t, (x, r) in enumerate(zip(held_out, clf.reconstruct(held_out), strict=True)):
        value = np.mean((x - r) ** 2)
        assert row[f"valid_reconstruction_task{t}"] == pytest.approx(value, rel=1e-5)
        total += value
    for t, p in enumerate(clf.predict_proba(held_out)):
        known = labels[t] >= 0
        value = -np.log(p[known, labels[t][known]]).mean()
        assert row[f"valid_classification_task{t}"] == pytest.approx(value, rel=1e-5)
        total += value
    assert row["valid_loss"] == pytest.approx(total, rel=1e-5)


def test_history_reads_well_as_a_dataframe():
    X, y = make_tasks(shapes=((6,), (6,)))
    clf = JointTransferClassifier(**small(PAPER, max_epochs=3, early_stopping=True))
    clf.fit({"usps": X[0], "batch_count": X[1]}, {"usps": y[0]})
    frame = pd.DataFrame(clf.history_)
    assert list(frame["epoch"]) == [1, 2, 3]
    assert not frame.isna().any().any()
    assert {
        "train_reconstruction_batch_count",
        "valid_reconstruction_usps",
        "valid_classification_usps",
    } <= set(frame.columns)
    assert all(dtype.kind in "ifb" for dtype in frame.dtypes)
    assert frame["train_loss"].tolist() == clf.loss_curve_


def test_history_names_the_phases():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **small(PAPER, strategy="common-branch", max_epochs=2)
    )
    frame = pd.DataFrame(clf.fit(X, y).history_)
    assert (
        list(frame["phase"]) == ["unsupervised"] * 2 + ["source"] * 2 + ["target"] * 2
    )
    assert list(frame["epoch"]) == [1, 2, 3, 4, 5, 6]
    supervised = frame["phase"] != "unsupervised"
    assert (frame["train_reconstruction"].isna() == supervised).all()
    assert (frame["train_classification"].isna() == ~supervised).all()
