"""Training that ends before its time."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.exceptions import TrainingInterrupted
from tests.helpers.small import PAPER, make_tasks, small
from tests.helpers.training import Interrupter


@pytest.mark.parametrize(
    ("n_samples", "n_epochs"), [(40, 200), (400, 86), (2000, 19), (32_000, 5)]
)
def test_max_epochs_depends_on_the_largest_task(n_samples, n_epochs):
    seen = []

    class Look(Callback):
        def on_train_begin(self, net, **kwargs):
            seen.append(net.max_epochs)
            raise KeyboardInterrupt

    X = [np.zeros((n_samples, 1), np.float32), np.zeros((20, 1), np.float32)]
    jae = JointAutoencoder(
        **small(max_epochs="auto", batch_size=64, callbacks=[Look()])
    )
    with pytest.raises(KeyboardInterrupt):
        jae.fit(X)
    assert seen == [n_epochs]


WHERE = ["epoch begin", "train", "valid", "epoch end"]


def interrupted_classifier(epoch, where, **parameters):
    callbacks = [Interrupter(epoch, where)]
    return JointTransferClassifier(
        **small(PAPER, max_epochs=9, callbacks=callbacks, **parameters)
    )


@pytest.mark.parametrize("where", WHERE)
def test_after_a_finished_epoch_ctrl_c_leaves_a_usable_estimator(where):
    X, y = make_tasks()
    clf = interrupted_classifier(3, where, early_stopping=True)
    with pytest.raises(KeyboardInterrupt, match="interrupted in epoch 3") as caught:
        clf.fit(X, y)
    assert caught.type is TrainingInterrupted
    done = 3 - (where in ("epoch begin", "train"))
    assert clf.n_iter_ == len(clf.history_) == len(clf.loss_curve_) == done
    assert [p.shape for p in clf.predict(X)] == [(40,), (20,)]
    assert all(np.isfinite(z).all() for z in clf.transform(X))
    assert not clf.module_.training
    assert all(p.requires_grad for p in clf.module_.parameters())


@pytest.mark.parametrize("where", WHERE)
@pytest.mark.parametrize("warm_start", [False, True])
def test_before_the_first_epoch_is_finished_the_estimator_stays_as_it_was(
    where, warm_start
):
    X, y = make_tasks()
    stopping = {"early_stopping": True, "warm_start": warm_start}
    clf = interrupted_classifier(1, where, **stopping)
    with pytest.raises(KeyboardInterrupt) as caught:
        clf.fit(X, y)
    assert caught.type is KeyboardInterrupt
    assert not hasattr(clf, "module_")
    clf.set_params(callbacks=None, max_epochs=2).fit(X, y)
    expected, history = clf.predict_proba(X), clf.history_
    epoch = 3 if warm_start else 1
    clf.set_params(callbacks=[Interrupter(epoch, where)])
    with pytest.raises(KeyboardInterrupt):
        clf.fit(X, y)
    assert clf.history_ is history
    for one, other in zip(clf.predict_proba(X), expected, strict=True):
        np.testing.assert_array_equal(one, other)


def test_ctrl_c_ends_a_search():
    X, y = pack(*make_tasks())
    search = GridSearchCV(
        interrupted_classifier(2, "train"), {"lr": [0.01, 0.02]}, cv=2
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(X, y)
    assert not hasattr(search, "cv_results_")


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
    with pytest.raises(TrainingInterrupted, match="epoch 3"):
        clf.fit(X, y)
    assert [row["phase"] for row in clf.history_] == ["unsupervised"] * 2


def test_training_goes_on_after_ctrl_c_with_warm_start():
    X, _ = make_tasks()
    jae = JointAutoencoder(
        **small(max_epochs=4, warm_start=True, callbacks=[Interrupter(2, "train")])
    )
    with pytest.raises(TrainingInterrupted):
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
