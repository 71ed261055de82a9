"""What the shared branch sees of the samples of a task."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
import torch

from sk_jae.architecture import describe
from sk_jae.nn import CommonColumns, JointModule
from tests.helpers.dense_module import close, perceptron, rows, tensors, to_numpy

SHAPES = {"a": (6,), "b": (9,)}
COLUMNS = {"a": tuple("qrstuv"), "b": tuple("abstvcrde")}
COMMON = tuple("rstv")
INDICES = {"a": [1, 2, 3, 5], "b": [6, 2, 3, 4]}


def tasks(features=None, widths=(8, 5)):
    return [
        describe(
            name,
            shape,
            shape,
            widths,
            "mirror",
            columns=COLUMNS[name],
            features=(features or COLUMNS)[name],
        )
        for name, shape in SHAPES.items()
    ]


def module_of_common_columns(**kwargs):
    common = dict.fromkeys(SHAPES, COMMON)
    parameters = {"n_shared": 3, "n_private": 2, "shared_depth": 1, **kwargs}
    return JointModule(tasks(common), **parameters)


def test_columns_are_taken_in_the_given_order():
    x = torch.arange(12.0).reshape(3, 4)
    view = CommonColumns([3, 0])
    assert view(x).tolist() == [[3, 0], [7, 4], [11, 8]]
    assert repr(view) == "CommonColumns(n_columns=2)"


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))]
)
def test_the_columns_are_kept_with_the_weights(copied):
    module = module_of_common_columns()
    state = module.state_dict()
    assert state["views.0.indices"].tolist() == INDICES["a"]
    assert state["views.1.indices"].tolist() == INDICES["b"]
    x = tensors(shapes=SHAPES)
    expected = module.encode(x)[1].shared
    assert torch.equal(copied(module).encode(x)[1].shared, expected)
    other = module_of_common_columns(seed=1)
    other.views[1].indices.zero_()
    other.load_state_dict(state)
    assert torch.equal(other.encode(x)[1].shared, expected)


def test_a_change_of_dtype_leaves_the_columns_as_they_are():
    module = module_of_common_columns().to(torch.bfloat16)
    assert module.views[0].indices.dtype == torch.int64
    x = [part.to(torch.bfloat16) for part in tensors(shapes=SHAPES)]
    assert module(x)[0].reconstruction.dtype == torch.bfloat16


@pytest.mark.parametrize("seed", [0, 1])
def test_codes_are_those_of_the_chosen_columns(seed):
    """The forward pass in numpy: the shared branch sees some, the private one all."""
    module = module_of_common_columns(seed=seed)
    state = to_numpy(module)
    x = tensors(shapes=SHAPES)
    for t, (name, outputs) in enumerate(zip(SHAPES, module(x), strict=True)):
        plain = x[t].numpy()
        chosen = plain[:, INDICES[name]]
        assert not rows(state, f"pre_tied.{t}.")
        close(
            outputs.codes.shared.detach(),
            perceptron(chosen, rows(state, "tied."), True),
        )
        private = rows(state, f"private_encoders.{t}.")
        close(outputs.codes.private.detach(), perceptron(plain, private, True))
        assert outputs.reconstruction.shape == plain.shape


def test_other_columns_change_no_shared_code_and_get_no_gradient_from_it():
    module = module_of_common_columns()
    x = [part.requires_grad_() for part in tensors(shapes=SHAPES)]
    module.encode(x)[1].shared.square().sum().backward()
    moved = (x[1].grad != 0).any(0).numpy()
    assert np.flatnonzero(moved).tolist() == sorted(INDICES["b"])


@pytest.mark.parametrize(("depth", "n_tied"), [("auto", 2), (2, 2), (-1, 1)])
def test_first_layers_of_other_columns_are_not_tied(depth, n_tied):
    """Although both have 6 columns, and their layers would fit."""
    same_width = [
        describe(n, (6,), (6,), (8, 5), "mirror", columns=c, features=c)
        for n, c in {"a": tuple("qrstuv"), "b": tuple("abcdef")}.items()
    ]
    module = JointModule(same_width, n_shared=3, n_private=2, shared_depth=depth)
    tied = [layer for layer in module.tied if isinstance(layer, torch.nn.Linear)]
    assert len(tied) == n_tied
    assert module.earliest_depth == 2
    message = "no names in common; the earliest shared_depth that works is 2"
    for refused in (1, -3):
        with pytest.raises(ValueError, match=message):
            JointModule(same_width, n_shared=3, n_private=2, shared_depth=refused)


def test_a_depth_is_counted_in_the_layers_of_the_common_columns():
    def widths(shape):
        return (2 * shape[0], 5)

    common = dict.fromkeys(SHAPES, COMMON)
    assert JointModule(
        tasks(common, widths), n_shared=3, n_private=2, shared_depth=1
    ).tied[0].weight.shape == (8, 4)
    own = [describe(n, s, s, widths, "mirror") for n, s in SHAPES.items()]
    with pytest.raises(ValueError, match="the earliest shared_depth that works is 3"):
        JointModule(own, n_shared=3, n_private=2, shared_depth=1)
