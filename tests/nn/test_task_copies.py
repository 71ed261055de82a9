"""Modules of the user with batch statistics have a set of them for each task."""

from __future__ import annotations

import copy
import pickle

import pytest
import torch
from torch import nn

from sk_jae.architecture import describe
from sk_jae.nn import JointModule, TaskCopies
from tests.helpers.backbones import NormAct


def network():
    return nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())


def copies(n_tasks=2):
    return TaskCopies(network(), n_tasks)


def share_weights(module):
    first, second = module.copies
    return first[0].weight is second[0].weight and first[1].bias is second[1].bias


def test_each_task_is_normalized_alone():
    module, alone = copies(), [network(), network()]
    for one in alone:
        one.load_state_dict(module.copies[0].state_dict())
    parts = [torch.randn(5, 3), 7 + torch.randn(4, 3)]
    found = module(torch.cat(parts), [0, 1], [5, 4])
    torch.testing.assert_close(
        found, torch.cat([one(x) for one, x in zip(alone, parts, strict=True)])
    )
    for own, one in zip(module.copies, alone, strict=True):
        torch.testing.assert_close(own[1].running_mean, one[1].running_mean)
    module.eval(), alone[1].eval()
    torch.testing.assert_close(module(parts[1], [1]), alone[1](parts[1]))


def test_the_weights_are_the_same_for_all_tasks():
    module = copies()
    assert share_weights(module)
    assert len(list(module.parameters())) == 4
    module(torch.randn(9, 3), [0, 1], [4, 5]).sum().backward()
    weight = module.copies[1][0].weight
    before = weight.detach().clone()
    torch.optim.SGD(module.parameters(), lr=1.0).step()
    assert not torch.equal(module.copies[1][0].weight, before) or not before.any()


def test_a_module_is_not_changed_by_its_copies():
    own = network()
    before = copy.deepcopy(own.state_dict())
    module = TaskCopies(own, 2)
    module(torch.randn(9, 3), [0, 1], [4, 5])
    assert all(torch.equal(v, before[k]) for k, v in own.state_dict().items())
    assert module.copies[0][0].weight is not own[0].weight


@pytest.mark.parametrize("assign", [False, True])
def test_weights_are_stored_once_and_shared_again(assign):
    module, other = copies(), copies()
    module(torch.randn(9, 3), [0, 1], [4, 5])
    state = module.state_dict()
    assert "copies.0.0.weight" in state
    assert "copies.1.0.weight" not in state
    assert "copies.1.1.running_mean" in state
    other.load_state_dict(state, assign=assign)
    assert share_weights(other)
    for name, value in module.state_dict().items():
        assert torch.equal(other.state_dict()[name], value), name


def test_copies_of_it_share_weights_too():
    assert share_weights(copy.deepcopy(copies()))
    assert share_weights(pickle.loads(pickle.dumps(copies())))


def test_a_single_sample_is_normalized_by_the_statistics_there_are():
    module = copies()
    found = module(torch.randn(6, 3), [0, 1], [5, 1])
    assert found.isfinite().all()
    assert module.copies[1][1].num_batches_tracked == 0
    assert module.copies[1][1].training


def test_layers_that_are_a_batch_norm_and_more_keep_what_they_do():
    module = TaskCopies(NormAct(3), 2)
    x = torch.randn(8, 3, 4, 4)
    assert (module(x, [0, 1], [4, 4]) >= 0).all()


class TestInAJointModule:
    def build(self, **options):
        layers = (nn.Linear(3, 4), nn.BatchNorm1d(4), nn.ReLU())
        tasks = [describe(n, (3,), (3,), layers, (4,)) for n in "ab"]
        return JointModule(tasks, n_shared=2, n_private=2, shared_depth=1, **options)

    def test_tied_layers_of_the_user_have_statistics_per_task(self):
        module = self.build()
        module([torch.randn(9, 3), 5 + torch.randn(9, 3)])
        first, second = (part.running_mean for part in module.tied[1].copies)
        assert not torch.allclose(first, second)

    def test_frozen_layers_stay_as_they_are_in_training(self):
        module = self.build(frozen=True).train()
        before = copy.deepcopy(module.tied.state_dict())
        module([torch.randn(9, 3), 5 + torch.randn(9, 3)])
        after = module.tied.state_dict()
        assert all(torch.equal(v, after[k]) for k, v in before.items())
        *frozen, bottleneck = module.tied
        assert not any(p.requires_grad for m in frozen for p in m.parameters())
        assert all(p.requires_grad for p in bottleneck.parameters())
