"""Unlabeled tables that differ from labeled ones by the choice of samples alone."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_diabetes, load_wine
from sklearn.metrics import r2_score

from sk_jae import JointTransferRegressor
from sk_jae.estimators._selection import differ_by_selection, differ_by_units
from sk_jae.nn import CommonScale
from tests.helpers.small import small

TABLES = {
    "diabetes": load_diabetes(return_X_y=True, scaled=False)[0],
    "wine": load_wine(return_X_y=True)[0],
}


def told(one, other):
    """What is found for two tables, from their means and spreads."""
    spreads = one.std(0), other.std(0)
    both = np.sqrt((spreads[0] ** 2 + spreads[1] ** 2) / 2)
    return differ_by_selection(
        (one - one.mean(0)) / spreads[0],
        (other - other.mean(0)) / spreads[1],
        (other.mean(0) - one.mean(0)) / both,
    )


def halves(x, column):
    above = x[:, column] > np.median(x[:, column])
    return x[above], x[~above]


@pytest.mark.parametrize(
    ("name", "column"), [("diabetes", c) for c in (0, 2, 3, 8, 9)] + [("wine", 0)]
)
def test_a_column_that_samples_are_chosen_by(name, column):
    assert told(*halves(TABLES[name], column))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("name", TABLES)
def test_another_instrument_is_none(name, seed):
    rng = np.random.default_rng(seed)
    x = rng.permutation(TABLES[name])
    one, other = x[: len(x) // 2], x[len(x) // 2 :]
    offset = rng.normal(size=x.shape[1]) * x.std(0)
    assert not told(one, other + offset)
    assert not told(one, other * rng.uniform(0.5, 2, x.shape[1]) + offset)
    assert not told(one, 3 * other + 1)
    assert not told(one, other)  # which hardly differs


def test_one_column_in_other_units_is_none():
    one, other = np.array_split(TABLES["diabetes"], 2)
    other = other.copy()
    other[:, 2] *= 0.1
    assert not told(one, other)


def test_one_column_or_few_samples_do_not_tell():
    one, other = halves(TABLES["diabetes"], 2)
    assert told(one[:, :5], other[:, :5])
    assert not told(one[:, 4:5], other[:, 4:5])
    assert not told(one[:20], other)


def test_chance_is_no_choice():
    draws = np.random.default_rng(0).normal(size=(40, 80, 60))
    assert not any(told(x[:40], x[40:]) for x in draws)


def told_in_units(one, other):
    """What is found for the means and the spreads of two tables."""
    both = np.sqrt((one[1] ** 2 + other[1] ** 2) / 2)
    return differ_by_units(one, other, (other[0] - one[0]) / both)


@pytest.mark.parametrize("name", TABLES)
def test_units_are_told_from_other_means(name):
    x = TABLES[name]
    own, other = [(half.mean(0), half.std(0)) for half in (x[::2], x[1::2])]
    factors = np.exp(np.random.default_rng(0).normal(size=x.shape[1]))
    assert told_in_units(own, (factors * other[0], factors * other[1]))
    assert not told_in_units(own, (own[0] + own[1], own[1]))
    assert not told_in_units(*[(half.mean(0), half.std(0)) for half in halves(x, 0)])


def hospitals(seed):
    """Patients above the median of body mass, with targets, and those below it."""
    X, y = load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(seed).permutation(len(y))
    X, y = X[order], y[order]
    above = X[:, 2] > np.median(X[:, 2])
    return X[above], y[above], X[~above], y[~above]


def test_hospitals_of_other_patients_keep_their_units():
    scores = []
    for seed in range(2):
        X, y, other, y_other = hospitals(seed)
        reg = JointTransferRegressor(random_state=seed).fit([X, other[:110]], [y, None])
        scores.append(r2_score(y_other[110:], reg.predict([None, other[110:]])[1]))
    assert np.mean(scores) > 0  # it is about -1 if each is standardized by itself


def as_seen(reg, t, x, table):
    """What the shared branch sees of values x of a task."""
    scale = reg.module_.views[t]
    assert isinstance(scale, CommonScale)
    z = (x - table.mean(0)) / table.std(0)
    return (z + scale.offset.numpy()) * scale.factor.numpy()


@pytest.mark.parametrize("units", ["equal", "other"])
def test_the_shared_branch_sees_one_unit_if_it_is_one(units):
    X, y, other, _ = hospitals(0)
    if units == "other":
        other = other * 2 + 100
    reg = JointTransferRegressor(**small()).fit([X, other], [y, None])
    one, there = as_seen(reg, 0, X, X), as_seen(reg, 1, X, other)
    assert np.allclose(one, there, atol=1e-3) == (units == "equal")
    scale = {"equal": "common", "other": "own"}[units]
    assert reg.transfer_ == {"task1": {"scale": scale}}
    assert pickle.loads(pickle.dumps(reg)).transfer_ == reg.transfer_
