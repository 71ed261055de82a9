"""Statistics of a task that are mixed with those of others, against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose

from sk_jae.nn import TaskBatchNorm

SHAPES = [(60, 3), (20, 3, 4, 5)]


def values(shape, task, seed=0):
    x = np.random.default_rng([seed, task]).normal(size=shape)
    return ((task + 1) * x + 3 * task).astype(np.float32)


def trained(shape, n_tasks=3):
    """A layer that knows the statistics of each task."""
    norm = TaskBatchNorm(3, n_tasks)
    norm.momentum = 1.0
    norm.train()
    for t in range(n_tasks):
        norm(torch.from_numpy(values(shape, t)), [t])
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([0.5, 1.0, 2.0]))
        norm.bias.copy_(torch.tensor([1.0, 0.0, -1.0]))
    return norm


def in_columns(x):
    return np.moveaxis(x, 1, -1).reshape(-1, 3).astype(float)


def normalized(x, mean, variance):
    z = (in_columns(x) - mean) / np.sqrt(variance + 1e-5)
    return z * [0.5, 1.0, 2.0] + [1.0, 0.0, -1.0]


def mixture(shape, others, part):
    """The mean and the variance of samples that count as they are mixed."""
    x = [in_columns(values(shape, t)) for t in (1, *others)]
    each = [1 - part, *[part / len(others)] * len(others)]
    weights = np.concatenate(
        [np.full(len(a), w / len(a)) for a, w in zip(x, each, strict=True)]
    )
    mean = weights @ np.concatenate(x)
    return mean, weights @ (np.concatenate(x) - mean) ** 2


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("others", "part"), [([0], 0.25), ([0, 2], 0.5), ([2], 1.0)])
@pytest.mark.parametrize("is_kept", [False, True])
def test_a_task_is_normalized_by_the_mixture(shape, others, part, is_kept):
    norm = trained(shape)
    norm.mix(1, others, part)
    if is_kept:
        norm.keep_mixtures()
        assert not norm.mixtures
    norm.eval()
    x = values(shape, 1, seed=1)
    expected = normalized(x, *mixture(shape, others, part))
    # The layer keeps the variance of a sample, which is a little larger.
    found = in_columns(norm(torch.from_numpy(x), [1]).detach().numpy())
    assert_allclose(found, expected, rtol=0.03, atol=0.03)


@pytest.mark.parametrize("shape", SHAPES)
def test_it_is_the_same_in_training_where_the_batch_is_the_task(shape):
    norm = trained(shape)
    norm.mix(1, [0], 0.25)
    x = torch.from_numpy(values(shape, 1))
    found = norm(x, [1]).detach()
    assert_allclose(found, norm.eval()(x, [1]).detach(), rtol=0.03, atol=0.03)


def test_other_tasks_keep_their_statistics():
    norm = trained(SHAPES[0])
    x = torch.from_numpy(values(SHAPES[0], 0, seed=1))
    before = norm.eval()(x, [0]).detach()
    norm.mix(1, [0], 0.25)
    assert torch.equal(norm(x, [0]), before)
    norm.keep_mixtures()
    assert torch.equal(norm(x, [0]), before)


def test_a_mixture_can_be_ended():
    norm = trained(SHAPES[0])
    x = torch.from_numpy(values(SHAPES[0], 1, seed=1))
    before = norm.eval()(x, [1]).detach()
    norm.mix(1, [0], 0.25)
    assert not torch.allclose(norm(x, [1]), before)
    norm.separate(1)
    assert torch.equal(norm(x, [1]), before)


def test_weights_learn_through_the_mixture():
    norm = trained(SHAPES[0])
    norm.mix(1, [0], 0.25)
    x = torch.from_numpy(values(SHAPES[0], 1)).requires_grad_()
    norm(x, [1]).square().sum().backward()
    for tensor in (x, norm.weight, norm.bias):
        assert tensor.grad.abs().sum() > 0
