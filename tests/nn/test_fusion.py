"""Branches that run side by side, against torch's own sequence of layers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from sk_jae.architecture import describe
from sk_jae.nn import JointModule

SHAPES = {"gray": (1, 11, 9), "color": (3, 8, 8)}


def joint_module(encoder, **kwargs):
    tasks = [describe(n, s, s, encoder, "mirror") for n, s in SHAPES.items()]
    return JointModule(tasks, n_shared=3, n_private=4, **kwargs)


def images(n=6):
    draw = torch.Generator().manual_seed(0)
    return [torch.rand(n, *shape, generator=draw) for shape in SHAPES.values()]


@pytest.mark.parametrize(
    ("encoder", "n_fused"),
    [
        ("Conv 4x(5x5), MP 2x2, Conv 8x(3x3), MP 3x3, FC 10", 6),
        ("Conv 4x(3x3), MP 2x2, Conv 12x(3x3), FC 10", 3),
        ("Conv 4x(3x3), BN, MP 2x2, FC 10", 1),
        ("MP 2x2, Conv 4x(3x3), FC 10", 0),
        ("Conv 4x(2x2), FC 10", 0),  # padded by a layer of its own
        ("Conv 12x(3x3), FC 10", 0),
        ("FC 10", 0),
    ],
)
def test_codes_and_gradients_are_those_of_branches_apart(encoder, n_fused):
    module = joint_module(encoder)
    assert module.n_fused == [n_fused] * 2
    x = images()
    together = [torch.cat(list(codes), 1) for codes in module.encode(x)]
    apart = []
    for t, samples in enumerate(x):
        shared = nn.Sequential(*module.pre_tied[t], *module.tied)
        private = nn.Sequential(*module.private_encoders[t])
        apart.append(torch.cat([shared(samples), private(samples)], 1))
    parameters = [p for name, p in module.named_parameters() if is_encoder(name)]
    gradients = [
        torch.autograd.grad(sum(c.square().sum() for c in codes), parameters)
        for codes in (together, apart)
    ]
    torch.testing.assert_close(together, apart)
    # Ahead of normalization, the gradient of an offset is nothing but rounding.
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-4)


def is_encoder(name):
    return name.startswith(("private_encoders.", "pre_tied.", "tied."))


def test_what_is_tied_or_sees_another_view_runs_apart():
    encoder = "Conv 4x(3x3), MP 2x2, Conv 4x(3x3), FC 10"
    view = (1, 8, 8)
    tasks = [describe(n, s, view, encoder, "mirror") for n, s in SHAPES.items()]
    module = JointModule(tasks, n_shared=3, n_private=4, shared_depth=2)
    assert module.n_fused == [0, 0]
    alike = [describe(n, view, view, encoder, "mirror") for n in SHAPES]
    module = JointModule(alike, n_shared=3, n_private=4, shared_depth=2)
    assert module.n_fused == [3, 3]  # to the tied layer
    assert JointModule(alike, n_shared=3, n_private=0).n_fused == [0, 0]
    assert JointModule(alike, n_shared=0, n_private=3).n_fused == [0, 0]
