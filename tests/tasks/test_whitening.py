"""The whitening of vectors against numpy, and what it gives back."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from sk_jae.exceptions import TransferWarning
from tests.helpers.small import small


def spectra(n=40, n_bands=120, seed=0):
    """Smooth curves that differ mostly in height; the target is a small bump."""
    rng = np.random.default_rng(seed)
    bands = np.linspace(0, 1, n_bands)
    y = rng.normal(size=n)
    height, slope = rng.normal(size=(2, n, 1))
    curves = 3 + height * (1 + bands) + 0.03 * slope * bands**2
    bump = np.exp(-(((bands - 0.4) / 0.1) ** 2))
    return curves + 0.01 * y[:, None] * bump, y


def whitened_by_hand(parts):
    """x' = V^T (x - mean_t) / sqrt(v + e), with e found by bisection."""
    rows = np.concatenate([part - part.mean(0) for part in parts])
    _, singular, directions = np.linalg.svd(rows, full_matrices=False)
    v = singular**2 / len(rows)
    kept = v > 1e-12 * v[0]
    v, directions = v[kept], directions[kept].T
    low, high = 0.0, v.sum()
    for _ in range(200):
        e = (low + high) / 2
        low, high = (e, high) if (v / (v + e)).sum() > len(rows) ** 0.5 else (low, e)
    if len(v) <= len(rows) ** 0.5:
        e = 0.0
    return [(part - part.mean(0)) @ directions / np.sqrt(v + e) for part in parts]


def seen_by_the_module(est, X):
    """What the first layers are given, from the rows of the first batches."""
    from sk_jae.training import read_batches

    device = est.module_.outputs[0][0].weight.device
    tasks = zip(X, est.layouts_, strict=True)
    first = [next(read_batches(x, layout, device)) for x, layout in tasks]
    return [x.numpy() for *_, x in first]


@pytest.mark.parametrize("n_features", [6, 80])
def test_the_module_sees_the_whitened_values(n_features):
    rng = np.random.default_rng(0)
    mix = rng.normal(size=(n_features, n_features)) * np.logspace(0, -3, n_features)
    X = [5 + rng.normal(size=(n, n_features)) @ mix.T for n in (40, 25)]
    est = JointAutoencoder(**small(input_scaling="whiten")).fit(X)
    found = seen_by_the_module(est, X)
    for x, other in zip(found, whitened_by_hand(X), strict=True):
        assert x.shape == other.shape
        signs = np.sign((x * other).sum(0))
        assert_allclose(x, other * signs, atol=2e-3)
    total = sum((x.astype(float) ** 2).sum() for x in found) / 65
    assert total == pytest.approx(min(65**0.5, n_features), rel=0.01)


def test_reconstructions_and_translations_have_the_units_of_the_user():
    X, _ = spectra(60)
    X = [X[:35], 1000 * X[35:] + 7]
    est = JointAutoencoder(
        input_scaling="whiten", encoder=(), max_epochs=100, random_state=0
    ).fit(X)
    assert est.score(X) > 0.9
    for x, other in zip(X, est.reconstruct(X), strict=True):
        assert other.shape == x.shape
        assert abs(other - x).mean() < 0.3 * x.std()
    assert abs(est.translate(X[0], 0, 1).mean() - X[1].mean()) < X[1].std()


def test_spectra_are_whitened_by_themselves_where_something_is_predicted():
    X, y = spectra()
    rng = np.random.default_rng(0)
    table = rng.normal(size=(40, 20)) + 3 * rng.normal(size=(40, 1))
    classes = y > np.median(y)
    for est, x, y_own, n_values in (
        (JointTransferRegressor(**small()), X, y, None),
        (JointTransferRegressor(**small()), table, y, 20),
        (JointTransferRegressor(**small(input_scaling=None)), X, y, 120),
        (JointTransferClassifier(**small()), X, classes, None),
        (JointTransferClassifier(**small()), table, classes, 20),
    ):
        (shape,) = (layout.module_shape for layout in est.fit(x, y_own).layouts_)
        assert shape == (n_values,) if n_values else shape[0] < 40


def test_an_autoencoder_warns_of_spectra():
    X, _ = spectra()
    with pytest.warns(UserWarning, match="look like spectra.*input_scaling='whiten'"):
        jae = JointAutoencoder(**small()).fit([X, X[:30]])
    assert jae.layouts_[0].module_shape == (120,)
    table = np.random.default_rng(0).normal(size=(40, 20))
    for est, x in (
        (JointAutoencoder(**small(input_scaling="whiten")), [X, X[:30]]),
        (JointAutoencoder(**small(input_scaling=None)), [X, X[:30]]),
        (JointAutoencoder(**small()), [X, table]),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            est.fit(x)


def test_classes_of_spectra_that_differ_by_a_small_bump_are_told_apart():
    X, y = spectra(80)
    classes = (y > np.median(y)).astype(int)
    scores = [
        JointTransferClassifier(random_state=0, input_scaling=scaling)
        .fit([X[:40], 2 * X[40:60]], [classes[:40], None])
        .score([X[60:], None], [classes[60:], None])
        for scaling in ("auto", None)
    ]
    assert scores[0] > 0.85
    assert scores[1] < scores[0] - 0.1


def test_a_small_bump_of_spectra_is_read():
    X, y = spectra(80)
    reg = JointTransferRegressor(random_state=0).fit(X[:40], y[:40])
    plain = JointTransferRegressor(random_state=0, input_scaling=None)
    assert reg.score(X[40:], y[40:]) > 0.9
    assert plain.fit(X[:40], y[:40]).score(X[40:], y[40:]) < 0.5


def test_complete_targets_of_spectra_are_read_without_a_hidden_layer():
    X, y = spectra(60)
    whole = JointTransferRegressor(random_state=0).fit(X, y)
    assert len(whole.module_.tied) == len(whole.module_.private_encoders[0]) == 1
    partly = JointTransferRegressor(random_state=0, max_epochs=1)
    partly.fit(X, np.where(np.arange(60) < 30, y, np.nan))
    assert (
        sum(len(part) for part in (partly.module_.pre_tied[0], partly.module_.tied)) > 1
    )


def test_another_instrument_is_read_without_targets():
    X, y = spectra(120)
    other = 1.1 * X[40:80] + 0.2
    reg = JointTransferRegressor(random_state=0).fit([X[:40], other], [y[:40], None])
    assert reg.score([None, 1.1 * X[80:] + 0.2], [None, y[80:]]) > 0.7


def test_vectors_of_other_widths_have_directions_of_their_own():
    X, y = spectra(60)
    X = [X[:30], X[30:, ::2]]
    with pytest.warns(TransferWarning):
        reg = JointTransferRegressor(**small()).fit(X, [y[:30], None])
    assert reg.module_.earliest_depth > 1
    assert [x.shape for x in reg.reconstruct(X)] == [(30, 120), (30, 60)]


def test_a_warm_start_keeps_the_whitening():
    X, y = spectra()
    reg = JointTransferRegressor(**small(warm_start=True, max_epochs=1, lr=1e-9))
    before = reg.fit(X, y).predict(X)
    reg.fit(2 * X[:20] + 1, y[:20])
    assert_allclose(reg.predict(X), before, rtol=1e-3)


def test_constant_columns_and_constant_tables():
    X, y = spectra(30)
    X[:, :5] = 2.0
    reg = JointTransferRegressor(**small(input_scaling="whiten")).fit(X, y)
    assert_allclose(reg.reconstruct(X)[:, :5], 2.0)
    X[:] = 1.0
    reg = JointTransferRegressor(**small(input_scaling="whiten")).fit(X, y)
    assert_array_equal(reg.reconstruct(X), X.astype(np.float32))


@pytest.mark.parametrize("factor", [1e15, 1e-30])
def test_units_of_any_size(factor):
    X, y = spectra(30)
    one = JointTransferRegressor(**small()).fit(X, y).predict(X)
    other = JointTransferRegressor(**small()).fit(factor * X, y).predict(factor * X)
    assert_allclose(one, other, rtol=1e-3, atol=1e-3)
