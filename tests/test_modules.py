"""The joint module against plain numpy and plain torch, and what is tied in it."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sk_jae import JointTransferClassifier
from sk_jae.architecture import describe
from sk_jae.modules import Codes, JointModule, n_parameters

SHAPES = {"a": (6,), "b": (9,)}
WIDTHS = (16, 12, 8)
N_STAGES = len(WIDTHS) + 1


def dense_tasks(shapes=SHAPES, widths=WIDTHS):
    return [describe(n, s, s, widths, "mirror") for n, s in shapes.items()]


def dense_module(**kwargs):
    kwargs = {"n_shared": 3, "n_private": 2} | kwargs
    return JointModule(dense_tasks(), **kwargs)


def vectors(shapes=SHAPES, seed=0):
    rng = np.random.default_rng(seed)
    return [
        rng.normal(size=(5 + 2 * t, *shape)).astype(np.float32)
        for t, shape in enumerate(shapes.values())
    ]


def tensors(**kwargs):
    return [torch.from_numpy(x) for x in vectors(**kwargs)]


# The reference: the same few lines run on numpy arrays and on torch tensors.


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


def reference(xp, state, t, x, using="both"):
    """Codes, reconstruction and logits of one task of a dense joint module."""
    z_p = perceptron(x, rows(state, f"private_encoders.{t}."), True)
    layers = [
        *rows(state, f"before.{t}."),
        *rows(state, "tied."),
        *rows(state, f"after.{t}."),
    ]
    z_s = perceptron(x, layers, True)
    h_p = perceptron(z_p, rows(state, f"private_decoders.{t}."), False)
    h_s = perceptron(z_s, rows(state, f"shared_decoders.{t}."), False)
    h_p, h_s = h_p * (using != "shared"), h_s * (using != "private")
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


@pytest.mark.parametrize("shared_depth", [-1, -2])
def test_dense_forward_equals_numpy(shared_depth):
    module = dense_module(
        n_classes=4, private_heads=[1], shared_depth=shared_depth, seed=3
    )
    state = to_numpy(module)
    with torch.no_grad():
        outputs = module(tensors())
    for t, (x, output) in enumerate(zip(vectors(), outputs, strict=True)):
        z_s, z_p, reconstruction, logits = reference(np, state, t, x)
        close(output.codes.shared, z_s)
        close(output.codes.private, z_p)
        close(output.reconstruction, reconstruction)
        close(output.logits, logits)


@pytest.mark.parametrize("using", ["both", "shared", "private"])
def test_fitted_estimator_equals_numpy(using):
    X = vectors(seed=1)
    y = [np.array([0, 1, 2, 0, 1]), np.array([1, 0, 2, 2, 1, 0, 0])]
    clf = JointTransferClassifier(
        n_shared=3,
        n_private=2,
        encoder=WIDTHS,
        shared_depth=-1,
        head="both",
        max_epochs=3,
        random_state=0,
        device="cpu",
        precision="float32",
    ).fit(X, y)
    state = to_numpy(clf.module_)
    codes, logits = clf.transform(X), clf.decision_function(X)
    reconstructed = clf.reconstruct(X, using=using)
    for t, x in enumerate(X):
        z_s, z_p, reconstruction, expected = reference(np, state, t, x, using)
        close(codes[t], np.hstack([z_s, z_p]))
        close(reconstructed[t], reconstruction)
        close(logits[t], expected)
    z_s, *_ = reference(np, state, 0, X[0])
    heard = perceptron(z_s, rows(state, "shared_decoders.1."), False)
    silent = np.zeros_like(heard)
    translated = perceptron(np.hstack([silent, heard]), rows(state, "outputs.1."), True)
    close(clf.translate(X[0], 0, 1), translated)


# 7 and 5 are odd: pooling must not lose the last row, the decoder not add one.
@pytest.mark.parametrize("kernel", [3, 4])
def test_convolutions_equal_torch_functional(kernel):
    text = f"Conv 4x({kernel}x{kernel}), BN, MP 2x2, FC 10"
    shapes = {"large": (1, 7, 8), "small": (2, 5, 6)}
    view = (1, 7, 8)
    module = JointModule(
        [describe(n, s, view, text, "mirror") for n, s in shapes.items()],
        n_shared=3,
        n_private=2,
        shared_depth=1,
    )
    x = tensors(shapes=shapes)
    module(x)  # moves the running statistics away from 0 and 1
    module.eval()
    state = module.state_dict()

    def same_size(z, prefix):
        left = (kernel - 1) // 2
        z = F.pad(z, (left, kernel - 1 - left) * 2)
        return F.conv2d(z, state[f"{prefix}.weight"], state[f"{prefix}.bias"])

    def linear(z, prefix):
        return F.linear(z, state[f"{prefix}.weight"], state[f"{prefix}.bias"])

    def encoded(z, prefix, row):
        # An even kernel is padded by a layer of its own.
        i = int(kernel % 2 == 0)
        norm = f"{prefix}.{i + 1}"
        z = F.batch_norm(
            same_size(z, f"{prefix}.{i}"),
            state[f"{norm}.running_mean"][row],
            state[f"{norm}.running_var"][row],
            state[f"{norm}.weight"],
            state[f"{norm}.bias"],
        )
        z = F.max_pool2d(F.relu(z), 2, ceil_mode=True)
        z = F.relu(linear(z.flatten(1), f"{prefix}.{i + 4}"))
        return linear(z, f"{prefix}.{i + 6}")

    def decoded(z, prefix, size):
        z = F.relu(linear(z, f"{prefix}.0"))
        z = linear(z, f"{prefix}.2")
        norm = f"{prefix}.3"
        z = F.batch_norm(
            z,
            state[f"{norm}.running_mean"][0],
            state[f"{norm}.running_var"][0],
            state[f"{norm}.weight"],
            state[f"{norm}.bias"],
        )
        return F.relu(z).reshape(len(z), 4, *size)

    with torch.no_grad():
        outputs = module(x)
        for t, (_, height, width) in enumerate(shapes.values()):
            z_p = encoded(x[t], f"private_encoders.{t}", 0)
            seen = x[t]
            if t == 1:
                seen = F.interpolate(
                    seen.mean(1, keepdim=True),
                    view[1:],
                    mode="bilinear",
                    antialias=True,
                )
            z_s = encoded(seen, "tied", t)
            size = (-(-height // 2), -(-width // 2))
            merged = torch.cat(
                [
                    decoded(z_p, f"private_decoders.{t}", size),
                    decoded(z_s, f"shared_decoders.{t}", size),
                ],
                dim=1,
            )
            assert merged.shape[1] == 8  # channels of both branches
            large = F.interpolate(merged, (height, width), mode="nearest")
            output = int(kernel % 2 == 0) + 1
            reconstruction = same_size(large, f"outputs.{t}.{output}")
            close(outputs[t].codes.private, z_p)
            close(outputs[t].codes.shared, z_s)
            close(outputs[t].reconstruction, reconstruction)
            assert outputs[t].reconstruction.shape == x[t].shape


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
        before = linear_layers(module.before[t])
        after = linear_layers(module.after[t])
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
        plain = module.encode_shared(x)

        def moved_by(layers):
            for layer in linear_layers(layers):
                layer.bias += 1
            codes = module.encode_shared(x)
            for layer in linear_layers(layers):
                layer.bias -= 1
            pairs = zip(codes, plain, strict=True)
            return [not torch.allclose(a, b, atol=1e-3) for a, b in pairs]

        assert moved_by(module.tied) == [True, True]
        assert moved_by(module.before[0]) == [True, False]
        if len(module.after[1]):
            assert moved_by(module.after[1]) == [False, True]


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


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("shared_depth", [-1, 1])
def test_a_skipped_task_makes_no_difference_to_the_others(training, shared_depth):
    text = "Conv 3x(3x3), BN, MP 2x2, FC 6, BN"
    shape = (1, 6, 6)
    tasks = [describe(n, shape, shape, text, "mirror") for n in "abc"]
    module = JointModule(tasks, n_shared=3, n_private=2, shared_depth=shared_depth)
    x = tensors(shapes=dict.fromkeys("abc", shape))
    module(x)
    module.train(training)
    # Each on a copy, since training moves the running statistics.
    together = deepcopy(module)(x)
    for t in range(3):
        inputs = [each if u == t else None for u, each in enumerate(x)]
        outputs = deepcopy(module)(inputs)
        assert [output is not None for output in outputs] == [t == u for u in range(3)]
        close(outputs[t].reconstruction.detach(), together[t].reconstruction.detach())
        close(outputs[t].codes.shared.detach(), together[t].codes.shared.detach())


@pytest.mark.parametrize(("n_shared", "n_private"), [(3, 2), (3, 0), (0, 2)])
@pytest.mark.parametrize("widths", [WIDTHS, ()])
def test_the_output_layer_takes_the_last_hidden_layers_of_both(
    n_shared, n_private, widths
):
    # Without hidden layers the bottleneck can be tied for equal shapes alone.
    shapes = SHAPES if widths else {"a": (6,), "b": (6,)}
    module = JointModule(
        dense_tasks(shapes, widths), n_shared=n_shared, n_private=n_private
    )
    if widths:
        expected = widths[0] * (bool(n_shared) + bool(n_private))
    else:
        expected = n_shared + n_private
    for outputs, (n_features,) in zip(module.outputs, shapes.values(), strict=True):
        (output,) = outputs
        assert (output.in_features, output.out_features) == (expected, n_features)
    x = tensors(shapes=shapes)
    for each, output in zip(x, module(x), strict=True):
        assert output.codes.shared.shape == (len(each), n_shared)
        assert output.codes.private.shape == (len(each), n_private)
        assert output.reconstruction.shape == each.shape
    assert len(module.private_encoders) == (2 if n_private else 0)
    assert len(module.private_decoders) == (2 if n_private else 0)
    assert len(module.shared_decoders) == (2 if n_shared else 0)


def test_heads_are_where_they_should_be():
    assert dense_module().shared_head is None
    assert dense_module()(tensors())[0].logits is None
    module = dense_module(n_classes=4, shared_head=False, private_heads=[1])
    assert module.shared_head is None
    assert list(module.private_heads) == ["1"]
    outputs = module(tensors())
    assert outputs[0].logits is None
    assert outputs[1].logits.shape == (7, 4)
    module = dense_module(n_classes=4)
    assert not module.private_heads
    assert module(tensors())[0].logits.shape == (5, 4)


def test_classes_that_a_task_cannot_have_get_no_probability():
    allowed = torch.tensor([[True, True, False], [False, True, True]])
    module = dense_module(n_classes=3, allowed=allowed)
    for row, output in zip(allowed, module(tensors()), strict=True):
        probability = output.logits.softmax(1)
        assert (probability[:, ~row] == 0).all()
        torch.testing.assert_close(probability.sum(1), torch.ones(len(probability)))


def test_initial_weights_of_a_branch_depend_on_seed_and_name_alone():
    both = dense_module(n_shared=0, seed=5).state_dict()
    other_seed = dense_module(n_shared=0, seed=6).state_dict()
    only_b = JointModule(dense_tasks()[1:], n_shared=0, n_private=2, seed=5)
    for key, value in only_b.state_dict().items():
        same = key.replace(".0.", ".1.", 1)
        assert torch.equal(value, both[same]), key
        if key.endswith("weight"):
            assert not torch.equal(value, other_seed[same])
        else:
            assert not value.any()
    assert not torch.equal(
        both["private_encoders.0.2.weight"], both["private_encoders.1.2.weight"]
    )


def test_weights_are_glorot_uniform():
    tasks = dense_tasks({"a": (200,)}, (400,))
    weight = JointModule(tasks, n_shared=0, n_private=2).private_encoders[0][0].weight
    bound = np.sqrt(6 / (200 + 400))
    assert weight.abs().max() <= bound
    assert weight.std().item() == pytest.approx(bound / np.sqrt(3), rel=0.02)
    assert abs(weight.mean().item()) < bound / 50


def test_decoding_only_needs_codes():
    module = dense_module().eval()
    x = tensors()
    with torch.no_grad():
        output = module(x)[1]
        again = module.decode(1, Codes(*output.codes))
    assert torch.equal(again, output.reconstruction)


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
            r"layer 3 has weights of shape \(3, 4\) .* encoders that end alike",
        ),
        ("same", [(8, 4), (8, 5)], "auto", None, "encoders that end alike"),
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


def test_no_code_at_all_is_an_error():
    with pytest.raises(ValueError, match="n_shared and n_private are both 0"):
        dense_module(n_shared=0, n_private=0)
