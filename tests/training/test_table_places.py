"""Unlabeled tables are placed by the shares of the classes that they have."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV
from sklearn.preprocessing import StandardScaler

from sk_jae import JointTransferClassifier, load, pack
from sk_jae.model_selection import BatchedSearchCV
from sk_jae.nn import CommonScale
from sk_jae.training.table_places import TablePlaces
from tests.helpers.blobs import EVEN, LEARNED, UNEVEN, two_tasks
from tests.helpers.resuming import assert_same, interrupted, results_of, resumed

PRIOR = np.array([0.6, 0.2, 0.1, 0.1])


def fitted(X, y, **parameters):
    return JointTransferClassifier(**{**LEARNED, **parameters}).fit(X, y)


def scale_of(clf, t):
    (found,) = [m for m in clf.module_.views[t].modules() if isinstance(m, CommonScale)]
    return found


def by_hand(X, y, prior, other, weights=None):
    """Where a table is placed, by plain numpy: its offset, and the factor of it."""
    weights = np.ones(len(y)) if weights is None else weights
    z = StandardScaler().fit(X, sample_weight=weights).transform(X)
    shares = np.bincount(y, weights) / weights.sum()
    supposed = np.maximum(0.97 * prior + 0.03 / len(prior), 0.1 * shares)
    w = weights * (supposed / shares)[y]
    mean = w @ z / w.sum()
    spread = np.sqrt(w @ (z - mean) ** 2 / w.sum())
    center = np.average(X, axis=0, weights=weights)
    variance = np.average((X - center) ** 2, axis=0, weights=weights)
    both = np.sqrt((variance + other.var(0)) / 2)
    left = (other.mean(0) - center) / both - mean
    most = 0.25 if np.median(np.abs(left)) > 0.5 else 0.7
    return mean / spread + left.clip(-most, most), spread


def test_a_table_is_placed_where_labeled_ones_would_be_with_the_given_shares():
    X, y, _ = two_tasks()
    clf = fitted(X, y, class_prior=PRIOR)
    offset, spread = by_hand(X[0], y[0], PRIOR, X[1])
    assert_allclose(scale_of(clf, 1).offset, offset, rtol=1e-4, atol=1e-5)
    expected = scale_of(clf, 0).factor.numpy() * spread
    assert_allclose(scale_of(clf, 1).factor, expected, rtol=1e-4)
    assert clf.transfer_["task1"]["scale"] == "shares"


def test_columns_are_found_by_their_names():
    X, y, _ = two_tasks()
    names = list("abcdef")
    order = [3, 5, 0, 1, 4, 2]
    turned = X[1][:, order].copy()
    tables = [
        pd.DataFrame(X[0], columns=names),
        pd.DataFrame(turned, columns=[names[i] for i in order]),
    ]
    clf = fitted(tables, y, class_prior=PRIOR)
    offset, _ = by_hand(X[0], y[0], PRIOR, X[1])
    assert_allclose(scale_of(clf, 1).offset, offset, rtol=1e-4, atol=1e-5)


def test_weights_of_the_labeled_samples_count():
    X, y, _ = two_tasks()
    weights = np.random.default_rng(0).uniform(0.2, 2, len(y[0]))
    clf = JointTransferClassifier(**LEARNED, class_prior=PRIOR)
    clf.fit(X, y, sample_weight=[weights, None])
    offset, _ = by_hand(X[0], y[0], PRIOR, X[1], weights)
    assert_allclose(scale_of(clf, 1).offset, offset, rtol=1e-3, atol=1e-4)


def test_uneven_shares_are_found():
    X, y, all_labels = two_tasks(target=UNEVEN)
    clf = fitted(X, y)
    assert clf.transfer_["task1"]["scale"] == "shares"
    assert clf.score([None, X[1]], [None, all_labels[1]]) > 0.9


def test_places_help_where_another_instrument_meets_other_shares(monkeypatch):
    X, y = load_digits(return_X_y=True)
    rng = np.random.default_rng(0)
    one, rest = np.array_split(rng.permutation(len(y)), 2)
    rest = rest[(y[rest] % 3 == 0) | (rng.random(len(rest)) < 0.15)]
    gain, offset = np.exp(rng.normal(0, 0.3, 64)), rng.normal(size=64)
    tasks = [X[one], X[rest] * gain + X.std(0) * offset]
    clf = JointTransferClassifier(layout="vector", random_state=0)
    placed = clf.fit(tasks, [y[one], None]).score([None, tasks[1]], [None, y[rest]])
    monkeypatch.setattr(TablePlaces, "begin_epoch", lambda *_: None)
    without = clf.fit(tasks, [y[one], None]).score([None, tasks[1]], [None, y[rest]])
    assert placed > without + 0.01


def test_even_shares_leave_a_table_where_it_is():
    X, y, _ = two_tasks()
    clf, without = fitted(X, y), fitted(X, y, infomax_weight=0.0)
    assert clf.transfer_["task1"]["scale"] == "own"
    for name in ("offset", "factor"):
        found, expected = (getattr(scale_of(e, 1), name) for e in (clf, without))
        assert_allclose(found, expected)


def test_shares_do_not_move_a_labeled_table():
    X, y, _ = two_tasks(target=UNEVEN)
    clf, without = fitted(X, y), fitted(X, y, infomax_weight=0.0)
    assert_allclose(scale_of(clf, 0).offset, scale_of(without, 0).offset)
    assert_allclose(scale_of(clf, 0).factor, scale_of(without, 0).factor)


def test_units_do_not_matter():
    X, y, _ = two_tasks(target=UNEVEN)
    factor, offset = np.array([1e3, 1, 1e-3, 5, 2, 1]), np.arange(6) * 100.0
    changed = [x * factor + offset for x in X]
    one, other = fitted(X, y), fitted(changed, y)
    assert other.transfer_["task1"]["scale"] == "shares"
    same = one.predict(X)[1] == other.predict(changed)[1]
    assert same.mean() > 0.98


def test_a_search_of_networks_that_train_together_finds_the_same():
    X, y, _ = two_tasks(target=UNEVEN)
    packed = pack(X, y)
    clf = JointTransferClassifier(**{**LEARNED, "max_epochs": 8})
    grid = {"lr": [0.005, 0.01], "reconstruction_weight": [0.1, 1.0]}
    found = [
        kind(clf, grid, cv=2, error_score="raise").fit(*packed)
        for kind in (GridSearchCV, BatchedSearchCV)
    ]
    scores = [search.cv_results_["mean_test_score"] for search in found]
    assert scores[0].tolist() == scores[1].tolist()
    places = [scale_of(search.best_estimator_, 1).offset for search in found]
    assert_allclose(*places)


@pytest.mark.parametrize("epoch", [3, 7, 15])
def test_an_interrupted_fit_places_tables_as_one_that_was_not(epoch, tmp_path):
    X, y, _ = two_tasks(target=UNEVEN)
    make = partial(JointTransferClassifier, **LEARNED)
    whole = resumed(make, tmp_path / "whole", X, y)
    interrupted(make, tmp_path / "parts", X, y, epoch=epoch)
    again = resumed(make, tmp_path / "parts", X, y)
    assert whole.transfer_["task1"]["scale"] == "shares"
    assert_same(results_of(whole, X), results_of(again, X))


def test_a_warm_start_places_a_table_anew():
    X, y, _ = two_tasks(target=UNEVEN)
    clf = fitted(X, y, warm_start=True, class_prior=PRIOR)
    clf.set_params(class_prior=np.array(EVEN)).fit(X, y)
    offset, _ = by_hand(X[0], y[0], np.array(EVEN), X[1])
    assert_allclose(scale_of(clf, 1).offset, offset, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("is_saved", [False, True])
def test_a_warm_start_brings_a_table_back_if_its_shares_are_even(is_saved, tmp_path):
    X, y, _ = two_tasks()
    never_placed = fitted(X, y)
    clf = fitted(X, y, warm_start=True, class_prior=PRIOR)
    if is_saved:
        clf.save(tmp_path / "model.jae")
        clf = load(tmp_path / "model.jae")
    assert clf.transfer_["task1"]["scale"] == "shares"
    clf.set_params(class_prior=None, warm_start=True).fit(X, y)
    assert clf.transfer_["task1"]["scale"] == "own"
    for name in ("offset", "factor"):
        found, expected = (getattr(scale_of(e, 1), name) for e in (clf, never_placed))
        assert_allclose(found, expected, rtol=1e-5)
