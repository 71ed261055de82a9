"""Fitted estimators of every kind of input and layer come back from a file."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import pytest

import sk_jae
from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    pack,
)
from tests.helpers.regression import make_regression, with_gaps
from tests.helpers.saved import assert_comes_back, assert_same, outputs
from tests.helpers.small import CONV, half_labeled, make_tasks, small


def signals(lengths=(40, 40)):
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 2, m)) for n, m in zip((20, 14), lengths, strict=True)]
    return X, [np.arange(20) % 2, None], {}


def spectra():
    """Curves that are sums of a few smooth ones."""
    rng = np.random.default_rng(0)
    curves = np.sin(np.linspace(0, 3, 60) * np.arange(1, 5)[:, None])
    mixtures = [rng.normal(size=(n, 4)) for n in (40, 30)]
    return [m @ curves for m in mixtures], [mixtures[0][:, 0], None], {}


def tables(make=pd.DataFrame):
    """Tables that have some columns in common, of several dtypes."""
    rng = np.random.default_rng(0)
    one, two = (
        {
            "age": rng.integers(90, size=n).astype(np.int16),
            "weight": rng.normal(size=n),
            "smokes": rng.random(n) > 0.5,
            "height": rng.normal(size=n).astype(np.float32),
        }
        for n in (40, 30)
    )
    del two["weight"]
    two = {"income": rng.normal(size=30), **dict(reversed(two.items()))}
    return {"a": make(one), "b": make(two)}, {"a": np.arange(40) % 3, "b": None}, {}


def weighted():
    X, y = half_labeled()
    return X, y, {"sample_weight": [np.linspace(0.2, 2, len(x)) for x in X]}


def paired():
    X, (y, _) = make_tasks(shapes=((6,), (6,)))
    return *pack(X, [y, None], ids=[np.arange(40), np.arange(30, 50)]), {}


def numbers(n_outputs=None, gaps=False):
    X, y = make_regression(n_outputs=n_outputs)
    return X, [with_gaps(y[0]) if gaps else y[0], None], {}


def flat_images():
    rng = np.random.default_rng(0)
    X = [rng.integers(0, 256, (24, 64)).astype(np.uint8), rng.random((12, 81))]
    return X, [np.arange(24) % 3, None], {}


def all_labeled():
    return *make_tasks(), {}


AUTOENCODER, CLASSIFIER = JointAutoencoder, JointTransferClassifier
REGRESSOR = JointTransferRegressor
PHASES = {"strategy": "common-branch", "head": "both"}
CASES = {
    "bands": (CLASSIFIER, small(encoder="Bands 8, BN, FC 8"), signals),
    "profile": (CLASSIFIER, small(encoder="Conv 4x5, BN, Profile 4, FC 8"), signals),
    "kernels": (CLASSIFIER, small(encoder="PPV 2x4, BN, FC 8"), signals),
    "common signals": (
        CLASSIFIER,
        small(encoder="Conv 4x5, BN, Power, FC 8", sampling_rate=[100.0, 50.0]),
        partial(signals, (60, 30)),
    ),
    "signals, auto": (AUTOENCODER, small(encoder="auto"), signals),
    "whitening": (AUTOENCODER, small(input_scaling="whiten"), spectra),
    "spectra": (REGRESSOR, small(encoder="auto"), spectra),
    "no scaling": (CLASSIFIER, small(input_scaling=None), half_labeled),
    "tables": (CLASSIFIER, small(), tables),
    "tables of polars": (AUTOENCODER, small(), partial(tables, pl.DataFrame)),
    "flat images": (CLASSIFIER, small(CONV, layout=[(8, 8), (9, 9)]), flat_images),
    "weights of samples": (CLASSIFIER, small(), weighted),
    "weights of classes": (CLASSIFIER, small(class_weight="balanced"), half_labeled),
    "pairs": (CLASSIFIER, small(pairing_weight=2.0), paired),
    "phases": (CLASSIFIER, small(**PHASES), all_labeled),
    "numbers": (REGRESSOR, small(), numbers),
    "several numbers": (REGRESSOR, small(), partial(numbers, 3, gaps=True)),
    "numbers, phases": (
        REGRESSOR,
        small(**PHASES),
        lambda: (*make_regression(), {}),
    ),
    "warm start": (REGRESSOR, small(warm_start=True), numbers),
    "transfer": (CLASSIFIER, small(max_epochs=20), half_labeled),
    "prior": (CLASSIFIER, small(class_prior={"task1": [0.5, 0.3, 0.2]}), half_labeled),
}


def fit(case):
    cls, parameters, make = CASES[case]
    X, y, *fit_parameters = make()
    y = None if cls is AUTOENCODER else y
    return cls(**parameters).fit(X, y, **dict(*fit_parameters)), X


@pytest.mark.parametrize("case", CASES)
def test_it_comes_back_to_the_last_bit(case, tmp_path):
    assert_comes_back(*fit(case), tmp_path)


@pytest.mark.parametrize(
    ("make", "dtypes"),
    [
        (pd.DataFrame, ("int16", "float64", "bool", "float32")),
        (pl.DataFrame, ("Int16", "Float64", "Boolean", "Float32")),
        (
            lambda columns: pl.DataFrame(columns).to_arrow(),
            ("int16", "double", "bool", "float"),
        ),
    ],
    ids=["pandas", "polars", "pyarrow"],
)
def test_columns_come_back_with_names_and_dtypes(make, dtypes, tmp_path):
    X, y, _ = tables(make)
    est = CLASSIFIER(**small()).fit(X, y)
    est.save(tmp_path / "model")
    one, two = sk_jae.load(tmp_path / "model").layouts_
    assert one.columns == ("age", "weight", "smokes", "height")
    assert one.column_dtypes == dtypes
    assert two.columns == ("income", "height", "smokes", "age")
    assert two.column_dtypes == (dtypes[1], *reversed(dtypes[2:]), dtypes[0])


def test_after_loading_columns_are_checked_and_other_dtypes_read(tmp_path):
    X, y, _ = tables()
    est = CLASSIFIER(**small()).fit(X, y)
    est.save(tmp_path / "model")
    other = sk_jae.load(tmp_path / "model")
    wider = {name: table.astype(float) for name, table in X.items()}
    assert_same(outputs(other, wider), outputs(est, X))
    with pytest.raises(ValueError, match=r"features weight, .*, expected age, "):
        other.predict({"a": X["a"][["weight", "age", "smokes", "height"]]})
    assert other.fit(wider, y).layouts_[0].column_dtypes == 4 * ("float64",)
