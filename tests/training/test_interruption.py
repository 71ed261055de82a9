"""Training that ends before its time."""

from __future__ import annotations

import numpy as np
import pytest

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.exceptions import TrainingInterrupted
from tests.helpers.small import PAPER, make_tasks, small
from tests.helpers.training import Interrupter


@pytest.mark.parametrize(
    ("n_samples", "n_epochs"), [(40, 200), (400, 86), (2000, 19), (32_000, 5)]
)
def test_max_epochs_depends_on_the_largest_task(n_samples, n_epochs):
    X = [np.zeros((n_samples, 1), np.float32), np.zeros((20, 1), np.float32)]
    jae = JointAutoencoder(
        **small(
            max_epochs="auto", batch_size=64, callbacks=[Interrupter(1, "epoch begin")]
        )
    )
    with pytest.warns(TrainingInterrupted):
        jae.fit(X)
    assert jae.net_.max_epochs == n_epochs


@pytest.mark.parametrize("where", ["epoch begin", "train", "valid", "epoch end"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_leaves_a_usable_estimator(epoch, where):
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **small(
            PAPER,
            max_epochs=9,
            early_stopping=True,
            callbacks=[Interrupter(epoch, where)],
        )
    )
    with pytest.warns(TrainingInterrupted, match=f"interrupted in epoch {epoch}") as w:
        clf.fit(X, y)
    assert w[0].filename == __file__
    done = epoch - (where in ("epoch begin", "train"))
    assert clf.n_iter_ == len(clf.history_) == len(clf.loss_curve_) == done
    assert [p.shape for p in clf.predict(X)] == [(40,), (20,)]
    assert all(np.isfinite(z).all() for z in clf.transform(X))
    assert not clf.module_.training
    assert all(p.requires_grad for p in clf.module_.parameters())


def test_ctrl_c_ends_all_phases():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **small(
            PAPER,
            strategy="common-branch",
            max_epochs=2,
            callbacks=[Interrupter(3, "train")],
        )
    )
    with pytest.warns(TrainingInterrupted, match="epoch 3"):
        clf.fit(X, y)
    assert [row["phase"] for row in clf.history_] == ["unsupervised"] * 2


def test_training_goes_on_after_ctrl_c_with_warm_start():
    X, _ = make_tasks()
    jae = JointAutoencoder(
        **small(max_epochs=4, warm_start=True, callbacks=[Interrupter(2, "train")])
    )
    with pytest.warns(TrainingInterrupted):
        jae.fit(X)
    jae.set_params(callbacks=None).fit(X)
    assert jae.n_iter_ == 5
    assert jae.loss_curve_[-1] < jae.loss_curve_[0]


def test_a_loss_that_is_not_finite_stops_and_leaves_nothing_to_use():
    X, _ = make_tasks()
    jae = JointAutoencoder(
        **small(lr=1e20, optimizer="sgd", max_epochs=50, batch_size=8)
    )
    with pytest.raises(ValueError, match=r"became (nan|inf) in epoch \d+.*smaller lr"):
        jae.fit(X)
    with pytest.raises(Exception, match="not fitted"):
        jae.transform(X)
