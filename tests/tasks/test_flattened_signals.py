"""Signals that come as columns of a table: recognized, and tables taken for none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits, load_wine
from sklearn.preprocessing import scale

from sk_jae import JointTransferClassifier
from sk_jae.exceptions import TransferWarning
from sk_jae.tasks.flattened_signals import are_flattened_signals
from tests.helpers.small import small
from tests.tasks.test_flattened import tables, waves

RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=200)


def tones(n_steps, noise, seed):
    """Three frequencies that start anywhere."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, 2 * np.pi, (len(Y), 1))
    frequencies = np.array([0.2, 0.5, 1.0])[Y][:, None]
    waves = np.sin(start + frequencies * np.arange(n_steps))
    return waves + noise * rng.normal(size=waves.shape)


def stationary():
    yield "waves of 10 steps", waves(10, 100)
    yield "waves of 20 steps", waves(20, 400)
    yield "tones", tones(128, 0.2, 0)
    yield "tones in noise", tones(64, 0.7, 0)
    white = RNG.normal(size=(60, 513))
    yield "moving average", white[:, 1:] + 0.5 * white[:, :-1]
    yield "of different loudness", waves(10, 200) * RNG.uniform(0.5, 2, (400, 1))


def others():
    yield from (table for table in tables() if "waves" not in table[0])
    common = RNG.normal(size=(300, 1))
    yield "one factor", common + RNG.normal(size=(300, 40))
    yield "scaled", scale(load_breast_cancer().data)
    yield "wine", load_wine().data
    yield "digits", load_digits().data
    steps = np.arange(100) / 10
    yield "aligned curves", np.sin(steps) + RNG.normal(size=(200, 1)) * np.cos(steps)
    yield "few rows", waves(10, 100)[:19]


@pytest.mark.parametrize(
    "signals", [pytest.param(signals, id=name) for name, signals in stationary()]
)
@pytest.mark.parametrize("units", [1, -1e4])
def test_signals_are_recognized_in_any_units(signals, units):
    assert are_flattened_signals(units * signals)
    assert are_flattened_signals(scale(signals))
    assert are_flattened_signals(signals[:40])


@pytest.mark.parametrize(
    "table", [pytest.param(table, id=name) for name, table in others()]
)
def test_tables_are_none(table):
    assert not are_flattened_signals(table)


def test_columns_in_another_order_are_none():
    order = np.random.default_rng(1).permutation(128)
    assert not are_flattened_signals(tones(128, 0.2, 0)[:, order])


@pytest.mark.real_data
def test_recordings_of_bearings_are_recognized(data_home):
    path = data_home / "real" / "cwru_bearing.npz"
    if not path.exists():
        pytest.skip("the recordings are not there")
    with np.load(path) as file:
        X = file["X"]  # (n, 2, 1024), of two sensors
    for sensor in (0, 1):
        assert are_flattened_signals(X[:, sensor])
        assert are_flattened_signals(X[::20, sensor])


def told(X, y, **parameters):
    estimator = clone(JointTransferClassifier(**small())).set_params(**parameters)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        estimator.fit(X, y)
    return [str(w.message) for w in seen if w.category is TransferWarning]


def test_they_are_pointed_out_where_a_task_has_no_labels():
    X, y = {"a": tones(128, 0.2, 0), "b": tones(128, 0.2, 1)}, {"a": Y, "b": None}
    (text,) = told(X, y)
    for part in ("'a' has 128 columns that look like signals", "layout='signal'"):
        assert part in text
    assert not told(X, {"a": Y, "b": Y})
    assert not told(X, y, layout="vector")
    assert not told(X, y, layout="signal", encoder="FC 8, FC 4")
