"""Samples of the same subjects: which are drawn, and their terms in plain torch."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional as F

from sk_jae.nn import JointModule
from sk_jae.training import Phase, units_of
from sk_jae.training.batches import Batch, TrainingBatches
from sk_jae.training.objective import JointLoss
from sk_jae.training.pairs import read_pairs
from tests.helpers.batches import CPU, make_data, training_batches, validation_batches
from tests.helpers.dense_module import dense_tasks, reference

# The row of each subject in three tasks of 6, 5 and 7 samples.
ROWS = np.array([[0, 4, -1], [3, 0, 6], [-1, 2, 0], [5, -1, 5], [1, 1, 1]])
SIZES = (6, 5, 7)


def rows_of(pairs):
    return [None if x is None else x.flatten().long().tolist() for x in pairs.inputs]


def subjects_of(pairs):
    """The rows of each two tasks, of all subjects that both have."""
    rows = rows_of(pairs)
    return {
        (t, u): {(rows[t][i], rows[u][j]) for i, j in zip(*places, strict=True)}
        for (t, u), places in pairs.places.items()
    }


def test_samples_are_read_with_their_places():
    data = make_data(*SIZES)
    pairs = read_pairs(data.reader(CPU), ROWS)
    assert rows_of(pairs) == [[0, 3, 5, 1], [4, 0, 2, 1], [6, 0, 5, 1]]
    for (t, u), found in subjects_of(pairs).items():
        both = (ROWS[:, t] >= 0) & (ROWS[:, u] >= 0)
        assert found == set(map(tuple, ROWS[both][:, [t, u]].tolist()))
    assert len(pairs.places) == 3


def test_a_task_without_any_of_the_subjects_is_left_out():
    pairs = read_pairs(make_data(*SIZES).reader(CPU), ROWS[:1])
    assert rows_of(pairs) == [[0], [4], None]
    assert list(pairs.places) == [(0, 1)]


@given(n=st.integers(1, 30), batch_size=st.integers(1, 12), epoch=st.integers(0, 3))
def test_every_update_has_a_batch_of_pairs(n, batch_size, epoch):
    rows = np.arange(n)[:, None] + [0, 1]
    data = replace(make_data(40, 31), pairs=rows)
    reader = data.reader(CPU)
    found = [
        batch.pairs for batch in TrainingBatches(data, batch_size, reader, 0, epoch)
    ]
    order = []
    for pairs in found:
        one, other = rows_of(pairs)
        assert len(one) == min(n, batch_size)
        assert other == [row + 1 for row in one]
        order += one
    whole = len(order) // n * n
    for start in range(0, whole, n):  # in whole shuffled passes
        assert sorted(order[start : start + n]) == list(range(n))


def test_pairs_do_not_change_which_samples_are_drawn():
    data = make_data(40, 31, labels=True)
    both = [
        [b.inputs for b in training_batches(d, 8, CPU, 0)]
        for d in (data, replace(data, pairs=np.arange(8).reshape(4, 2)))
    ]
    for one, other in zip(*both, strict=True):
        assert all(map(torch.equal, one, other))


def test_another_epoch_draws_other_pairs():
    data = replace(make_data(40, 31), pairs=np.arange(60).reshape(30, 2) % 31)
    reader = data.reader(CPU)
    orders = [
        [rows_of(b.pairs)[0] for b in TrainingBatches(data, 8, reader, 0, epoch)]
        for epoch in (0, 0, 1)
    ]
    assert orders[0] == orders[1] != orders[2]


def test_validation_sees_every_pair_once():
    data = replace(make_data(40, 31), pairs=np.stack([np.arange(21)] * 2, 1))
    found = [batch.pairs for batch in validation_batches(data, 8, CPU)]
    rows = [rows_of(pairs)[0] for pairs in found if pairs is not None]
    assert [row for part in rows for row in part] == list(range(21))
    assert [len(part) for part in rows] == [8, 8, 5]


SHAPES = {"a": (6,), "b": (9,), "c": (4,)}
MASK = torch.tensor([[True] * 3, [True] * 3, [True, False, True]])
UNITS = {("reconstruction", 0): 2.0, ("reconstruction", 2): 0.3, ("agreement", 1): 1.7}


def make_module(mask=None, n_shared=3):
    return JointModule(
        dense_tasks(SHAPES),
        n_shared=n_shared,
        n_private=2,
        n_classes=3,
        private_heads=[0],
        class_mask=mask,
        seed=1,
    )


def make_pairs():
    arrays = tuple(
        np.random.default_rng(t).normal(size=(n, *shape)).astype(np.float32)
        for t, (n, shape) in enumerate(zip(SIZES, SHAPES.values(), strict=True))
    )
    data = replace(make_data(*SIZES), arrays=arrays)
    data = replace(
        data,
        layouts=tuple(
            replace(layout, shape=x.shape[1:])
            for layout, x in zip(data.layouts, arrays, strict=True)
        ),
    )
    return arrays, read_pairs(data.reader(CPU), ROWS)


def terms_of_pairs(state, arrays, weights, units, mask):
    """The terms of each task, means over all its pairs with other tasks."""
    sums = {}
    for t, u in combinations(range(3), 2):
        both = (ROWS[:, t] >= 0) & (ROWS[:, u] >= 0)
        x = {k: torch.from_numpy(arrays[k][ROWS[both, k]]) for k in (t, u)}
        z = {k: reference(torch, state, k, x[k]) for k in (t, u)}
        codes = torch.cat([z[t][0], z[u][0]])
        spread = codes.var(0, correction=0).sum()
        distance = (z[t][0] - z[u][0]).square().sum(1).mean() / (2 * spread)
        logits = [
            z[k][3] if mask is None else z[k][3][:, mask[t] & mask[u]] for k in (t, u)
        ]
        p, q = (v.softmax(1) for v in logits)
        agreement = ((p - q) * (p.log() - q.log())).sum(1).mean() / 2
        for k, other in ((t, u), (u, t)):
            error = F.mse_loss(decoded(state, k, z[other][0]), x[k])
            cross = error / units.get(("reconstruction", k), 1.0)
            if weights["pairing"][t] and weights["pairing"][u]:
                sums.setdefault(("pairing", k), []).append(
                    ((distance + cross) / 2, both.sum())
                )
            if weights["agreement"][t] and weights["agreement"][u]:
                sums.setdefault(("agreement", k), []).append((agreement, both.sum()))
    return {
        key: (
            sum(v * n for v, n in parts)
            / sum(n for _, n in parts)
            / units.get(key, 1.0),
            sum(n for _, n in parts),
        )
        for key, parts in sums.items()
    }


def decoded(state, t, z_s):
    """The reconstruction of task t from shared codes alone."""

    def dense(h, prefix, activation=True):
        weights = sorted(k for k in state if k.startswith(prefix) and "weight" in k)
        for key in weights:
            h = h @ state[key].T + state[key.replace("weight", "bias")]
            h = h.relu() if activation else h
        return h

    h_s = dense(z_s, f"shared_decoders.{t}.")
    merged = torch.cat([torch.zeros_like(h_s), h_s], dim=1)
    return dense(merged, f"outputs.{t}.", activation=False)


ALL = {"pairing": (0.5, 1.5, 2.5), "agreement": (0.7, 3.0, 1.1)}
WEIGHTS = {
    "all": ALL,
    "codes": {"pairing": ALL["pairing"], "agreement": (0.0,) * 3},
    "predictions": {"pairing": (0.0,) * 3, "agreement": ALL["agreement"]},
    "two tasks": {"pairing": (0.5, 0.0, 2.5), "agreement": (0.0, 1.0, 1.0)},
    "one task": {"pairing": (0.5, 0.0, 0.0), "agreement": (0.0,) * 3},
}


@pytest.mark.parametrize("name", WEIGHTS)
@pytest.mark.parametrize("mask", [None, MASK], ids=["all classes", "masked"])
@pytest.mark.parametrize("training", [True, False])
def test_terms_and_gradients(name, mask, training):
    weights, (arrays, pairs) = WEIGHTS[name], make_pairs()
    module = make_module(mask)
    batch = Batch([None] * 3, [None] * 3, pairs)
    loss_function = JointLoss("mse", (), UNITS).train(training)
    loss, terms = loss_function(module, batch, Phase("only", weights))
    state = {
        k: v.detach().clone().requires_grad_() for k, v in module.named_parameters()
    }
    expected = terms_of_pairs(state, arrays, weights, UNITS, mask)
    assert terms.keys() == expected.keys()
    total = sum(
        (weights[term][t] * value for (term, t), (value, _) in expected.items()),
        torch.zeros(()),
    )
    for key, (value, n) in expected.items():
        assert terms[key][1] == n
        torch.testing.assert_close(terms[key][0], value.detach(), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(loss, total, rtol=1e-4, atol=1e-5)
    if not expected:
        assert not loss.requires_grad
        return
    loss.backward()
    total.backward()
    for key, parameter in module.named_parameters():
        found, other = parameter.grad, state[key].grad
        zero = torch.zeros_like(parameter)
        torch.testing.assert_close(
            zero if found is None else found,
            zero if other is None else other,
            rtol=1e-3,
            atol=1e-5,
        )


def test_without_shared_codes_only_predictions_can_agree():
    _, pairs = make_pairs()
    module = make_module(n_shared=0)
    batch = Batch([None] * 3, [None] * 3, pairs)
    _, terms = JointLoss("mse")(module, batch, Phase("only", ALL))
    assert not terms  # task 0 alone has a classifier


def test_a_loss_of_the_user_is_that_of_the_reconstruction_from_the_other_task():
    _, pairs = make_pairs()
    seen = []

    def loss(reconstruction, x):
        seen.append(x.shape)
        return (reconstruction - x).abs()

    batch = Batch([None] * 3, [None] * 3, pairs)
    phase = Phase("only", {"pairing": (1.0, 1.0, 0.0)})
    JointLoss(loss)(make_module(), batch, phase)
    n = int(((ROWS[:, 0] >= 0) & (ROWS[:, 1] >= 0)).sum())
    assert seen == [(n, 6), (n, 9)]


def test_numbers_agree_by_their_squared_difference():
    arrays, pairs = make_pairs()
    module = JointModule(dense_tasks(SHAPES), n_shared=3, n_private=2, n_outputs=2)
    state = module.state_dict()
    batch = Batch([None] * 3, [None] * 3, pairs)
    phase = Phase("only", {"agreement": (1.0, 0.0, 1.0)})
    _, terms = JointLoss("mse")(module, batch, phase)
    both = (ROWS[:, 0] >= 0) & (ROWS[:, 2] >= 0)
    one, other = (
        reference(torch, state, t, torch.from_numpy(arrays[t][ROWS[both, t]]))[0]
        @ state["shared_head.0.weight"].T
        for t in (0, 2)
    )
    expected = (one - other).square().mean()
    for t in (0, 2):
        torch.testing.assert_close(terms["agreement", t][0], expected)
    assert len(terms) == 2


def test_the_unit_of_agreement_is_that_of_the_other_terms_of_classes():
    units = units_of(make_data(5, 5), "mse", (3, 1))
    for t in range(2):
        assert units["agreement", t] == units["classification", t]
