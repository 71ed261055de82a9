"""Trainings that are interrupted and go on, and how two of them are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from skorch.callbacks import Callback

from sk_jae.callbacks import Checkpoint

DURATIONS = ("dur",)


class Stopped(Exception):
    """Raised by a callback in the middle of a training."""


class Stop(Callback):
    """Ends the training at an event of an epoch, counted over all phases."""

    def __init__(self, epoch, event="on_epoch_end", error=Stopped):
        self.epoch = epoch
        self.event = event
        self.error = error

    def notify(self, net, event):
        if event == self.event and net.n_epochs == self.epoch:
            raise self.error

    def on_epoch_begin(self, net, **kwargs):
        self.notify(net, "on_epoch_begin")

    def on_batch_end(self, net, **kwargs):
        self.notify(net, "on_batch_end")

    def on_epoch_end(self, net, **kwargs):
        self.notify(net, "on_epoch_end")


def interrupted(
    make, folder, X, y=None, *, epoch, event="on_epoch_end", callbacks=(), **fit_params
):
    """Fit what `make` makes with these callbacks, until it is ended in an epoch."""
    stop = Stop(epoch, event)
    est = make(callbacks=[*callbacks, Checkpoint(folder), stop])
    try:
        est.fit(X, y, **fit_params)
    except stop.error:
        return est
    raise AssertionError(f"the training has ended before epoch {epoch}")


def resumed(make, folder, X, y=None, *, callbacks=(), **fit_params):
    return make(callbacks=[*callbacks, Checkpoint(folder)]).fit(X, y, **fit_params)


def names(folder):
    """The endings of the names of the files in a folder."""
    return sorted(path.suffix for path in Path(folder).iterdir())


def epochs_of(est, X, y=None):
    """The numbers of the epochs that a fit trains."""

    class Epochs(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net.n_epochs)

    seen = []
    est.set_params(callbacks=[*est.callbacks, Epochs()]).fit(X, y)
    return seen


def results_of(est, X):
    """All that a fit has found, but for durations."""
    found = {
        "history": [
            {key: value for key, value in row.items() if key not in DURATIONS}
            for row in est.history_
        ],
        "weights": dict(est.module_.state_dict()),
        "codes": est.transform(X),
    }
    if hasattr(est, "predict"):
        found["predictions"] = est.predict(X)
        found["transfer"] = getattr(est, "transfer_", None)
    return found


def assert_same(one, other, path="the result"):
    """The same values to the last bit, wherever they are."""
    assert type(one) is type(other), path
    if isinstance(one, dict):
        assert list(one) == list(other), path
        for key in one:
            assert_same(one[key], other[key], f"{path}/{key}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), path
        for k, pair in enumerate(zip(one, other, strict=True)):
            assert_same(*pair, f"{path}/{k}")
    elif isinstance(one, torch.Tensor):
        assert one.dtype == other.dtype, path
        assert one.stride() == other.stride(), path
        assert torch.equal(one, other), path
    elif isinstance(one, np.ndarray):
        np.testing.assert_array_equal(one, other, err_msg=path)
    else:
        assert one == other or (one != one and other != other), path
