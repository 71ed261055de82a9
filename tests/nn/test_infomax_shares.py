"""Information maximization with shares of the classes, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from sk_jae.nn import infomax_loss

SHARES = {
    "uneven": [0.7, 0.2, 0.1, 0.0],
    "equal": [0.25] * 4,
    "one": [1.0, 0.0, 0.0, 0.0],
}


def logits_of(n=50, k=4, ruled_out=(), seed=0):
    logits = 3 * np.random.default_rng(seed).normal(size=(n, k)).astype(np.float32)
    logits[:, list(ruled_out)] = -np.inf
    return torch.from_numpy(logits)


def reference(logits, shares):
    """Mean entropy plus twice (the divergence of the mean minus log K)."""
    p = np.exp(logits.numpy().astype(np.float64))
    p /= p.sum(1, keepdims=True)
    mean, small = p.mean(0), 1e-8
    entropy = -(p * np.log(p + small)).sum(1).mean()
    divergence = (mean * np.log((mean + small) / (shares + small))).sum()
    return entropy + 2 * (divergence - np.log((shares > 0).sum()))


@pytest.mark.parametrize("name", SHARES)
def test_the_loss_is_that_of_the_definition(name):
    logits, shares = logits_of(), np.array(SHARES[name])
    found = infomax_loss(logits, torch.tensor(shares, dtype=torch.float32))
    assert found.item() == pytest.approx(reference(logits, shares), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("ruled_out", [(), (1,), (0, 3)])
def test_equal_shares_are_those_that_are_supposed_without(ruled_out):
    shares = torch.tensor([float(k not in ruled_out) for k in range(4)])
    shares /= shares.sum()
    grads, differences = [], []
    for seed in range(3):
        logits = logits_of(ruled_out=ruled_out, seed=seed).requires_grad_()
        plain, given = infomax_loss(logits), infomax_loss(logits, shares)
        differences.append((given - plain).item())
        grads.append([torch.autograd.grad(v, logits)[0] for v in (plain, given)])
    np.testing.assert_allclose(differences, differences[0], atol=1e-5)
    for one, other in grads:
        torch.testing.assert_close(one, other, atol=1e-6, rtol=1e-4)


def test_confident_predictions_in_these_shares_are_best():
    shares = torch.tensor([0.5, 0.25, 0.25])
    right = 50 * torch.eye(3)[[0, 0, 1, 2]]
    others = [50 * torch.eye(3)[rows] for rows in ([0, 1, 2], [0] * 4, [0, 1, 1, 2])]
    best = infomax_loss(right, shares).item()
    assert best == pytest.approx(-2 * np.log(3), abs=1e-5)
    for other in (*others, torch.zeros(4, 3)):
        assert infomax_loss(other, shares).item() > best + 0.05


def test_the_gradient_is_finite_for_classes_that_nobody_has():
    logits = logits_of(ruled_out=(2,)).requires_grad_()
    infomax_loss(logits, torch.tensor([0.5, 0.0, 0.0, 0.5])).backward()
    assert torch.isfinite(logits.grad).all()
    assert (logits.grad[:, 2] == 0).all()
