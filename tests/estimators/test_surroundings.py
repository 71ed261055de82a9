"""What the caller has switched on in torch changes neither a fit nor a prediction."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from contextlib import contextmanager

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch import nn

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.small import (
    CONV,
    SMALL,
    equal_weights,
    half_labeled,
    images,
    labels,
    small,
)

X, y = half_labeled()
CLASSIFIER = JointTransferClassifier(**small(max_epochs=4))


@contextmanager
def default_dtype(dtype):
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


@contextmanager
def default_device(device):
    torch.set_default_device(device)
    try:
        yield
    finally:
        torch.set_default_device(None)


SURROUNDINGS = {
    "no_grad": torch.no_grad,
    "inference_mode": torch.inference_mode,
    "set_grad_enabled(False)": lambda: torch.set_grad_enabled(False),
    "autocast": lambda: torch.autocast("cpu", dtype=torch.bfloat16),
    "float64 by default": lambda: default_dtype(torch.float64),
    "another device by default": lambda: default_device("meta"),
}


@pytest.fixture(scope="module")
def expected():
    return JointTransferClassifier(**small(max_epochs=4)).fit(X, y)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_a_fit_is_the_same(name, expected):
    with SURROUNDINGS[name]():
        found = CLASSIFIER.fit(X, y)
    assert found.loss_curve_ == expected.loss_curve_
    assert equal_weights(found, expected)


class Shift(nn.Module):
    """A module of the user that makes a tensor whenever it runs."""

    def forward(self, x):
        return x + torch.full((1,), 0.1) + 0.1 * torch.randn(x.shape)


PARTS = {
    "modules of torch": {
        "encoder": lambda shape: [nn.Linear(shape[0], 8), nn.Dropout(0.2)]
    },
    "a module of the user": {
        "encoder": lambda shape: [nn.Linear(shape[0], 8), Shift()]
    },
    "augmentation": {"augmentation": lambda x: x * torch.full((1,), 1.1)},
    "bfloat16": {"precision": "bfloat16"},
}


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", SURROUNDINGS)
def test_fits_and_predictions_with_own_parts_are_the_same(part, name):
    clf = JointTransferClassifier(**small({**SMALL, **PARTS[part]}))
    expected = clf.fit(X, y).loss_curve_, clf.predict_proba(X), clf.transform(X)
    with SURROUNDINGS[name]():
        clf.fit(X, y)
        found = clf.predict_proba(X), clf.transform(X)
    assert clf.loss_curve_ == expected[0]
    for one, other in zip(found, expected[1:], strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", SURROUNDINGS)
def test_predictions_are_the_same(name, expected):
    def outputs():
        Z = expected.transform(X)
        return [
            *Z,
            *expected.predict_proba(X),
            *expected.reconstruct(X),
            *expected.inverse_transform(Z),
            expected.translate(X[0], 0, 1),
        ]

    plain = outputs()
    with SURROUNDINGS[name]():
        found = outputs()
    for one, other in zip(found, plain, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))]
)
def test_what_is_copied_in_inference_mode_can_be_trained(copied, expected):
    with torch.inference_mode():
        other = copied(expected)
    assert not any(p.is_inference() for p in other.module_.parameters())
    other.module_.encode([torch.zeros(2, 6), None])[0].shared.sum().backward()
    other.set_params(warm_start=True).fit(X, y)
    assert other.n_iter_ == 8


def with_dropout(shape):
    return [nn.Linear(shape[0], 8), nn.ReLU(), nn.Dropout(0.5)]


def noise(x):
    return x + 0.1 * torch.randn_like(x)


DRAWING = {
    "nothing of the user's": {},
    "a module": {"encoder": with_dropout, "shared_depth": -1},
    "augmentation": {"augmentation": noise},
}


@pytest.mark.parametrize("name", DRAWING)
def test_draws_elsewhere_change_nothing_and_are_not_changed(name):
    class Draw(Callback):
        def on_batch_end(self, net, **kwargs):
            drawn.append(torch.rand(()).item())

    params = small(max_epochs=3, **DRAWING[name])
    plain = JointTransferClassifier(**params).fit(X, y)
    drawn = []
    torch.manual_seed(3)
    looked_at = JointTransferClassifier(**params, callbacks=[Draw()]).fit(X, y)
    assert equal_weights(plain, looked_at)
    torch.manual_seed(3)
    assert drawn == [torch.rand(()).item() for _ in drawn]


@pytest.mark.parametrize("name", DRAWING)
def test_an_epoch_does_not_depend_on_those_before_it_in_the_process(name):
    params = small(max_epochs=2, warm_start=True, lr_schedule="constant")
    params |= {"infomax_weight": 0, "consistency_weight": 0, **DRAWING[name]}
    twice = JointTransferClassifier(**params).fit(X, y)
    JointTransferClassifier(**params).fit(X, y)
    twice.fit(X, y)
    at_once = JointTransferClassifier(**{**params, "max_epochs": 4}).fit(X, y)
    assert equal_weights(twice, at_once)


@pytest.mark.parametrize("name", DRAWING)
def test_fits_in_threads_run_at_once_and_are_the_same(name):
    params = small(max_epochs=6, **DRAWING[name])
    alone = JointTransferClassifier(**params).fit(X, y)
    both_run = threading.Barrier(2, timeout=60)

    class Meet(Callback):
        def on_epoch_end(self, net, **kwargs):
            both_run.wait()

    found = [JointTransferClassifier(**params, callbacks=[Meet()]) for _ in range(2)]
    threads = [threading.Thread(target=est.fit, args=(X, y)) for est in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(equal_weights(est, alone) for est in found)


@pytest.mark.parametrize("method", ["transform", "predict_proba", "score"])
def test_looking_from_a_callback_changes_nothing(method):
    X = images()
    y = labels(X)

    class Look(Callback):
        def on_batch_end(self, net, training, **kwargs):
            getattr(est, method)(*((X, y) if method == "score" else (X,)))
            assert net.module_.training == training

    params = {**CONV, "early_stopping": True}
    plain = JointTransferClassifier(**params).fit(X, y)
    est = JointTransferClassifier(**params, callbacks=[Look()])
    assert equal_weights(est.fit(X, y), plain)


class Counter(nn.Module):
    """A module of the user with a buffer that changes whenever it runs."""

    def __init__(self):
        super().__init__()
        self.register_buffer("n", torch.zeros(()))

    def forward(self, x):
        self.n += 1
        return x + 0.01 * self.n


OWN_MODULES = {
    "noise": Shift,
    "a buffer": Counter,
    "batch norm": lambda: nn.BatchNorm1d(8),
    "dropout": lambda: nn.Dropout(0.5),
}
HOOKS = ("on_train_begin", "on_batch_begin", "on_grad_computed", "on_epoch_end")


@pytest.mark.parametrize("name", OWN_MODULES)
def test_looking_with_own_modules_changes_nothing(name):
    """Also between a gradient and its step, and with weighted scores and copies."""

    def look(net, **kwargs):
        est.score(X, y, [np.arange(len(X[0])), None])
        copy.deepcopy(est).reconstruct(X)

    params = small(
        encoder=lambda shape: [nn.Linear(shape[0], 8), OWN_MODULES[name]()],
        early_stopping=True,
    )
    plain = JointTransferClassifier(**params).fit(X, y)
    callback = type("Look", (Callback,), dict.fromkeys(HOOKS, staticmethod(look)))
    est = JointTransferClassifier(**params, callbacks=[callback()])
    assert equal_weights(est.fit(X, y), plain)
    assert est.history_[-1]["valid_loss"] == plain.history_[-1]["valid_loss"]


def test_predictions_leave_the_global_generator_as_it_is():
    encoder = {"encoder": lambda shape: [nn.Linear(shape[0], 8), Shift()]}
    clf = JointTransferClassifier(**small({**SMALL, **encoder})).fit(X, y)
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    first, second = clf.transform(X), clf.transform(X)
    assert torch.equal(torch.rand(3), expected)
    np.testing.assert_array_equal(first[0], second[0])


def test_looking_from_another_thread_changes_nothing():
    X = images()
    y = labels(X)
    params = {**CONV, "max_epochs": 6}
    plain = JointTransferClassifier(**params).fit(X, y)
    est = JointTransferClassifier(**params)
    begun, over = threading.Event(), threading.Event()

    class Begin(Callback):
        def on_epoch_begin(self, net, **kwargs):
            begun.set()

    def look():
        begun.wait(60)
        while not over.is_set():
            est.transform(X)

    est.set_params(callbacks=[Begin()])
    thread = threading.Thread(target=look)
    thread.start()
    try:
        est.fit(X, y)
    finally:
        over.set()
        thread.join()
    assert equal_weights(est, plain)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_forked_while_another_thread_fits_can_fit():
    """In a process of its own, with one torch thread, as torch hangs with more."""
    import subprocess
    import sys

    code = """
import os, threading
import numpy as np
import torch
from skorch.callbacks import Callback
from sk_jae import JointAutoencoder

torch.set_num_threads(1)
running = threading.Event()

class Begin(Callback):
    def on_batch_end(self, net, **kwargs):
        running.set()

big = JointAutoencoder(max_epochs=30, device="cpu", callbacks=[Begin()])
thread = threading.Thread(target=big.fit, args=(np.ones((3000, 20)),))
thread.start()
running.wait()
child = os.fork()
if child == 0:
    JointAutoencoder(max_epochs=1, device="cpu").fit(np.eye(20, 3))
    os._exit(7)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
thread.join()
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_cuda_in_a_forked_child_is_refused_by_name(monkeypatch):
    monkeypatch.setattr(torch.cuda, "_is_in_bad_fork", lambda: True)
    for device in ("auto", "cuda"):
        with pytest.raises(ValueError, match=f"device='{device}'.*forked.*spawn"):
            JointAutoencoder(**small(device=device)).fit(X)
    JointAutoencoder(**small(device="cpu")).fit(X)
