"""The shares of the classes that are supposed, against numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sk_jae.training.class_shares import ClassShares, estimated_shares, evenness

POSSIBLE = torch.tensor([True, True, False, True])


def logits_of(seed, n=30):
    logits = 2 * torch.randn(n, 4, generator=torch.Generator().manual_seed(seed))
    return logits.masked_fill(~POSSIBLE, -torch.inf)


def probabilities(logits):
    p = np.exp(logits.numpy().astype(float))
    return p / p.sum(1, keepdims=True)


def test_at_first_nothing_is_supposed_and_the_mean_is_even():
    shares = ClassShares(POSSIBLE)
    assert shares.supposed is None
    assert shares.n_possible == 3
    assert_allclose(shares.mean, [1 / 3, 1 / 3, 0, 1 / 3])


def test_the_mean_follows_the_predictions():
    shares = ClassShares(POSSIBLE)
    expected = np.array([1, 1, 0, 1]) / 3
    for seed in range(5):
        shares.update(logits_of(seed))
        expected = 0.9 * expected + 0.1 * probabilities(logits_of(seed)).mean(0)
    assert_allclose(shares.mean, expected, rtol=1e-5)
    assert shares.supposed is None


def test_given_shares_stay_and_forbid_no_class():
    shares = ClassShares(POSSIBLE)
    shares.suppose(torch.tensor([0.5, 0.5, 0.0, 0.0]))
    expected = 0.97 * np.array([0.5, 0.5, 0, 0]) + 0.01 * np.array([1, 1, 0, 1])
    assert_allclose(shares.supposed, expected, rtol=1e-5)
    shares.update(logits_of(0))
    assert_allclose(shares.supposed, expected, rtol=1e-5)


def test_estimated_shares_are_those_of_expectation_maximization():
    logits = logits_of(0)
    expected = POSSIBLE.numpy() / POSSIBLE.numpy().sum()
    for _ in range(20):
        weighed = probabilities(logits) * expected
        expected = (weighed / weighed.sum(1, keepdims=True)).mean(0)
    found = estimated_shares(logits.softmax(1), ClassShares(POSSIBLE).possible)
    assert_allclose(found, expected, rtol=1e-4, atol=1e-6)
    assert float(found.sum()) == pytest.approx(1, abs=1e-5)


def test_shares_can_follow_the_predictions():
    shares = ClassShares(POSSIBLE)
    shares.suppose(torch.tensor([0.6, 0.3, 0.0, 0.1]), follows=True)
    possible = np.array([1, 1, 0, 1]) / 3
    expected = 0.97 * np.array([0.6, 0.3, 0, 0.1]) + 0.03 * possible
    for seed in range(4):
        shares.update(logits_of(seed))
        mean = probabilities(logits_of(seed)).mean(0)
        expected = 0.9 * expected + 0.1 * (0.97 * mean + 0.03 * possible)
    assert_allclose(shares.supposed, expected, rtol=1e-5)


def test_no_gradient_goes_through_them():
    shares = ClassShares(POSSIBLE)
    shares.suppose(torch.tensor([0.6, 0.3, 0.0, 0.1]), follows=True)
    shares.update(logits_of(0).requires_grad_())
    assert not shares.supposed.requires_grad
    assert not shares.mean.requires_grad


@pytest.mark.parametrize(
    ("shares", "n", "expected"),
    [
        ([0.25] * 4, 4, 1.0),
        ([0.5, 0.5, 0, 0], 4, 0.5),
        ([0.5, 0.5, 0, 0], 2, 1.0),
        ([1.0, 0, 0, 0], 4, 0.25),
        ([0.75, 0.25], 2, math.exp(-0.75 * math.log(0.75) + 0.25 * math.log(4)) / 2),
    ],
)
def test_evenness_is_the_effective_number_of_classes(shares, n, expected):
    assert evenness(torch.tensor(shares), n) == pytest.approx(expected, abs=1e-5)
