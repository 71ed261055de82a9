"""Layers for other runtimes, and one task of a joint module, compute the same."""

from __future__ import annotations

import pytest
import torch

from sk_jae.architecture import describe
from sk_jae.nn import (
    BandPower,
    CommonSignals,
    CommonView,
    DecoderOfTask,
    EncoderOfTask,
    HeadsOfTask,
    JointModule,
    LogPower,
    PositiveProportions,
    TaskBatchNorm,
    UpConv2d,
)
from sk_jae.nn.portable import portable

GAINS = [[0.5 + k / 21 for k in range(21)]] * 2
CASES = {
    "signals down": (CommonSignals(40, GAINS), (2, 64)),
    "signals of an odd length": (CommonSignals(33), (2, 65)),
    "signals of one length": (CommonSignals(40, GAINS), (2, 40)),
    "bands": (BandPower(10), (2, 64)),
    "many bands": (BandPower(64), (1, 301)),
    "few bands": (BandPower(3), (2, 31)),
    "power": (LogPower(), (2, 40)),
    "profile": (LogPower(8), (2, 61)),
    "kernels": (PositiveProportions(2, 3, 8, 2, torch.Generator()), (2, 61)),
    "gray picture": (CommonView((1, 20, 22)), (3, 16, 16)),
    "color picture": (CommonView((3, 12, 30)), (1, 16, 16)),
    "opaque picture": (CommonView((3, 16, 16)), (4, 16, 16)),
    "upsampling": (UpConv2d(2, 3, (5, 3), 2), (2, 5, 6)),
    "upsampling by 4": (UpConv2d(2, 3, (5, 5), 4), (2, 5, 6)),
}


@pytest.mark.parametrize("case", CASES)
def test_portable_layers_equal_the_layers(case):
    layer, shape = CASES[case]
    x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
    found = portable([layer], x)
    assert not any(type(part) is type(layer) for part in found) or case == "power"
    with torch.no_grad():
        torch.testing.assert_close(found(x), layer(x), rtol=1e-5, atol=1e-5)


def test_batch_normalization_has_the_statistics_of_one_task():
    norm = TaskBatchNorm(3, n_tasks=2)
    norm.running_mean[1] = 5.0
    norm.eval()
    x = torch.randn(4, 3)
    torch.testing.assert_close(portable([norm], x, 1)(x), norm(x, [1]))
    assert not torch.allclose(portable([norm], x, 0)(x), norm(x, [1]))


def joint(n_shared=3, n_private=2, layers="FC 8, BN", **options):
    tasks = [describe(n, s, s, layers, "mirror") for n, s in (("a", (5,)), ("b", (5,)))]
    module = JointModule(
        tasks, n_shared=n_shared, n_private=n_private, shared_depth=1, **options
    )
    module([torch.randn(9, 5), 3 + torch.randn(9, 5)])  # moves the batch statistics
    return module.eval()


@pytest.mark.parametrize("task", [0, 1])
@pytest.mark.parametrize("layers", ["FC 8, BN", ()])
def test_the_parts_of_one_task_equal_the_joint_module(task, layers):
    mask = torch.tensor([[True, True, False], [True, True, True]])
    module = joint(layers=layers, n_classes=3, private_heads=[task], class_mask=mask)
    x = torch.randn(6, 5)
    inputs = [x if t == task else None for t in range(2)]
    encoder = EncoderOfTask(module, task, (5,), "both")
    with torch.no_grad():
        z, wanted = encoder(x), module(inputs)[task]
        torch.testing.assert_close(z, wanted.codes)
        heads = HeadsOfTask(module, task)
        assert heads.codes == "both"
        torch.testing.assert_close(heads(z), wanted.logits)
        decoder = DecoderOfTask(module, task, "both")
        torch.testing.assert_close(decoder(z), wanted.reconstruction)
        decoder = DecoderOfTask(module, 1 - task, "shared")
        torch.testing.assert_close(decoder(z), module.decode(1 - task, z, "shared"))


@pytest.mark.parametrize(("n_shared", "n_private"), [(3, 0), (0, 2)])
def test_branches_that_are_not_there(n_shared, n_private):
    module = joint(n_shared, n_private)
    x = torch.randn(6, 5)
    with torch.no_grad():
        z = EncoderOfTask(module, 1, (5,), "both")(x)
        wanted = module([None, x])[1]
        torch.testing.assert_close(z, wanted.codes)
        found = DecoderOfTask(module, 1, "both")(z)
        torch.testing.assert_close(found, wanted.reconstruction)


def test_a_program_has_no_weights_of_other_tasks():
    module = joint(n_classes=2, layers="FC 8")
    part = EncoderOfTask(module, 0, (5,), "shared")
    shared = sum(p.numel() for p in module.tied.parameters())
    assert sum(p.numel() for p in part.parameters()) == shared
