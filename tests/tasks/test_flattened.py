"""Pictures that come flattened: recognized, and tables taken for none."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy.signal import lfilter
from sklearn.base import clone
from sklearn.datasets import load_breast_cancer, load_digits
from sklearn.preprocessing import PolynomialFeatures, scale

from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair, load_mnist, load_usps
from sk_jae.exceptions import TransferWarning
from sk_jae.tasks.flattened_pictures import flattened_pictures
from tests.helpers.small import small

DIGITS = load_digits().images
PAIR, LABELS = load_digits_pair(return_X_y=True)
CLASSIFIER = JointTransferClassifier(**small())


def colored(pictures):
    """Pictures in color whose channels are alike but not equal."""
    noise = np.random.default_rng(0).normal(
        size=(len(pictures), 3, *pictures.shape[1:])
    )
    return pictures[:, None] + 0.1 * pictures.std() * noise


def waves(period, n_columns):
    """Curves of one frequency that changes its phase slowly."""
    angle = 2 * np.pi / period
    white = np.random.default_rng(0).normal(size=(400, n_columns + 300))
    decay = [1, -2 * 0.97 * np.cos(angle), 0.97**2]
    return lfilter([1], decay, white, axis=1)[:, 300:]


def tables():
    rng = np.random.default_rng(0)
    cancer = scale(load_breast_cancer().data)
    products = PolynomialFeatures(2, include_bias=False).fit_transform(cancer)
    grid = np.arange(100) / 100
    bumps = np.exp(-((grid - rng.uniform(size=(300, 4, 1))) ** 2) / 0.01)
    yield "independent", rng.normal(size=(300, 100))
    yield "few factors", rng.normal(size=(300, 3)) @ rng.normal(size=(3, 100))
    yield "products", products[:, :484]
    yield "text", (rng.uniform(size=(300, 400)) < 0.05).astype(float)
    yield "spectra", bumps.sum(1)
    yield "random walks", rng.normal(size=(300, 400)).cumsum(1)
    yield "waves of 10 x 10", waves(10, 100)
    yield "waves of 20 x 20", waves(20, 400)
    yield "days", np.repeat(rng.normal(size=(300, 1, 10)), 10, 1).reshape(300, -1)
    yield "constant", np.ones((300, 100))
    yield "one in a hundred", np.eye(100)[rng.integers(100, size=300)]


@pytest.mark.parametrize("units", [1, 255, -2])
@pytest.mark.parametrize("pictures", [DIGITS, *PAIR.values()])
def test_flat_digits_are_recognized_in_any_units(pictures, units):
    flat = units * (pictures.reshape(len(pictures), -1) / pictures.max() - 0.5)
    assert flattened_pictures(flat) == pictures.shape[1:]
    assert flattened_pictures(flat[:60]) == pictures.shape[1:]


@pytest.mark.parametrize("axis", [1, 3])
def test_the_place_of_the_channels_is_recognized(axis):
    pictures = np.moveaxis(colored(PAIR["pen"]), 1, axis)
    flat = pictures.reshape(len(pictures), -1)
    assert flattened_pictures(flat) == pictures.shape[1:]


@pytest.mark.parametrize(
    "table", [pytest.param(table, id=name) for name, table in tables()]
)
def test_tables_are_none(table):
    assert flattened_pictures(table) is None


def test_pictures_whose_columns_are_mixed_are_none():
    flat = DIGITS.reshape(len(DIGITS), -1)
    for seed in range(5):
        order = np.random.default_rng(seed).permutation(64)
        assert flattened_pictures(flat[:, order]) is None


@pytest.mark.real_data
def test_flat_mnist_and_usps_are_recognized(data_home):
    for load in (load_mnist, load_usps):
        X = load(subset="test", data_home=data_home, return_X_y=True)[0]
        assert flattened_pictures(X.reshape(len(X), -1)) == X.shape[1:]


def told(X, y, **parameters):
    """The messages of the warnings, all of them raised before any training."""
    estimator = clone(CLASSIFIER).set_params(**parameters)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        estimator.fit(X, y)
    assert all(w.filename == __file__ for w in seen)
    return [str(w.message) for w in seen if w.category is TransferWarning]


def flat(name):
    return PAIR[name].reshape(len(PAIR[name]), -1)


def test_flat_pictures_are_pointed_out_where_a_task_has_no_labels():
    X, y = [flat("optical"), flat("pen")], [LABELS["optical"], None]
    (text,) = told(X, y)
    for part in (
        "'task0' has 64 columns",
        "8 x 8",
        "'task1' has 256",
        "layout='image'",
    ):
        assert part in text
    assert len(told(*pack(X, y))) == 1
    assert not told(X, [LABELS["optical"], LABELS["pen"]])
    assert not told(X, y, layout="image")
    for layout in ("vector", ["vector", "image"]):
        # What the tasks do not have in common is another matter.
        (text,) = told(X, y, layout=layout)
        assert "look like pictures" not in text


def test_the_remedy_names_the_tasks_that_need_it():
    y = {"a": LABELS["optical"], "b": None}
    (text,) = told({"a": PAIR["optical"], "b": flat("pen")}, y)
    assert "set layout={'a': 'auto', 'b': 'image'}" in text
    color = colored(PAIR["pen"]).reshape(len(PAIR["pen"]), -1)
    (text,) = told([flat("optical"), color], list(y.values()))
    assert "set layout=['image', (3, 16, 16)]" in text


def test_the_warning_comes_before_any_training():
    estimator = clone(CLASSIFIER)
    with warnings.catch_warnings():
        warnings.simplefilter("error", TransferWarning)
        with pytest.raises(TransferWarning):
            estimator.fit([flat("optical"), flat("pen")], [LABELS["optical"], None])
    assert not hasattr(estimator, "module_")
