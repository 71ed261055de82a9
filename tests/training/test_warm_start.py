"""Training that goes on where the last fit ended."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from tests.helpers.small import PAPER, make_tasks, small
from tests.helpers.training import Recorder


def weights_of(est):
    return torch.cat([p.detach().flatten() for p in est.module_.parameters()])


def test_warm_start_goes_on_where_the_last_fit_ended():
    X, y = make_tasks()
    recorder = Recorder()
    clf = JointTransferClassifier(
        **small(PAPER, max_epochs=3, warm_start=True, callbacks=[recorder])
    ).fit(X, y)
    ended = copy.deepcopy(clf.module_.state_dict())
    moments = copy.deepcopy(clf.net_.optimizer_.state_dict()["state"])
    assert moments
    started = {}

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            started.update(copy.deepcopy(net.optimizer_.state_dict()))

    first_batches = recorder.batches
    clf.set_params(callbacks=[recorder, Start()], lr=0.005, max_epochs=2).fit(X, y)
    for name, value in ended.items():
        assert torch.equal(recorder.weights[name], value)
    for k, state in moments.items():
        for name, value in state.items():
            torch.testing.assert_close(started["state"][k][name], value)
    assert started["param_groups"][0]["lr"] == 0.005
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4, 5]
    assert clf.n_iter_ == 5
    # Another order of the samples, not the same again.
    assert not torch.equal(first_batches[0].inputs[0], recorder.batches[0].inputs[0])


def test_warm_start_without_optimizer_state_begins_a_new_one():
    X, _ = make_tasks()
    jae = JointAutoencoder(**small(max_epochs=2)).fit(X)
    before = weights_of(jae)
    jae.set_params(warm_start=True, optimizer="sgd", lr=1e-12).fit(X)
    torch.testing.assert_close(weights_of(jae), before)
    jae.set_params(optimizer="adam").fit(X)
    torch.testing.assert_close(weights_of(jae), before)
    assert jae.n_iter_ == 6


def test_without_warm_start_fit_starts_anew():
    X, _ = make_tasks()
    jae = JointAutoencoder(**small(max_epochs=2)).fit(X)
    first, history = weights_of(jae), jae.loss_curve_
    jae.fit(X)
    assert torch.equal(weights_of(jae), first)
    assert jae.loss_curve_ == history


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("shape", "the tasks"),
        ("names", "the tasks"),
        ("n_tasks", "the tasks"),
        ("classes", "the classes"),
        ("n_shared", "shape of"),
        ("encoder", "shape of"),
        ("head", "shape of private_heads"),
    ],
)
def test_warm_start_refuses_another_module(change, message):
    X, y = make_tasks((40, 20, 30), ((6,), (4,), (5,)))
    clf = JointTransferClassifier(
        **small(PAPER, max_epochs=1, warm_start=True, head="shared")
    )
    clf.fit(X[:2], y[:2])
    expected = clf.predict(X[:2])
    X_new, y_new = X[:2], y[:2]
    if change == "shape":
        X_new = [X[0][:, :5], X[1]]
    elif change == "names":
        X_new, y_new = {"a": X[0], "b": X[1]}, {"a": y[0], "b": y[1]}
    elif change == "n_tasks":
        X_new, y_new = X[0], y[0]
    elif change == "classes":
        y_new = [labels % 2 for labels in y[:2]]
    else:
        clf.set_params(
            **{change: {"n_shared": 4, "encoder": (9,), "head": "both"}[change]}
        )
    with pytest.raises(ValueError, match=rf"warm_start=True .*{message}.* start anew"):
        clf.fit(X_new, y_new)
    for found, labels in zip(clf.predict(X[:2]), expected, strict=True):
        np.testing.assert_array_equal(found, labels)
    assert clf.set_params(warm_start=False).fit(X_new, y_new).n_iter_ == 1


def test_warm_start_learns_which_classes_a_task_has():
    X, y = make_tasks(shapes=((6,), (6,)))
    y[1][:] = np.arange(20) % 2
    clf = JointTransferClassifier(**small(PAPER, max_epochs=1, warm_start=True))
    clf.fit(X, [y[0], None])
    assert clf.predict_proba(X)[1][:, 2].all()
    clf.set_params(head="shared").fit(X, y)
    assert not clf.predict_proba(X)[1][:, 2].any()
    np.testing.assert_array_equal(clf.task_classes_[1], [0, 1])


@pytest.mark.parametrize("first", ["complete", "missing"])
@pytest.mark.parametrize("kind", [JointTransferClassifier, JointTransferRegressor])
def test_a_warm_start_keeps_the_heads_whatever_labels_come(kind, first):
    X, y = make_tasks(shapes=((6,), (6,)))
    labels = {"complete": y, "missing": [y[0], None]}
    est = kind(**small(max_epochs=1, warm_start=True)).fit(X, labels.pop(first))
    heads = set(est.module_.private_heads)
    est.fit(X, *labels.values())
    assert est.n_iter_ == 2
    assert set(est.module_.private_heads) == heads
