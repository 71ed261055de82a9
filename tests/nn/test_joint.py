"""The joint module against plain numpy and plain torch."""

from __future__ import annotations

from copy import deepcopy

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sk_jae import JointTransferClassifier
from sk_jae.architecture import describe
from sk_jae.nn import Codes, JointModule
from tests.helpers.dense_module import (
    SHAPES,
    WIDTHS,
    close,
    dense_module,
    dense_tasks,
    perceptron,
    reference,
    rows,
    tensors,
    to_numpy,
    vectors,
)


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


@pytest.mark.parametrize("codes", ["both", "shared", "private"])
def test_fitted_estimator_equals_numpy(codes):
    X = vectors(seed=1)
    y = [np.array([0, 1, 2, 0, 1]), np.array([1, 0, 2, 2, 1, 0, 0])]
    clf = JointTransferClassifier(
        n_shared=3,
        n_private=2,
        encoder=WIDTHS,
        shared_depth=-1,
        head="both",
        input_scaling=None,
        max_epochs=3,
        random_state=0,
        device="cpu",
        precision="float32",
    ).fit(X, y)
    state = to_numpy(clf.module_)
    found, logits = clf.transform(X), clf.decision_function(X)
    reconstructed = clf.reconstruct(X, codes=codes)
    for t, x in enumerate(X):
        z_s, z_p, reconstruction, expected = reference(np, state, t, x, codes)
        close(found[t], np.hstack([z_s, z_p]))
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
    class_mask = torch.tensor([[True, True, False], [False, True, True]])
    module = dense_module(n_classes=3, class_mask=class_mask)
    for row, output in zip(class_mask, module(tensors()), strict=True):
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


def test_initial_weights_of_all_tasks_depend_on_the_seed_and_on_no_name():
    def common(names, seed):
        shapes = dict(zip(names, SHAPES.values(), strict=True))
        module = JointModule(
            dense_tasks(shapes), n_shared=3, n_private=2, n_classes=4, seed=seed
        )
        state = module.state_dict()
        parts = ("tied.", "shared_head.")
        return {key: value for key, value in state.items() if key.startswith(parts)}

    expected = common("ab", 5)
    assert len(expected) == 4  # weight and bias of the bottleneck and of the head
    for key, value in common("ca", 5).items():
        assert torch.equal(value, expected[key]), key
    for key, value in common("ab", 6).items():
        assert torch.equal(value, expected[key]) == key.endswith("bias"), key


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


def test_no_code_at_all_is_an_error():
    with pytest.raises(ValueError, match="n_shared and n_private are both 0"):
        dense_module(n_shared=0, n_private=0)
