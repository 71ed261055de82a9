"""Who trains the same network in the speed benchmark, and how.

A contestant is a function of a workload, a number of epochs and a device that prepares
what it needs once and returns functions without arguments: "fit" trains anew,
"transform" gives the codes of all samples by the trained model, and "pickle" the bytes
of that.
"""

from __future__ import annotations

import copy
import pickle
import time
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from skorch import NeuralNet
from torch import Tensor, nn

from benchmarks.speed._parts import (
    JointCriterion,
    PairsOfBatches,
    PairsOfSamples,
    as_it_is,
    initial_module,
    plain,
    weights_of,
)
from benchmarks.speed._workloads import Workload
from sk_jae.nn import JointModule

Jobs = dict[str, Callable[[], Any]]


def ours(workload: Workload, epochs: int, device: str) -> Jobs:
    """The estimator as it comes."""
    estimator = workload.estimator.set_params(
        max_epochs=epochs, random_state=0, device=device
    )
    X, y = workload.X, workload.y
    return {
        "fit": lambda: estimator.fit(X, y),
        "transform": lambda: estimator.transform(X),
        "pickle": lambda: pickle.dumps(estimator),
    }


def skorch_stock(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch as it comes, with the network of torch's own layers."""
    return _skorch(
        workload, epochs, device, plain(initial_module(workload)), PairsOfSamples
    )


def skorch_stock_our_module(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch as it comes, with our module."""
    return _skorch(workload, epochs, device, initial_module(workload), PairsOfSamples)


def skorch_tuned(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch with a batch per indexed read, with the network of torch's own layers."""
    tuned = {"iterator_train__collate_fn": as_it_is}
    module = plain(initial_module(workload))
    return _skorch(workload, epochs, device, module, PairsOfBatches, **tuned)


def loop_plain(workload: Workload, epochs: int, device: str) -> Jobs:
    """A hand-written loop over tensors, with the network of torch's own layers."""
    initial = plain(initial_module(workload)).to(device)
    return _loop(_Steps(workload, device), initial, epochs, torch.float32, fused=None)


def loop_best(workload: Workload, epochs: int, device: str) -> Jobs:
    """The same loop with all tricks: our module, its layout, precision, fused Adam."""
    initial = initial_module(workload).to(device)
    steps = _Steps(workload, device)
    if any(isinstance(m, nn.Conv2d) for m in initial.modules()):
        initial = initial.to(memory_format=torch.channels_last)
        steps.X = [x.contiguous(memory_format=torch.channels_last) for x in steps.X]
    return _loop(steps, initial, epochs, steps.faster_precision(initial), fused=True)


def skada_deep_coral(workload: Workload, epochs: int, device: str) -> Jobs:
    """skada's DeepCoral with the layers of the shared branch and its classifier."""
    from skada.deep import DeepCoral

    module = initial_module(workload)
    encoder = nn.Sequential(*module.pre_tied[0], *module.tied, *module.post_tied[0])
    assert module.shared_head is not None
    initial = nn.Sequential()
    initial.add_module("encoder", encoder)
    initial.add_module("head", nn.Sequential(*module.shared_head))
    assert workload.y is not None
    X = np.concatenate(workload.X)
    n_source, n = len(workload.X[0]), len(X)
    y = np.concatenate([workload.y[0], np.full(n - n_source, -1)])
    sample_domain = np.repeat([1, -2], [n_source, n - n_source])

    def fit() -> None:
        net = DeepCoral(
            copy.deepcopy(initial),
            layer_name="encoder",
            batch_size=workload.estimator.batch_size,
            max_epochs=epochs,
            lr=workload.estimator.lr,
            optimizer=torch.optim.Adam,
            train_split=None,
            device=device,
            verbose=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(X, y, sample_domain)

    return {"fit": fit}


CONTESTANTS: dict[str, Callable[[Workload, int, str], Jobs]] = {
    "sk_jae": ours,
    "skorch": skorch_stock,
    "skorch, our module": skorch_stock_our_module,
    "skorch, batched loader": skorch_tuned,
    "loop": loop_plain,
    "best loop": loop_best,
}
ADAPTATION: dict[str, Callable[[Workload, int, str], Jobs]] = {
    "sk_jae": ours,
    "skada DeepCoral": skada_deep_coral,
}


class _Restarted(nn.Module):
    """A module to make anew from initial weights at every fit."""

    def __init__(self, initial: JointModule) -> None:
        super().__init__()
        self.module = copy.deepcopy(initial)

    def forward(self, inputs: Sequence[Tensor]) -> list[Any]:
        if self.training:
            return self.module(inputs)
        return [torch.cat(list(codes), dim=1) for codes in self.module.encode(inputs)]


def _skorch(
    workload: Workload,
    epochs: int,
    device: str,
    module: JointModule,
    data: type[PairsOfSamples],
    **extra: Any,
) -> Jobs:
    criterion = weights_of(workload)
    net = NeuralNet(
        _Restarted,
        module__initial=module,
        criterion=JointCriterion,
        **{f"criterion__{key}": value for key, value in criterion.items()},
        optimizer=torch.optim.Adam,
        lr=workload.estimator.lr,
        batch_size=workload.estimator.batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        device=device,
        verbose=0,
        **extra,
    )
    samples = data(workload.X, workload.y)
    # Predictions go through the samples in order, in skorch's own batches.
    in_order = PairsOfSamples(workload.X, workload.y)

    def transform() -> list[Tensor]:
        batches = list(net.forward_iter(in_order))
        return [torch.cat(list(codes)) for codes in zip(*batches, strict=True)]

    return {
        "fit": lambda: net.fit(samples, None),
        "transform": transform,
        "pickle": lambda: pickle.dumps(net),
    }


class _Steps:
    """The tensors of a hand-written loop, and the loss of a batch of them."""

    def __init__(self, workload: Workload, device: str) -> None:
        samples = PairsOfSamples(workload.X, workload.y)
        self.X = [x.to(device) for x in samples.X]
        self.y = [labels.to(device) for labels in samples.y]
        self.device = device
        self.lr, self.size = workload.estimator.lr, workload.estimator.batch_size
        self.criterion = JointCriterion(**weights_of(workload))

    def loss(
        self, module: JointModule, rows: Sequence[Tensor], dtype: torch.dtype
    ) -> Tensor:
        inputs = [x[i] for x, i in zip(self.X, rows, strict=True)]
        labels = [one[i] for one, i in zip(self.y, rows, strict=True)]
        mixed = dtype != torch.float32
        with torch.autocast(torch.device(self.device).type, dtype, enabled=mixed):
            return self.criterion(module(inputs), (inputs, labels))

    def faster_precision(self, initial: JointModule) -> torch.dtype:
        """The precision in which a step takes less time, the least of five."""
        module, least = copy.deepcopy(initial), {}
        rows = [torch.arange(min(self.size, len(x))) for x in self.X]
        for dtype in (torch.float32, torch.bfloat16):
            seconds = []
            for _ in range(5):
                start = time.perf_counter()
                loss = self.loss(module, rows, dtype)
                loss.backward()
                loss.item()  # waits for the device
                seconds.append(time.perf_counter() - start)
            least[dtype] = min(seconds)
        return min(least, key=lambda dtype: least[dtype])


def _loop(
    steps: _Steps,
    initial: JointModule,
    epochs: int,
    dtype: torch.dtype,
    *,
    fused: bool | None,
) -> Jobs:
    n = max(map(len, steps.X))
    kept: dict[str, JointModule] = {}

    def fit() -> None:
        module = copy.deepcopy(initial)
        optimizer = torch.optim.Adam(module.parameters(), lr=steps.lr, fused=fused)
        kept["module"] = module
        for _ in range(epochs):
            orders = [torch.randperm(n, device=steps.device) % len(x) for x in steps.X]
            total = torch.zeros((), device=steps.device)
            for start in range(0, n, steps.size):
                rows = [order[start : start + steps.size] for order in orders]
                optimizer.zero_grad()
                loss = steps.loss(module, rows, dtype)
                loss.backward()
                optimizer.step()
                total += loss.detach()
            total.item()  # the one number that a user wants to see of an epoch

    def transform() -> list[Tensor]:
        module = kept["module"].eval()
        with torch.inference_mode():
            return [
                torch.cat([_codes(module, t, part) for part in x.split(1024)])
                for t, x in enumerate(steps.X)
            ]

    return {
        "fit": fit,
        "transform": transform,
        "pickle": lambda: pickle.dumps(kept["module"]),
    }


def _codes(module: JointModule, t: int, x: Tensor) -> Tensor:
    alone = [x if i == t else None for i in range(module.n_tasks)]
    return torch.cat(list(module.encode(alone)[t]), dim=1).cpu()
