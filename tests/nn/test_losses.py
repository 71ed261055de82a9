"""The loss terms against numpy and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy
from sklearn.metrics import log_loss, mean_squared_error
from torch.nn import functional as F

from sk_jae.nn import (
    agreement_loss,
    classification_loss,
    consistency_loss,
    infomax_loss,
    pairing_loss,
    reconstruction_loss,
    regression_loss,
)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


@pytest.mark.parametrize("shape", [(7, 5), (7, 2, 3, 4)])
def test_mse_is_the_mean_over_features_and_samples(shape):
    x, y = random(*shape), random(*shape, seed=1)
    found = reconstruction_loss(torch.from_numpy(x), torch.from_numpy(y))
    expected = mean_squared_error(y.reshape(7, -1), x.reshape(7, -1))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_huber_is_half_the_square_up_to_1_and_linear_beyond():
    x, y = 3 * random(7, 5), random(7, 5, seed=1)
    found = reconstruction_loss(torch.from_numpy(x), torch.from_numpy(y), "huber")
    error = np.abs(x - y)
    expected = np.where(error <= 1, error**2 / 2, error - 0.5).mean()
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_bce_is_the_cross_entropy_of_logits():
    logits = random(6, 4)
    target = np.random.default_rng(1).uniform(size=(6, 4)).astype(np.float32)
    found = reconstruction_loss(
        torch.from_numpy(logits), torch.from_numpy(target), "bce"
    )
    p = 1 / (1 + np.exp(-logits.astype(np.float64)))
    expected = -(target * np.log(p) + (1 - target) * np.log(1 - p)).mean()
    assert found.item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize(
    "loss",
    [
        lambda x, y: F.l1_loss(x, y),
        lambda x, y: (x - y).abs(),
        torch.nn.L1Loss(reduction="none"),
    ],
)
def test_results_of_a_callable_are_averaged(loss):
    x, y = random(6, 4), random(6, 4, seed=1)
    found = reconstruction_loss(torch.from_numpy(x), torch.from_numpy(y), loss)
    assert found.item() == pytest.approx(np.abs(x - y).mean(), rel=1e-5)


def test_half_precision_is_not_averaged_in_half_precision():
    x = torch.full((1000, 10), 1.0, dtype=torch.bfloat16)
    y = torch.zeros(1000, 10)
    y[0] = 3.0
    found = reconstruction_loss(x, y)
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx((999 + 4) / 1000, rel=1e-5)
    assert reconstruction_loss(x, y, lambda x, y: x).dtype == torch.float32
    assert reconstruction_loss(x, y, "bce").dtype == torch.float32
    logits = random(20, 3)
    labels = torch.arange(20) % 3
    half = torch.from_numpy(logits).bfloat16()
    assert classification_loss(half, labels).item() == pytest.approx(
        classification_loss(half.float(), labels).item(), rel=1e-6
    )


def test_classification_is_the_mean_over_labeled_samples():
    logits = random(8, 3)
    labels = np.array([0, -1, 2, 1, -1, 0, 2, -1])
    found = classification_loss(torch.from_numpy(logits), torch.from_numpy(labels))
    exp = np.exp(logits.astype(np.float64))
    p = exp / exp.sum(1, keepdims=True)
    expected = log_loss(labels[labels >= 0], p[labels >= 0], labels=[0, 1, 2])
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_without_labels_classification_is_zero_and_so_is_its_gradient():
    logits = torch.from_numpy(random(4, 3)).requires_grad_()
    loss = classification_loss(logits, torch.full((4,), -1))
    loss.backward()
    assert loss.item() == 0
    assert (logits.grad == 0).all()


def test_classes_that_are_ruled_out_leave_finite_gradients():
    logits = torch.from_numpy(random(4, 3)).requires_grad_()
    masked = logits.masked_fill(torch.tensor([False, False, True]), -torch.inf)
    classification_loss(masked, torch.tensor([0, 1, -1, 0])).backward()
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[:, 2] == 0).all()


@pytest.mark.parametrize("ruled_out", [False, True])
def test_infomax_is_minus_the_mutual_information_and_the_entropy(ruled_out):
    logits = 3 * random(50, 4)
    if ruled_out:
        logits[:, 1] = -np.inf
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        information = np.nansum(p * np.log(p / p.mean(0))) / len(p)
        entropy = -np.nansum(p.mean(0) * np.log(p.mean(0)))
    tensor = torch.from_numpy(logits).requires_grad_()
    loss = infomax_loss(tensor)
    assert loss.item() == pytest.approx(-information - entropy, abs=1e-5)
    loss.backward()
    assert torch.isfinite(tensor.grad).all()


def test_infomax_is_least_for_confident_and_diverse_predictions():
    certain = torch.eye(3).repeat(4, 1) * 50
    assert infomax_loss(certain).item() == pytest.approx(-2 * np.log(3), abs=1e-5)
    one_class, undecided = certain[:1].repeat(12, 1), torch.zeros(12, 3)
    assert infomax_loss(one_class).item() == pytest.approx(0, abs=1e-5)
    assert infomax_loss(undecided).item() == pytest.approx(-np.log(3), abs=1e-5)


def test_consistency_is_the_cross_entropy_with_confident_predictions():
    plain = torch.tensor([[9.0, 0.0, 0.0], [0.0, 0.0, 9.0], [1.0, 0.0, 0.5]])
    logits = torch.from_numpy(random(3, 3)).requires_grad_()
    loss = consistency_loss(logits, plain.requires_grad_())
    p = np.exp(logits.detach().numpy())
    p /= p.sum(1, keepdims=True)
    expected = -(np.log(p[0, 0]) + np.log(p[1, 2])) / 3
    assert loss.item() == pytest.approx(expected, rel=1e-5)
    loss.backward()
    assert plain.grad is None
    assert (logits.grad[2] == 0).all()
    assert logits.grad[:2].any()


def test_codes_of_a_pair_are_apart_by_parts_of_their_variance():
    z, other = random(9, 4), 2 * random(9, 4, seed=1) + 0.5
    both = np.concatenate([z, other]).astype(np.float64)
    expected = ((z - other) ** 2).sum(1).mean() / (2 * both.var(0).sum())
    found = pairing_loss(torch.from_numpy(z), torch.from_numpy(other))
    assert found.item() == pytest.approx(expected, rel=1e-5)


def test_the_distance_of_codes_is_1_for_independent_ones_of_any_size():
    z, other = (
        torch.from_numpy(random(4000, 4)),
        torch.from_numpy(random(4000, 4, seed=1)),
    )
    for factor in (1e-3, 1.0, 1e3):
        found = pairing_loss(factor * z, factor * other)
        assert found.item() == pytest.approx(1, abs=0.05)


def test_codes_without_any_spread_have_a_distance_and_gradients():
    z, other = torch.zeros(3, 2, requires_grad=True), torch.zeros(3, 2)
    value = pairing_loss(z, other)
    value.backward()
    assert value.item() == 0
    assert torch.isfinite(z.grad).all()


def test_predictions_differ_by_the_mean_of_two_divergences():
    logits, other = 3 * random(6, 4), 3 * random(6, 4, seed=1)
    p, q = (softmax(v.astype(np.float64), axis=1) for v in (logits, other))
    expected = (entropy(p, q, axis=1) + entropy(q, p, axis=1)).mean() / 2
    found = agreement_loss(torch.from_numpy(logits), torch.from_numpy(other))
    assert found.item() == pytest.approx(expected, rel=1e-4)


def test_classes_that_one_side_cannot_have_do_not_count():
    logits, other = (
        torch.from_numpy(random(6, 4)),
        torch.from_numpy(random(6, 4, seed=1)),
    )
    masked = other.clone()
    masked[:, 1] = -torch.inf
    masked.requires_grad_()
    found = agreement_loss(logits, masked)
    rest = [0, 2, 3]
    assert found.item() == pytest.approx(
        agreement_loss(logits[:, rest], other[:, rest]).item(), rel=1e-4
    )
    found.backward()
    assert torch.isfinite(masked.grad[:, rest]).all()


def test_regression_is_the_mean_over_known_values_of_each_output():
    predictions, targets = random(9, 3), random(9, 3, seed=1)
    targets[:4, 0] = targets[2:, 1] = np.nan
    found = regression_loss(torch.from_numpy(predictions), torch.from_numpy(targets))
    expected = [
        mean_squared_error(targets[known, k], predictions[known, k])
        for k in range(3)
        for known in [~np.isnan(targets[:, k])]
    ]
    assert found.item() == pytest.approx(np.mean(expected), rel=1e-5)


def test_unknown_targets_have_no_gradient_and_no_loss():
    predictions = torch.ones(4, 2, requires_grad=True)
    targets = torch.full((4, 2), torch.nan)
    targets[1, 0] = 0.0
    regression_loss(predictions, targets).backward()
    expected = torch.zeros(4, 2)
    expected[1, 0] = 2.0
    assert torch.equal(predictions.grad, expected)
    assert regression_loss(predictions, targets[:1]).item() == 0
