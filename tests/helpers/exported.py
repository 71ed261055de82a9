"""Small fits of every kind of task, and exported programs beside them."""

from __future__ import annotations

import json
import warnings
from functools import cache

import numpy as np
import pandas as pd
import torch

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
)
from tests.helpers.small import SMALL

N = 24
NAMES = np.array(["cat", "dog", "owl"])
CONV = {"encoder": "Conv 4x(3x3), BN, MP 2x2, FC 8", "shared_depth": "auto"}


def _rng():
    return np.random.default_rng(0)


def _bytes(*shape):
    return _rng().integers(0, 256, (N, *shape)).astype(np.uint8)


def _floats(*shape, dtype=np.float32):
    return _rng().random((N, *shape)).astype(dtype)


def _normal(*shape, dtype=np.float64):
    values = _rng().normal(size=(N, *shape))
    values[0] *= 9  # beyond the linear range of the scaling
    return (values * 3 + 50).astype(dtype)


def _spectra():
    waves = np.sin(np.linspace(0, 1, 40) * np.arange(1, 7)[:, None])
    return _rng().normal(size=(N, 6)) @ waves + 3


def _tables():
    values = _normal(5)
    left = pd.DataFrame(values[:, :4], columns=list("abcd"))
    return [left, pd.DataFrame(values[:, :3], columns=list("dxa"))]


# The tasks, the parameters beside SMALL, and the first task's labels.
KINDS = {
    "vectors": (lambda: [_normal(6), _normal(4, dtype=np.float32)], {}),
    "whole numbers": (lambda: [_bytes(6).astype(np.int16), _bytes(6)], {}),
    "columns by name": (_tables, {}),
    "whitened": (lambda: [_spectra(), _spectra()], {"input_scaling": "whiten"}),
    "probabilities": (
        lambda: [_floats(6), _floats(5)],
        {"reconstruction_loss": "bce", "codes": "shared"},
    ),
    "gray and color": (lambda: [_bytes(9, 8), _floats(3, 12, 10)], CONV),
    "channels last": (
        lambda: [_bytes(8, 8, 3), _floats(10, 10, 4) * 255],
        {"head": "both", **CONV},
    ),
    "flat pictures": (
        lambda: [_bytes(64), _floats(75)],
        {"layout": ["image", (3, 5, 5)], **CONV},
    ),
    "signals": (
        lambda: [_normal(2, 60), _normal(2, 48, dtype=np.float32)],
        {"layout": "signal", "sampling_rate": [50.0, 40.0]},
    ),
    "one width": (lambda: [_normal(6)], {"n_private": 0}),
}
COMPLETE = {
    "labeled signals": (lambda: [_normal(2, 60), _normal(2, 60)], {"layout": "signal"}),
}


def _labels(n_tasks, kind, numbers):
    y = np.arange(N) % 3
    if numbers:
        y = 1e5 + np.stack([_rng().normal(size=N), np.arange(N)], 1)
    elif kind != "whole numbers":
        y = NAMES[y]
    if kind in COMPLETE:
        return [y] * n_tasks
    return [y, None] if n_tasks > 1 else y


@cache
def fitted(kind, which=JointTransferClassifier):
    """An estimator, and the tasks that it was fitted on."""
    make, parameters = {**KINDS, **COMPLETE}[kind]
    X = make()
    est = which(**SMALL | parameters)
    y = None
    if which is not JointAutoencoder:
        y = _labels(len(X), kind, which is JointTransferRegressor)
    with warnings.catch_warnings():
        # So few samples transfer nothing, which the warnings say.
        warnings.simplefilter("ignore")
        est.fit(X if len(X) > 1 else X[0], y)
    return est, X


def expected(est, X, t, what):
    """What the estimator itself gives for a task's samples."""
    word, _, target = what.partition(":")
    if word == "translate":
        return est.translate(X[t], t, target)
    if est.n_tasks_ == 1:
        found = getattr(est, word)(X[t])
    else:
        found = getattr(est, word)([x if s == t else None for s, x in enumerate(X)])[t]
    if word == "predict" and hasattr(est, "classes_"):
        return np.searchsorted(est.classes_, found)
    return found


def run_torch(path):
    """The program in a file as a function of an array, and its metadata."""
    extra = {"sk_jae.json": ""}
    program = torch.export.load(path, extra_files=extra).module()

    def run(x):
        with torch.no_grad():
            return program(torch.from_numpy(x)).numpy()

    return run, json.loads(extra["sk_jae.json"])


def run_onnx(path):
    """The same with onnxruntime."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path)
    facts = json.loads(session.get_modelmeta().custom_metadata_map["sk_jae"])
    names = [value.name for value in session.get_outputs()]
    assert [value.name for value in session.get_inputs()] == ["x"]
    assert names == [facts["output"]["name"]]
    return (lambda x: session.run(None, {"x": x})[0]), facts


def assert_programs_agree(est, X, t, what, run, ties=0.0):
    """Compare at several batch sizes; at most a fraction `ties` may be off by one."""
    x = np.asarray(X[t])
    wanted = expected(est, X, t, what)
    unit = 1.0 if what == "predict_proba" else float(np.std(wanted, dtype=float)) or 1.0
    for n in (1, 7, 1000):
        got = run(np.resize(x, (n, *x.shape[1:])))
        want = np.resize(wanted, (n, *wanted.shape[1:]))
        assert got.shape == want.shape
        assert got.dtype == want.dtype
        off = np.abs(got.astype(float) - want.astype(float))
        if want.dtype.kind in "iu":
            assert off.max() <= 1
            assert (off > 0).mean() <= ties
        else:
            # Numbers far from 0 are rounded more coarsely, and sums of them more so.
            rounding = 16 * np.spacing(np.abs(want).max())
            assert off.max() <= 1e-5 * unit + rounding
