"""Which layers are tied across tasks, and what that means for their gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sk_jae.architecture import describe
from sk_jae.nn import JointModule, n_parameters
from tests.helpers.dense_module import (
    WIDTHS,
    dense_module,
    dense_tasks,
    reference,
    tensors,
)

# Where tying starts and ends, counted from the first layer with weights.
TIED = {
    (-1, None): (3, 4),
    (4, None): (3, 4),
    (-2, None): (2, 4),
    (2, None): (1, 4),
    (-3, None): (1, 4),
    ("auto", None): (1, 4),
    (2, 1): (1, 2),
    (3, 1): (2, 3),
    (-2, 1): (2, 3),
    (2, 2): (1, 3),
    ("auto", 1): (1, 2),
    (np.int64(-2), np.int64(2)): (2, 4),
}


def linear_layers(layers):
    return [layer for layer in layers if isinstance(layer, torch.nn.Linear)]


@pytest.mark.parametrize(("depth", "length"), TIED)
def test_the_named_layers_are_tied_and_no_others(depth, length):
    start, end = TIED[depth, length]
    module = dense_module(shared_depth=depth, n_shared_layers=length)
    tied = linear_layers(module.tied)
    assert len(tied) == end - start
    for t, n_features in enumerate([6, 9]):
        before = linear_layers(module.pre_tied[t])
        after = linear_layers(module.post_tied[t])
        widths = [n_features, *WIDTHS, 3]
        assert len(before) == start
        assert [layer.in_features for layer in before + tied + after] == widths[:-1]
        assert [layer.out_features for layer in before + tied + after] == widths[1:]
    # Were anything else one object in two places, it would be counted once.
    two_branches = sum(
        n_parameters(JointModule([task], n_shared=3, n_private=2))
        for task in dense_tasks()
    )
    saved = sum(layer.weight.numel() + layer.bias.numel() for layer in tied)
    assert n_parameters(module) == two_branches - saved


@pytest.mark.parametrize(("depth", "length"), TIED)
def test_moving_a_layer_moves_the_codes_of_the_tasks_that_have_it(depth, length):
    module = dense_module(shared_depth=depth, n_shared_layers=length)
    x = tensors()
    with torch.no_grad():
        plain = [codes.shared for codes in module.encode(x)]

        def moved_by(layers):
            for layer in linear_layers(layers):
                layer.bias += 1
            codes = [codes.shared for codes in module.encode(x)]
            for layer in linear_layers(layers):
                layer.bias -= 1
            pairs = zip(codes, plain, strict=True)
            return [not torch.allclose(a, b, atol=1e-3) for a, b in pairs]

        assert moved_by(module.tied) == [True, True]
        assert moved_by(module.pre_tied[0]) == [True, False]
        if len(module.post_tied[1]):
            assert moved_by(module.post_tied[1]) == [False, True]


@pytest.mark.parametrize("weights", [(1.0, 1.0), (3.0, 0.5)])
@pytest.mark.parametrize("depth", [-1, -3])
def test_gradient_of_a_tied_layer_is_the_sum_over_tasks(depth, weights):
    module = dense_module(shared_depth=depth, seed=1)
    x = tensors()
    outputs = module(x)
    loss = sum(
        w * F.mse_loss(output.reconstruction, each)
        for w, output, each in zip(weights, outputs, x, strict=True)
    )
    loss.backward()

    alone = []
    for t, (w, each) in enumerate(zip(weights, x, strict=True)):
        # Each task with a copy of all weights to itself.
        own = {k: v.clone().requires_grad_() for k, v in module.state_dict().items()}
        *_, reconstruction, _ = reference(torch, own, t, each)
        (w * F.mse_loss(reconstruction, each)).backward()
        alone.append({key: value.grad for key, value in own.items()})

    for name, parameter in module.named_parameters():
        parts = [grads[name] for grads in alone if grads[name] is not None]
        assert len(parts) == (2 if name.startswith("tied.") else 1), name
        torch.testing.assert_close(parameter.grad, sum(parts), rtol=1e-4, atol=1e-6)


def test_vectors_and_images_can_be_tied_from_the_first_layer_on():
    shapes = {"vectors": (12,), "images": (1, 3, 4)}
    tasks = [describe(n, s, s, (5,), "mirror") for n, s in shapes.items()]
    module = JointModule(tasks, n_shared=3, n_private=2, shared_depth="auto")
    assert len(linear_layers(module.tied)) == 2
    x = tensors(shapes=shapes)
    images = module([None, x[1]])[1]
    assert images.reconstruction.shape == x[1].shape
    flat = module.encode([x[1].flatten(1), None])[0]
    torch.testing.assert_close(flat.shared, images.codes.shared)


@pytest.mark.parametrize(
    ("shapes", "encoders", "depth", "length", "message"),
    [
        ("same", (8, 4), 4, None, r"out of range.* has 3 layers.* 1 to 3 or -1 to -3"),
        ("same", (8, 4), 0, None, "out of range"),
        ("same", (8, 4), -4, None, "out of range"),
        ("same", (8, 4), 3, 2, "beyond the bottleneck.* there are 1 layers"),
        ("same", (8, 4), "auto", 4, "n_shared_layers=4 is out of range"),
        (
            "unlike",
            (8, 4),
            1,
            None,
            r"layer 1 has weights of shape \(8, 6\) in task 'a' and \(8, 9\) in task "
            r"'b'; the earliest shared_depth that works is 2 \(or -2, from",
        ),
        ("unlike", (8, 4), 1, 2, "the earliest shared_depth that works is 2"),
        ("unlike", (8, 4), -3, 1, "the earliest shared_depth that works is 2"),
        (
            "unlike",
            [(8, 5), (4, 5)],
            1,
            None,
            "the earliest shared_depth that works is 3",
        ),
        (
            "unlike",
            [(8, 5), (4, 5)],
            1,
            2,
            "layer 1 .*; tie fewer with n_shared_layers, or give the tasks",
        ),
        (
            "same",
            [(8, 4), (8, 5)],
            1,
            2,
            "layer 2 .*; tie fewer with n_shared_layers, or give the tasks",
        ),
        (
            "same",
            [(8, 4), (8, 5)],
            -1,
            None,
            r"layer 3 has weights of shape \(3, 4\) .* encoders with equal last layers",
        ),
        ("same", [(8, 4), (8, 5)], "auto", None, "encoders with equal last layers"),
        ("same", [(8,), (8, 8)], 1, None, r"counts from the input.*\[2, 3\] layers"),
        (
            "unlike",
            [(8,), (7, 8)],
            -2,
            None,
            "layer -2 .* the earliest shared_depth that works is -1$",
        ),
    ],
)
def test_layers_that_cannot_be_tied(shapes, encoders, depth, length, message):
    sizes = {"same": [6, 6], "unlike": [6, 9]}[shapes]
    if isinstance(encoders, tuple):
        encoders = [encoders, encoders]
    tasks = [
        describe(name, (size,), (size,), encoder, "mirror")
        for name, size, encoder in zip("ab", sizes, encoders, strict=True)
    ]
    with pytest.raises(ValueError, match=message.rstrip("$")) as caught:
        JointModule(
            tasks,
            n_shared=3,
            n_private=2,
            shared_depth=depth,
            n_shared_layers=length,
        )
    if message.endswith("$"):
        assert str(caught.value).rstrip(".").endswith("is -1")


def test_the_depth_that_the_error_names_works():
    text = ["Conv 4x(3x3), MP 2x2, FC 6", "Conv 4x(3x3), MP 4x4, FC 6"]
    shape = (1, 8, 8)
    tasks = [
        describe(name, shape, shape, encoder, "mirror")
        for name, encoder in zip("ab", text, strict=True)
    ]
    # Pooling belongs to its layer: with another one the layer is not the same.
    with pytest.raises(ValueError, match=r"layer 1 has .*MaxPool2d.* works is 3 \(or"):
        JointModule(tasks, n_shared=3, n_private=2, shared_depth=1)
    module = JointModule(tasks, n_shared=3, n_private=2, shared_depth=3)
    assert module.earliest_depth == 3
    # Layer 2 sees more of one image than of the other.
    with pytest.raises(ValueError, match="layer 2 has weights of shape"):
        JointModule(tasks, n_shared=3, n_private=2, shared_depth=2, n_shared_layers=1)
    assert module(tensors(shapes={"a": shape, "b": shape}))[1].reconstruction.shape == (
        7,
        *shape,
    )
