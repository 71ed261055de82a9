"""Every term of the loss is about 1 for a model that knows nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.tasks import Layout
from sk_jae.training import TaskData, units_of
from tests.helpers.small import make_tasks, small


def data_of(*arrays):
    return TaskData(
        arrays,
        tuple(Layout(x.shape[1:], "vector") for x in arrays),
        (None,) * len(arrays),
        tuple(f"task{t}" for t in range(len(arrays))),
        tuple(np.arange(len(x)) for x in arrays),
    )


def fractions(n=50, seed=0):
    return np.random.default_rng(seed).random((n, 4)).astype(np.float32)


def cross_entropy(x):
    m = x.mean(0)
    return -(m * np.log(m) + (1 - m) * np.log(1 - m)).mean()


def huber(x):
    error = np.abs(x - x.mean(0))
    return np.where(error <= 1, error**2 / 2, error - 0.5).mean()


UNITS = {"mse": lambda x: x.var(0).mean(), "bce": cross_entropy, "huber": huber}


@pytest.mark.parametrize("loss", UNITS)
@pytest.mark.parametrize("n", [50, 2500])
def test_reconstruction_is_compared_with_the_mean_of_the_task(loss, n):
    x, other = fractions(n), 0.1 * fractions(n, seed=1)
    found = units_of(data_of(x, other), loss, [])
    expected = [UNITS[loss](v.astype(float)) for v in (x, other)]
    assert set(found) == {("reconstruction", 0), ("reconstruction", 1)}
    assert_allclose([found["reconstruction", t] for t in range(2)], expected, rtol=1e-5)


def test_terms_of_classes_are_compared_with_equal_probabilities():
    found = units_of(data_of(fractions(), fractions()), torch.nn.L1Loss(), [3, 1])
    for term in ("classification", "infomax", "consistency"):
        assert found[term, 0] == pytest.approx(math.log(3))
        assert found[term, 1] == 1
    assert not any(term == "reconstruction" for term, _ in found)


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_samples_that_do_not_vary_have_the_unit_one(value):
    x = np.full((20, 4), value, np.float32)
    assert units_of(data_of(x), "mse", [])["reconstruction", 0] == 1
    assert units_of(data_of(x), "bce", [])["reconstruction", 0] > 0
    assert units_of(data_of(x), "huber", [])["reconstruction", 0] == 1


def test_the_unit_of_huber_counts_large_errors_less():
    x = 30 * fractions(80)
    found = units_of(data_of(x), "huber", [])["reconstruction", 0]
    assert found == pytest.approx(huber(x.astype(float)), rel=1e-5)
    assert found < 0.2 * x.var(0).mean()


def first_row(est, X, y=None, **parameters):
    """The history of an epoch in which nothing is learned."""
    base = small(max_epochs=1, lr=1e-12, augmentation=None)
    est = est(**{**base, **parameters})
    return (est.fit(X) if y is None else est.fit(X, y)).history_[0]


def of_terms(row, term):
    return [v for k, v in row.items() if k.startswith(f"train_{term}_task")]


@pytest.mark.parametrize("n_classes", [2, 10])
def test_the_first_epoch_is_about_one_whatever_the_data_are(n_classes):
    rng = np.random.default_rng(0)
    X = [1e5 * rng.normal(size=(60, 6)) + 3, rng.normal(size=(60, 4))]
    y = [np.arange(60) % n_classes, None]
    with pytest.warns(UserWarning, match="task1"):
        row = first_row(JointTransferClassifier, X, y)
    for term in ("reconstruction", "classification"):
        values = of_terms(row, term)
        assert values
        assert all(0.6 < value < 1.8 for value in values)


@pytest.mark.parametrize(
    ("loss", "scaling"), [("mse", "auto"), ("mse", None), ("bce", None)]
)
def test_the_history_has_the_terms_in_their_units(loss, scaling):
    X = [fractions(), fractions(40, seed=1)]
    parameters = {"reconstruction_loss": loss, "input_scaling": scaling}
    row, plain = (
        first_row(JointAutoencoder, X, **parameters, loss_scaling=s)
        for s in ("auto", None)
    )
    for t, x in enumerate(X):
        unit = 1.0 if scaling else UNITS[loss](x.astype(float))
        name = f"train_reconstruction_task{t}"
        assert row[name] == pytest.approx(plain[name] / unit, rel=1e-3)


def test_the_weighted_sum_of_the_terms_is_the_loss():
    X, y = make_tasks()
    weights = {"reconstruction_weight": [0.5, 2.0], "classification_weight": [3.0, 1.0]}
    row = first_row(JointTransferClassifier, X, y, **weights, labeled_fraction=0.0)
    n = [0.5, 2.0]
    expected = sum(n[t] * row[f"train_reconstruction_task{t}"] for t in range(2)) + sum(
        w * row[f"train_classification_task{t}"] for t, w in enumerate((3.0, 1.0))
    )
    assert row["train_loss"] == pytest.approx(expected, rel=0.02)


def test_each_task_is_divided_by_the_number_of_its_classes():
    X, _ = make_tasks((40, 40))
    y = [np.arange(40) % 4, 10 + np.arange(40) % 2]  # classes of their own
    row, plain = (
        first_row(JointTransferClassifier, X, y, loss_scaling=s) for s in ("auto", None)
    )
    for t, k in enumerate((4, 2)):
        name = f"train_classification_task{t}"
        assert row[name] == pytest.approx(plain[name] / math.log(k), rel=1e-4)


def test_a_function_of_the_user_keeps_its_size():
    def absolute(reconstruction, x):
        return 7 * (reconstruction - x).abs()

    X = [fractions(), fractions(40, seed=1)]
    row, plain = (
        first_row(
            JointAutoencoder,
            X,
            reconstruction_loss=absolute,
            input_scaling=None,
            loss_scaling=s,
        )
        for s in ("auto", None)
    )
    assert row["train_reconstruction"] == plain["train_reconstruction"]


def test_one_class_alone_is_no_division_by_zero():
    X, _ = make_tasks()
    y = [np.zeros(40, int), np.ones(20, int)]
    row = first_row(JointTransferClassifier, X, y)
    assert np.isfinite(row["train_loss"])
