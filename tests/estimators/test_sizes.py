"""Sizes that no memory holds are refused by name, before anything is allocated."""

from __future__ import annotations

import pytest

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.estimators import _sizes
from tests.helpers.small import half_labeled, images, make_tasks, small

X, _ = make_tasks()


@pytest.mark.parametrize(
    "parameters",
    [
        {"n_shared": 10**9},
        {"n_private": 2**31},
        {"n_shared": 2**63},
        {"encoder": "FC 999999999999"},
        {"decoder": "FC 999999999999"},
        {"encoder": (2,) * 1001},
        {"decoder": (2,) * 1001},
    ],
)
def test_absurd_sizes(parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=name):
        JointAutoencoder(**small(**parameters)).fit(X)


def test_absurd_kernels():
    encoder = "Conv 9999999x(9999x9999), FC 8"
    with pytest.raises(ValueError, match="encoder"):
        JointAutoencoder(**small(encoder=encoder)).fit(images())


@pytest.mark.parametrize(
    "name",
    ["n_shared", "n_private", "shared_depth", "max_epochs", "batch_size", "lr", "tol"],
)
def test_booleans_are_no_numbers(name):
    with pytest.raises(TypeError, match=f"{name} is True, expected a number"):
        JointAutoencoder(**small(**{name: True})).fit(X)


def test_what_the_memory_holds_is_not_refused(monkeypatch):
    """The estimate is near the number of weights, and above it."""
    clf = JointTransferClassifier(**small(encoder=(64,))).fit(*half_labeled())
    bytes_needed = 16 * clf.n_parameters_
    monkeypatch.setattr(_sizes, "free_memory", lambda: 2 * bytes_needed)
    clf.fit(*half_labeled())
    monkeypatch.setattr(_sizes, "free_memory", lambda: bytes_needed // 2)
    with pytest.raises(ValueError, match="GB are free"):
        clf.fit(*half_labeled())
