"""What the contestants of the speed benchmark are made of, but for ours."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from functools import cache
from typing import Any

import torch
from sklearn.base import clone
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset
from torch.utils.flop_counter import FlopCounterMode

from benchmarks.speed._workloads import Workload
from sk_jae.nn import JointModule, TaskSequential, UpConv2d


def initial_module(workload: Workload) -> JointModule:
    """The module of the estimator, as it is before training."""
    return copy.deepcopy(_untrained(workload))


@cache
def _untrained(workload: Workload) -> JointModule:
    estimator = clone(workload.estimator)
    estimator.set_params(max_epochs=1, lr=1e-12, random_state=0, device="cpu")
    few = [x[:512] for x in workload.X]  # enough for all classes to be among them
    y = workload.y
    if y is not None:
        y = [None if labels is None else labels[:512] for labels in y]
    module = copy.deepcopy(estimator.fit(few, y).module_)
    return module.to(memory_format=torch.contiguous_format)


def plain(module: JointModule) -> JointModule:
    """The same network as one would write it with torch's own layers."""
    module = copy.deepcopy(module)
    module.n_fused = [0] * module.n_tasks  # each branch by itself
    for layers in [m for m in module.modules() if isinstance(m, TaskSequential)]:
        written: list[nn.Module] = []
        for layer in layers:
            if isinstance(layer, UpConv2d):
                written.append(nn.Upsample(scale_factor=layer.factor))
                convolution = nn.Conv2d(
                    layer.in_channels,
                    layer.out_channels,
                    layer.kernel_size,
                    padding=layer.padding,
                )
                convolution.load_state_dict(layer.state_dict())
                layer = convolution
            if isinstance(layer, nn.ReLU) and isinstance(written[-1], nn.MaxPool2d):
                written.insert(-1, layer)
            else:
                written.append(layer)
        while len(layers):
            del layers[-1]
        layers.extend(written)
    return module


class PairsOfSamples(Dataset):
    """One sample of every task at a time, those of smaller tasks in a cycle."""

    def __init__(self, X: Sequence[Any], y: Sequence[Any] | None) -> None:
        self.X = [torch.from_numpy(x) for x in X]
        given = y if y is not None else [None] * len(X)
        self.y = [
            torch.full((len(x),), -1) if one is None else torch.from_numpy(one).long()
            for x, one in zip(X, given, strict=True)
        ]

    def __len__(self) -> int:
        return max(map(len, self.X))

    def __getitem__(self, i: int) -> tuple[list[Tensor], tuple[list[Tensor], ...]]:
        inputs = [x[i % len(x)] for x in self.X]
        return inputs, (inputs, [y[i % len(y)] for y in self.y])


class PairsOfBatches(PairsOfSamples):
    """The same for many samples at once, by one indexed read per task."""

    def __getitems__(self, rows: list[int]) -> Any:
        i = torch.tensor(rows)
        inputs = [x[i % len(x)] for x in self.X]
        return inputs, (inputs, [y[i % len(y)] for y in self.y])


def as_it_is(batch: Any) -> Any:
    return batch


class JointCriterion(nn.Module):
    """The weighted sum of reconstruction and classification errors."""

    def __init__(self, weights: tuple[float, float], labeled: Sequence[bool]) -> None:
        super().__init__()
        self.weights = weights
        self.labeled = labeled

    def forward(self, outputs: Sequence[Any], target: Any) -> Tensor:
        inputs, labels = target
        loss = torch.zeros((), device=inputs[0].device)
        for t, output in enumerate(outputs):
            error = F.mse_loss(output.reconstruction.float(), inputs[t])
            loss = loss + self.weights[0] * error
            if self.labeled[t]:
                entropy = F.cross_entropy(output.logits.float(), labels[t])
                loss = loss + self.weights[1] * entropy
        return loss


def weights_of(workload: Workload) -> dict[str, Any]:
    of = workload.estimator.get_params()
    weights = of["reconstruction_weight"], of.get("classification_weight", 0.0)
    labeled = [one is not None for one in workload.y or [None] * len(workload.X)]
    return {"weights": weights, "labeled": labeled}


def flops_of_a_sample(workload: Workload) -> float:
    """FLOP of a sample of every task, both ways through, as PyTorch counts them."""
    samples = PairsOfSamples(workload.X, workload.y)
    size = 64
    target = [x[:size] for x in samples.X], [y[:size] for y in samples.y]
    module = initial_module(workload)
    with FlopCounterMode(display=False) as counter:
        criterion = JointCriterion(**weights_of(workload))
        criterion(module(target[0]), target).backward()
    return counter.get_total_flops() / size
