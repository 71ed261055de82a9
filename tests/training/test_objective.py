"""The whole objective and its gradient, against plain torch."""

from __future__ import annotations

import pytest
import torch

from sk_jae.nn import JointModule
from sk_jae.training import Phase
from sk_jae.training.batches import Batch
from sk_jae.training.class_shares import ClassShares
from sk_jae.training.objective import JointLoss
from tests.helpers.dense_module import dense_tasks, reference
from tests.helpers.objective import CONFIDENT, objective

SHAPES = {"labeled": (6,), "partly": (9,), "unlabeled": (4,)}
SIZES = (12, 16, 9)
# No two alike, so that none can be taken for another.
WEIGHTS = {
    "reconstruction": (0.5, 1.5, 2.5),
    "classification": (0.7, 3.0, 0.0),
    "infomax": (0.0, 0.9, 1.1),
    "consistency": (0.0, 1.3, 0.4),
}
OFF = dict.fromkeys(WEIGHTS, (0.0, 0.0, 0.0))
START = 0.5


def turned(x):
    """A fixed map that changes what is predicted, and what is to be reconstructed."""
    return 0.6 * x.flip(1) - 0.2


AUGMENTATIONS = {
    "none": (),
    "all": (turned,) * 3,
    "some": (turned, None, turned),
    "one": (None, turned, None),
}


def make_module(mask=None):
    module = JointModule(
        dense_tasks(SHAPES),
        n_shared=3,
        n_private=2,
        shared_depth=-1,
        n_classes=3,
        private_heads=[0],
        class_mask=mask,
        seed=1,
    )
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
        module.shared_head[0].weight.mul_(30)  # some predictions become confident
    return module


def make_batch(empty=()):
    generator = torch.Generator().manual_seed(2)
    inputs = [
        torch.randn((n, *shape), generator=generator)
        for n, shape in zip(SIZES, SHAPES.values(), strict=True)
    ]
    partly = torch.arange(SIZES[1]) % 3
    partly[::2] = -1
    labels = [torch.arange(SIZES[0]) % 3, partly, None]
    for t in empty:
        inputs[t] = labels[t] = None
    return Batch(inputs, labels)


def class_shares(mask, supposed):
    """The shares of the classes of all tasks, which are equal if none are supposed."""
    found = torch.nn.ModuleDict()
    for t in range(3):
        possible = torch.ones(3, dtype=torch.bool) if mask is None else mask[t]
        found[str(t)] = ClassShares(possible)
        if t in supposed:
            found[str(t)].supposed = supposed[t]
    return found


def compare(
    weights,
    *,
    augment,
    progress,
    training,
    mask=None,
    batch=None,
    shares=None,
    units=None,
):
    module, batch = make_module(mask), batch or make_batch()
    loss_function = JointLoss("mse", augment, units).train(training)
    loss_function.shares = class_shares(mask, shares or {})
    loss_function.start = START
    loss_function.progress = progress
    loss, terms = loss_function(module, batch, Phase("only", weights))

    state = {
        k: v.detach().clone().requires_grad_() for k, v in module.named_parameters()
    }
    expected, expected_terms = objective(
        state,
        batch,
        {**OFF, **weights},
        augment=augment,
        progress=progress,
        start=START,
        training=training,
        mask=mask,
        shares=shares,
        units=units,
    )
    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-5)
    assert terms.keys() == expected_terms.keys()
    for key, (value, n) in expected_terms.items():
        assert int(terms[key][1]) == n, key
        torch.testing.assert_close(terms[key][0], value.detach(), rtol=1e-4, atol=1e-5)
        assert not terms[key][0].requires_grad
    if not expected_terms:
        assert not loss.requires_grad
        return
    loss.backward()
    expected.backward()
    for name, parameter in module.named_parameters():
        found, other = parameter.grad, state[name].grad
        zero = torch.zeros_like(parameter)
        torch.testing.assert_close(
            zero if found is None else found,
            zero if other is None else other,
            rtol=1e-3,
            atol=1e-5,
            msg=lambda text, name=name: f"{name}: {text}",
        )


@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys())
@pytest.mark.parametrize("progress", [0.0, 0.49, 0.5, 0.9])
def test_training(augment, progress):
    compare(WEIGHTS, augment=augment, progress=progress, training=True)


@pytest.mark.parametrize("augment", AUGMENTATIONS.values(), ids=AUGMENTATIONS.keys())
def test_validation(augment):
    compare(WEIGHTS, augment=augment, progress=0.9, training=False)


@pytest.mark.parametrize("augment", ["none", "all"])
@pytest.mark.parametrize("term", WEIGHTS)
@pytest.mark.parametrize("progress", [0.0, 0.9])
def test_one_term_alone(term, progress, augment):
    weights = {term: WEIGHTS[term]}
    compare(weights, augment=AUGMENTATIONS[augment], progress=progress, training=True)


@pytest.mark.parametrize("progress", [0.0, 0.9])
def test_classes_that_tasks_cannot_have(progress):
    mask = torch.tensor([[True] * 3, [True] * 3, [True, False, True]])
    compare(WEIGHTS, augment=(turned,) * 3, progress=progress, training=True, mask=mask)


@pytest.mark.parametrize("training", [True, False])
def test_units_divide_the_terms(training):
    keys = [(term, t) for term in WEIGHTS for t in range(3)]
    units = {key: 0.5 + 0.3 * i for i, key in enumerate(keys) if i != 3}
    compare(
        WEIGHTS, augment=(turned,) * 3, progress=0.9, training=training, units=units
    )


def test_shares_that_are_not_equal():
    mask = torch.tensor([[True] * 3, [True] * 3, [True, False, True]])
    shares = {1: torch.tensor([0.2, 0.5, 0.3]), 2: torch.tensor([0.9, 0.0, 0.1])}
    compare(WEIGHTS, augment=(), progress=0.9, training=True, mask=mask, shares=shares)


def test_infomax_is_of_tasks_with_shares_alone():
    loss_function = JointLoss("mse").train()
    loss_function.progress = 0.9
    loss_function.shares = class_shares(None, {})
    del loss_function.shares["1"]
    _, terms = loss_function(make_module(), make_batch(), Phase("only", WEIGHTS))
    assert [t for term, t in terms if term == "infomax"] == [2]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("empty", [(0,), (1, 2)])
def test_tasks_without_a_sample_in_the_batch(empty, training):
    batch = make_batch(empty)
    compare(
        WEIGHTS, augment=(turned,) * 3, progress=0.9, training=training, batch=batch
    )


def test_no_labeled_sample_in_the_batch():
    batch = make_batch()
    batch.labels[1] = torch.full((SIZES[1],), -1)
    compare(WEIGHTS, augment=(), progress=0.0, training=True, batch=batch)


def test_the_samples_can_tell_the_terms_apart():
    """Else the tests above would miss what they are for."""
    module, batch = make_module(), make_batch()
    state = module.state_dict()
    for t in (1, 2):
        logits = [
            reference(torch, state, t, x)[3]
            for x in (batch.inputs[t], turned(batch.inputs[t]))
        ]
        plain, augmented = (each.softmax(1).max(1) for each in logits)
        confident = plain.values >= CONFIDENT
        assert 0 < confident.sum() < len(confident)
        assert (plain.indices != augmented.indices)[confident].any()
        assert (confident != (augmented.values >= CONFIDENT)).any()
