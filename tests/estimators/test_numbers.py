"""Numbers of all kinds as parameters: taken as they are, or refused by name."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from sk_jae import JointAutoencoder, JointTransferClassifier
from tests.helpers.refusals import refusal_of_fit
from tests.helpers.small import equal_weights, make_tasks, small

X, y = make_tasks()

OF_NUMPY = {
    "n_shared": np.int8(3),
    "n_private": np.uint8(2),
    "max_epochs": np.uint8(2),
    "batch_size": np.uint8(16),
    "lr": np.float32(0.01),
    "weight_decay": np.float16(0.0),
    "labeled_fraction": np.float32(0.25),
    "n_iter_no_change": np.uint8(10),
    "tol": np.float32(0.0),
    "random_state": np.int64(0),
    "early_stopping": np.True_,
    "verbose": np.int64(0),
    "shared_depth": np.int8(-1),
    "n_shared_layers": np.uint8(1),
    "reconstruction_weight": np.float32(1),
    "infomax_weight": np.array([1, 1], np.uint8),
}


@pytest.mark.parametrize("name", OF_NUMPY)
def test_numbers_of_numpy_are_those_of_python(name):
    value = OF_NUMPY[name]
    plain = value.tolist()
    first = JointTransferClassifier(**small(**{name: value})).fit(X, y)
    second = JointTransferClassifier(**small(**{name: plain})).fit(X, y)
    assert equal_weights(first, second)
    assert first.get_params()[name] is value


@pytest.mark.parametrize("name", ["lr", "tol", "weight_decay", "validation_fraction"])
def test_fractions_are_refused(name):
    text = refusal_of_fit(JointAutoencoder(**small()), X, **{name: Fraction(1, 2)})
    assert f"{name} is a Fraction, expected an int or a float" in text


def test_weights_may_be_fractions():
    params = small(reconstruction_weight=[Fraction(1, 2), 2])
    expected = JointAutoencoder(**small(reconstruction_weight=[0.5, 2.0])).fit(X)
    assert equal_weights(JointAutoencoder(**params).fit(X), expected)


@pytest.mark.parametrize(
    "large",
    [
        pytest.param(2**63, id="64 bits"),
        pytest.param(-(10**30), id="negative"),
        pytest.param(10**400, id="no float"),
        pytest.param(10**5000, id="no text"),
    ],
)
@pytest.mark.parametrize(
    "name",
    [
        *("n_shared", "batch_size", "max_epochs", "lr", "tol", "weight_decay"),
        *("n_shared_layers", "shared_depth", "random_state", "verbose", "layout"),
        *("reconstruction_weight", "encoder", "decoder", "shared_input", "device"),
    ],
)
def test_integers_that_no_float_holds_are_refused_by_name(name, large):
    for value in (large, [large, 1], {"task0": (large,)}):
        text = refusal_of_fit(JointAutoencoder(**small()), X, **{name: value})
        assert f"{name} holds an integer of more than 63 bits" in text
