"""Pairs tell where a table of other samples lies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_diabetes, load_wine

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from sk_jae.nn import CommonScale
from tests.helpers.small import SMALL

pytestmark = pytest.mark.filterwarnings("ignore::sk_jae.exceptions.TransferWarning")

RNG = np.random.default_rng(0)
HIDDEN = RNG.normal(size=(80, 5))
# The second table has other subjects in the main, measured with an offset.
ONE, OTHER = np.arange(50), np.arange(40, 80)
HIDDEN[60:] += 1
X = [HIDDEN[ONE], HIDDEN[OTHER] + 3 + 0.1 * RNG.normal(size=(40, 5))]
y = (HIDDEN[:, 0] > 0).astype(int)
IDS = [ONE, OTHER]


def offset_of(est, t=1):
    scales = [m for m in est.module_.views[t].modules() if isinstance(m, CommonScale)]
    return scales[0].offset.numpy() if scales else None


def by_hand(one, other, sizes):
    """What a table of so many samples is moved by, by plain numpy."""
    d = one - other
    by_chance = d.var(axis=0, ddof=1) / len(d)
    within = (one.var(axis=0, ddof=1) + other.var(axis=0, ddof=1)) / 2
    between = within * (1 / sizes[0] + 1 / sizes[1])
    return d.mean(axis=0) * between / (between + by_chance)


def standardized(x, rows):
    return ((x - x.mean(0)) / x.std(0))[rows]


@pytest.mark.parametrize(
    ("estimator", "targets"),
    [
        (JointTransferClassifier(**SMALL), [y[ONE], None]),
        (JointTransferRegressor(**SMALL), [HIDDEN[ONE, 1], None]),
        (JointTransferClassifier(**SMALL), [y[ONE], y[OTHER]]),
        (JointAutoencoder(**SMALL), None),
    ],
    ids=["classes", "numbers", "labels in both", "no labels"],
)
def test_a_table_is_moved_by_the_difference_of_the_pairs(estimator, targets):
    est = estimator.fit(X, targets, ids=IDS) if targets else estimator.fit(X, ids=IDS)
    one, other = standardized(X[0], slice(40, 50)), standardized(X[1], slice(0, 10))
    assert_allclose(offset_of(est), by_hand(one, other, (50, 40)), rtol=1e-3, atol=1e-5)


def test_the_labeled_table_is_the_one_that_stays():
    est = JointTransferClassifier(**SMALL).fit(X, [None, y[OTHER]], ids=IDS)
    one, other = standardized(X[0], slice(40, 50)), standardized(X[1], slice(0, 10))
    assert_allclose(
        offset_of(est, 0), by_hand(other, one, (40, 50)), rtol=1e-3, atol=1e-5
    )


@pytest.mark.parametrize(
    "changed", [{"pairing_weight": 0.0}, {"ids": [ONE, OTHER + 8]}], ids=["off", "few"]
)
def test_pairs_that_are_not_used_or_too_few_move_nothing(changed):
    ids = changed.pop("ids", IDS)
    clf = JointTransferClassifier(**{**SMALL, **changed})
    found = offset_of(clf.fit(X, [y[ONE], None], ids=ids))
    expected = offset_of(JointTransferClassifier(**SMALL).fit(X, [y[ONE], None]))
    assert_allclose(found, expected)


def test_tables_of_other_columns_are_not_moved():
    parts = [X[0], X[1][:, :4]]
    clf = JointTransferClassifier(**SMALL).fit(parts, [y[ONE], None], ids=IDS)
    assert offset_of(clf) is None


def another_instrument(X, rng):
    factor, offset = np.exp(rng.normal(0, 0.3, X.shape[1])), rng.normal(size=X.shape[1])
    return X * factor + offset + 0.3 * rng.normal(size=X.shape)


def selected(y, chosen, rng):
    """Which samples another task has, most of which are chosen ones."""
    return rng.random(len(y)) < np.where(chosen, 1.0, 0.3)


@pytest.mark.parametrize("name", ["wine", "diabetes"])
def test_fifteen_pairs_make_up_for_other_samples(name, monkeypatch):
    load = {"wine": load_wine, "diabetes": load_diabetes}[name]
    X, y = load(return_X_y=True)
    X = (X - X.mean(0)) / X.std(0)
    scores = []
    for is_placed in (True, False):
        if not is_placed:
            monkeypatch.setattr(
                "sk_jae.estimators._architectures.with_paired_scale",
                lambda found, *others: found,
            )
        total = 0.0
        for seed in range(3):
            rng = np.random.default_rng(seed)
            one, rest = np.array_split(rng.permutation(len(y)), 2)
            chosen = y[rest] == 0 if name == "wine" else y[rest] > np.median(y)
            rest = rest[selected(y[rest], chosen, rng)]
            own, tested = np.array_split(rest, 2)
            other = np.concatenate([one[:15], own])
            measured = another_instrument(X, rng)
            estimator = (
                JointTransferClassifier if name == "wine" else JointTransferRegressor
            )
            est = estimator(random_state=0)
            est.fit([X[one], measured[other]], [y[one], None], ids=[one, other])
            total += est.score([None, measured[tested]], [None, y[tested]])
        scores.append(total / 3)
    assert scores[0] > scores[1] + 0.02


def test_whitened_spectra_with_pairs_train_for_longer():
    wavelengths = np.linspace(0, 1, 60)
    rng = np.random.default_rng(0)
    height, slope = rng.normal(size=(2, 40, 1))
    spectra = (2 + height) * np.exp(-((wavelengths - 0.5) ** 2) / 0.1)
    spectra = spectra + 0.02 * slope * wavelengths
    X, y = [spectra, 1.1 * spectra + 0.2], [slope.ravel(), None]
    ids = [np.arange(40), np.arange(40)]
    n_epochs = [
        len(JointTransferRegressor(random_state=0).fit(X, y, ids=own).history_)
        for own in (ids, None)
    ]
    assert n_epochs[0] == 400
    assert n_epochs[1] < 200
