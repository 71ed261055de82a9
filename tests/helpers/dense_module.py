"""A dense joint module, and its forward pass in a few lines of numpy."""

from __future__ import annotations

import numpy as np
import torch

from sk_jae.architecture import describe
from sk_jae.nn import JointModule
from tests.helpers.small import make_tasks

SHAPES = {"a": (6,), "b": (9,)}
WIDTHS = (16, 12, 8)


def dense_tasks(shapes=SHAPES, widths=WIDTHS):
    return [describe(n, s, s, widths, "mirror") for n, s in shapes.items()]


def dense_module(**kwargs):
    kwargs = {"n_shared": 3, "n_private": 2} | kwargs
    return JointModule(dense_tasks(), **kwargs)


def vectors(shapes=SHAPES, seed=0):
    n_samples = [5 + 2 * t for t in range(len(shapes))]
    X, _ = make_tasks(n_samples, shapes.values(), seed)
    return [x.astype(np.float32) for x in X]


def tensors(**kwargs):
    return [torch.from_numpy(x) for x in vectors(**kwargs)]


def rows(state, prefix):
    """Weight and bias of every layer under a prefix of the state, in order."""
    found = {}
    for key in state:
        if key.startswith(prefix):
            number, _, what = key[len(prefix) :].rpartition(".")
            found.setdefault(int(number), {})[what] = state[key]
    return [(found[i]["weight"], found[i]["bias"]) for i in sorted(found)]


def perceptron(x, layers, last_is_linear):
    for i, (weight, bias) in enumerate(layers, start=1):
        x = x @ weight.T + bias
        if i < len(layers) or not last_is_linear:
            x = x * (x > 0)
    return x


def reference(xp, state, t, x, codes="both"):
    """Codes, reconstruction and logits of one task of a dense joint module.

    `xp` is numpy, or torch where gradients are needed.
    """
    z_p = perceptron(x, rows(state, f"private_encoders.{t}."), True)
    layers = [
        *rows(state, f"pre_tied.{t}."),
        *rows(state, "tied."),
        *rows(state, f"post_tied.{t}."),
    ]
    z_s = perceptron(x, layers, True)
    h_p = perceptron(z_p, rows(state, f"private_decoders.{t}."), False)
    h_s = perceptron(z_s, rows(state, f"shared_decoders.{t}."), False)
    h_p, h_s = h_p * (codes != "shared"), h_s * (codes != "private")
    merged = xp.concatenate([h_p, h_s], axis=1)
    reconstruction = perceptron(merged, rows(state, f"outputs.{t}."), True)
    logits = 0
    for weight, bias in rows(state, "shared_head."):
        logits = logits + z_s @ weight.T + bias
    for weight, bias in rows(state, f"private_heads.{t}."):
        logits = logits + xp.concatenate([z_s, z_p], axis=1) @ weight.T + bias
    return z_s, z_p, reconstruction, logits


def to_numpy(module):
    return {key: value.numpy() for key, value in module.state_dict().items()}


def close(actual, expected):
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)
