"""What signals are read by where a task has no labels."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter

from sk_jae import JointTransferClassifier
from sk_jae.nn import BandPower, PositiveProportions
from tests.helpers.small import small

EVENTS = small(encoder="auto", max_epochs=1)


def beats(n, time=96, seed=0):
    """A peak that all have, and a small wave behind it, early or late, with noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.linspace(0, 1, time)
    center = np.where(y, 0.7, 0.55)[:, None] + 0.01 * rng.normal(size=(n, 1))
    peak = np.exp(-(((t - 0.3) / 0.03) ** 2))
    X = peak + 0.4 * np.exp(-(((t - center) / 0.04) ** 2))
    return (X + 0.05 * rng.normal(size=X.shape))[:, None], y


def moved(X, seed=0):
    """The signals from random places on."""
    rng = np.random.default_rng(seed)
    places = rng.integers(X.shape[2], size=(len(X), 1, 1))
    return np.take_along_axis(X, (np.arange(X.shape[2]) + places) % X.shape[2], 2)


def mixed(y):
    """Labels that say nothing."""
    return np.random.default_rng(3).permutation(y)


def read_by(X, y, **parameters):
    """The layer that the classes are read by."""
    with warnings.catch_warnings(record=True):  # of lengths, which are not the point
        clf = JointTransferClassifier(**{**EVENTS, **parameters}).fit(X, y)
    kinds = (BandPower, PositiveProportions)
    (found,) = {type(m) for m in clf.module_.tied.modules() if isinstance(m, kinds)}
    return found


OTHERS = {
    "as they are": lambda X: X,
    "another gain and level": lambda X: 3e4 * X - 7,
    "drifting levels": lambda X: X + np.linspace(-50, 50, len(X))[:, None, None],
    "a filter": lambda X: lfilter([0.5], [1, -0.5], X),
    "noise": lambda X: X + 0.3 * np.random.default_rng(5).normal(size=X.shape),
}


@pytest.mark.parametrize("change", OTHERS.values(), ids=OTHERS.keys())
def test_a_common_course_is_read_by_kernels(change):
    (X, y), (other, _) = beats(60), beats(50, seed=1)
    assert read_by([X, change(other)], [mixed(y), None]) is PositiveProportions


UNALIKE = {
    "start anywhere": moved,
    "upside down": lambda X: -X,
    "backwards": lambda X: X[:, :, ::-1],
    "half as long": lambda X: X[:, :, 48:],
    "one signal": lambda X: X[:1],
    "flat": lambda X: X * 0,
    "noise": lambda X: np.random.default_rng(5).normal(size=X.shape),
}


@pytest.mark.parametrize("change", UNALIKE.values(), ids=UNALIKE.keys())
def test_other_signals_are_read_by_the_power_of_frequencies(change):
    (X, y), (other, _) = beats(60), beats(50, seed=1)
    assert read_by([X, change(other)], [mixed(y), None]) is BandPower


def test_all_tasks_count():
    (X, y), (other, _), (last, _) = beats(60), beats(50, seed=1), beats(40, seed=2)
    y = [mixed(y), None, None]
    assert read_by([X, other, last], y) is PositiveProportions
    assert read_by([X, other, moved(last)], y) is BandPower


def test_samples_of_weight_zero_do_not_count():
    (X, y), (other, _) = beats(60), beats(80, seed=1)
    other[40:] = 1e3 * moved(other[40:])
    weights = [None, np.repeat([1.0, 0.0], 40)]
    clf = JointTransferClassifier(**EVENTS)
    clf.fit([X, other], [mixed(y), None], sample_weight=weights)
    assert any(isinstance(m, PositiveProportions) for m in clf.module_.modules())


def chirps(n, time=60, seed=0):
    """Rising and falling tones, which have the same power, at random phases."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    t = np.arange(time) / time
    wave = np.sin(40 * np.where(y[:, None], t, 1 - t) ** 2 + rng.uniform(0, 6, (n, 1)))
    return (wave + 0.1 * rng.normal(size=wave.shape))[:, None], y


@pytest.mark.parametrize("tilt", [0.0, 1.0])
def test_kernels_read_labels_that_the_power_of_frequencies_cannot_tell(tilt):
    (X, y), (other, y_other) = chirps(60), chirps(100, seed=1)
    heard = np.linspace(1, 30, other.shape[2] // 2 + 1) ** tilt  # by another sensor
    other = -1e-3 * np.fft.irfft(np.fft.rfft(other) * heard)
    clf = JointTransferClassifier(
        max_epochs=60, batch_size=16, random_state=0, device="cpu"
    )
    clf.fit([X, other[:60]], [y, None])
    assert any(isinstance(m, PositiveProportions) for m in clf.module_.modules())
    assert clf.score([None, other[60:]], [None, y_other[60:]]) > 0.9


@pytest.mark.parametrize(
    "labels",
    [
        pytest.param(lambda y: np.where(np.arange(len(y)) < 4, y, -1), id="few"),
        pytest.param(mixed, id="mixed"),
    ],
)
def test_labels_that_say_nothing_do_not_decide(labels):
    (X, y), (other, _) = chirps(60), chirps(50, seed=1)
    assert read_by([X, other], [labels(y), None]) is BandPower


@pytest.mark.parametrize("rate", [None, 1.0])
def test_when_something_happens_is_learned_at_another_sampling_rate(rate):
    (X, y), (other, y_other) = beats(60), beats(120, seed=1)
    parameters = {}
    if rate:
        other = (other[:, :, ::2] + other[:, :, 1::2]) / 2
        parameters["sampling_rate"] = [2 * rate, rate]
    clf = JointTransferClassifier(
        **parameters, max_epochs=30, random_state=0, device="cpu"
    )
    clf.fit([X, 5 * other[:60]], [y, None])
    assert clf.score([None, 5 * other[60:]], [None, y_other[60:]]) > 0.95


def test_a_warm_start_keeps_the_layers_whatever_the_new_samples_are():
    (X, y), (other, _) = beats(40), beats(40, seed=1)
    clf = JointTransferClassifier(**EVENTS, warm_start=True).fit([X, other], [y, None])
    layers = str(clf.module_)
    clf.fit([X, moved(other)], [y, None])
    assert str(clf.module_) == layers
    clf = JointTransferClassifier(**EVENTS, warm_start=True)
    clf.fit([X, moved(other)], [y, None])
    layers = str(clf.module_)
    assert str(clf.fit([X, other], [y, y]).module_) == layers
