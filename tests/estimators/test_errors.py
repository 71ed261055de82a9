"""Parameters and arguments that cannot be used, and training that fails."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from sk_jae import JointArrays
from tests.helpers.refusals import (
    MNIST,
    USPS,
    X,
    assert_has,
    autoencoder,
    classifier,
    fitted,
    refusal,
    refusal_of_fit,
    y,
)

PARAMETERS = [
    ({"n_shared": 0, "n_private": 0}, ["n_shared and n_private are both 0"]),
    ({"n_shared": -1}, ["'n_shared'", "-1"]),
    ({"n_private": 0, "codes": "private"}, ["codes='private'", "n_private is 0"]),
    ({"n_shared": 0, "codes": "shared"}, ["codes='shared'", "n_shared is 0"]),
    ({"shared_depth": 3}, ["shared_depth=3 is out of range", "1 to 2", "-1 to -2"]),
    ({"shared_depth": -3}, ["shared_depth=-3 is out of range", "1 to 2"]),
    ({"shared_depth": 0}, ["shared_depth=0 is out of range"]),
    (
        {"shared_depth": 1},
        ["shared_depth=1", "'mnist'", "(8, 3)", "'usps'", "(8, 4)", "that works is 2"],
    ),
    ({"n_shared_layers": 3}, ["n_shared_layers=3 is out of range", "1 to 2"]),
    ({"n_shared_layers": 2, "shared_depth": -1}, ["beyond the bottleneck"]),
    ({"reconstruction_weight": -1}, ["task 'mnist' is -1", "at least 0"]),
    ({"reconstruction_weight": [1, -0.5]}, ["task 'usps' is -0.5", "at least 0"]),
    ({"reconstruction_weight": [1, np.nan]}, ["task 'usps' is nan", "finite"]),
    ({"reconstruction_weight": [1, True]}, ["task 'usps' is True", "number"]),
    ({"reconstruction_weight": [1, "2"]}, ["task 'usps' is '2'", "number"]),
    ({"reconstruction_weight": [1, 1, 1]}, ["3 values, expected 2", "'usps'"]),
    ({"reconstruction_weight": {"mnist": 1}}, ["no value for task 'usps'"]),
    (
        {"reconstruction_weight": {"mnist": 1, "usps": 1, "pen": 1}},
        ["unknown task 'pen'", "'mnist', 'usps'"],
    ),
    ({"reconstruction_weight": "high"}, ["reconstruction_weight is 'high'", "task"]),
    ({"reconstruction_weight": 0}, ["All loss weights are 0", "positive"]),
    ({"device": "cuda:99"}, ["'cuda:99' is not available", "'auto', 'cpu'"]),
    ({"device": "gpu"}, ["'gpu' is not available", "'auto', 'cpu'"]),
    ({"encoder": "Conf 3"}, ["task 'mnist'", "position 0", "Conv", "found 'Conf'"]),
    ({"encoder": {"mnist": (4,), "usps": "FC"}}, ["task 'usps'", "position 2"]),
    ({"encoder": ["FC 4", "Conv 2x(3x3)"]}, ["task 'usps'", "needs an image"]),
    ({"encoder": ["FC 4"]}, ["encoder has 1 value, expected 2"]),
    ({"encoder": {"pen": "FC 4"}}, ["encoder has the unknown task 'pen'"]),
    ({"encoder": (0,)}, ["task 'mnist'", "positive integer"]),
    ({"encoder": (2.5,)}, ["task 'mnist'", "tuple of widths"]),
    ({"decoder": "FC x"}, ["task 'mnist'", "position 3"]),
    ({"shared_input": (1, 8, 8)}, ["shared_input=(1, 8, 8)", "'mnist'", "None"]),
    ({"shared_input": (8, 8)}, ["shared_input", "(channels, height, width)"]),
    ({"layout": "middle"}, ["'middle'", "'channels_first'", "'signal'"]),
    ({"layout": "first"}, ["'channels_first' now"]),
    ({"layout": 3}, ["'layout'", "str", "tuple"]),
    ({"reconstruction_loss": "mae"}, ["'reconstruction_loss'", "'mse'"]),
    ({"lr": 0}, ["'lr'"]),
    ({"precision": "float16"}, ["'precision'", "'bfloat16'"]),
    (
        {"early_stopping": True, "validation_fraction": 0.99},
        ["task 'mnist'", "too few", "early_stopping=False"],
    ),
]


@pytest.mark.parametrize(("parameters", "fragments"), PARAMETERS)
def test_parameters(parameters, fragments):
    assert_has(refusal_of_fit(autoencoder, X, **parameters), *fragments)


@pytest.mark.parametrize(
    ("parameters", "fragments"),
    [
        ({"classification_weight": [1, -1]}, ["classification_weight", "'usps' is -1"]),
        ({"infomax_weight": {"usps": -1}}, ["infomax_weight", "'mnist'"]),
        ({"consistency_weight": [1]}, ["consistency_weight has 1 value, expected 2"]),
        ({"n_shared": 0}, ["n_shared=0", "task 'usps'", "labels"]),
        ({"head": "shared", "strategy": "common-branch"}, ["'common-branch'", "head"]),
        ({"head": "private"}, ["'head'", "'both'"]),
        ({"strategy": "none"}, ["'strategy'", "'end-to-end'"]),
        *(
            ({"labeled_fraction": part}, ["'labeled_fraction'", "[0.0, 0.99]"])
            for part in (1, np.nextafter(1, 0), 0.995, -1e-9, np.nan, "0.5", None)
        ),
        ({"labeled_fraction": False}, ["labeled_fraction is False"]),
    ],
)
def test_parameters_of_the_classifier(parameters, fragments):
    assert_has(refusal_of_fit(classifier, X, y, **parameters), *fragments)


@pytest.mark.parametrize("task", ["pen", 2, -1, None, True, ["mnist"], MNIST])
@pytest.mark.parametrize("argument", ["source", "target"])
def test_translate_unknown_task(argument, task):
    arguments = {"source": "mnist", "target": "usps", argument: task}
    text = refusal(fitted().translate, MNIST, **arguments)
    assert_has(text, f"{argument}=", "unknown task", "'mnist', 'usps'", "from 0 to 1")


def test_translate_without_a_shared_code():
    apart = clone(autoencoder).set_params(n_shared=0).fit(X)
    assert_has(refusal(apart.translate, MNIST, 0, 1), "n_shared is 0", "at least 1")
    text = refusal(apart.reconstruct, X, codes="shared")
    assert_has(text, "codes='shared'", "n_shared is 0")


def test_reconstruct_with_an_unknown_branch():
    assert_has(refusal(fitted().reconstruct, X, codes="none"), "codes", "'none'")


@pytest.mark.parametrize(
    ("codes", "fragments"),
    [
        (
            [np.zeros((3, 5)), np.zeros((3, 4))],
            ["Z of task 'usps'", "(3, 4)", ", 5)"],
        ),
        ({"usps": np.zeros(5)}, ["task 'usps'", "(5,)", "(n_samples, 5)"]),
        ({"usps": np.full((2, 5), np.nan)}, ["task 'usps'", "NaN"]),
        ({"usps": np.full((2, 5), "a")}, ["task 'usps'", "expected numbers"]),
        ({"pen": np.zeros((3, 5))}, ["Z has the unknown task 'pen'", "'usps'"]),
        ([np.zeros((3, 5))] * 3, ["Z has 3 tasks", "2 tasks"]),
        (np.zeros((3, 5)), ["Z is one array", "2 tasks"]),
        (JointArrays(X), ["JointArrays", "X.split(Z)"]),
    ],
)
def test_codes(codes, fragments):
    assert_has(refusal(fitted().inverse_transform, codes), *fragments)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("transform", [X]),
        ("inverse_transform", [X]),
        ("reconstruct", [X]),
        ("translate", [MNIST, 0, 1]),
        ("score", [X, y]),
        ("get_feature_names_out", []),
        ("predict", [X]),
        ("predict_proba", [X]),
        ("decision_function", [X]),
    ],
)
def test_not_fitted(method, arguments):
    for estimator in (autoencoder, classifier):
        if hasattr(estimator, method):
            with pytest.raises(NotFittedError, match="not fitted yet"):
                getattr(clone(estimator), method)(*arguments)


def test_infinite_loss_stops_training():
    estimator = clone(autoencoder).set_params(lr=1e30, max_epochs=30, optimizer="sgd")
    text = refusal(estimator.fit, X)
    assert_has(text, "in epoch", "smaller lr than 1e+30")
    with pytest.raises(NotFittedError):
        estimator.transform(X)


def nan_in_third_epoch():
    calls = []

    def loss(reconstruction, target):
        calls.append(None)
        value = (reconstruction - target).square()
        return value * torch.nan if len(calls) > 4 else value

    return loss


def test_loss_that_becomes_nan_names_the_epoch():
    estimator = clone(autoencoder).set_params(
        reconstruction_loss=nan_in_third_epoch(), max_epochs=9
    )
    text = refusal(estimator.fit, X)
    assert_has(text, "loss of task 'mnist' became nan in epoch 3", "smaller lr")


def test_cross_entropy_of_what_is_no_probability():
    data = {"mnist": MNIST, "usps": 2 * USPS}
    text = refusal_of_fit(autoencoder, data, reconstruction_loss="bce")
    assert_has(text, "task 'usps'", "reconstruction_loss='bce'", "[0, 1]", "scale")
