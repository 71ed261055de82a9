"""Loops over batches as one writes them by hand, for the speed benchmark."""

from __future__ import annotations

import copy
import pickle
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.speed._parts import (
    JointCriterion,
    PairsOfSamples,
    initial_module,
    plain,
    weights_of,
)
from benchmarks.speed._workloads import Workload
from sk_jae.nn import JointModule

Jobs = dict[str, Callable[[], Any]]


def loop_plain(workload: Workload, epochs: int, device: str) -> Jobs:
    """A hand-written loop over tensors, with the network of torch's own layers."""
    initial = plain(initial_module(workload)).to(device)
    return _loop(Steps(workload, device), initial, epochs, torch.float32, fused=None)


def loop_best(workload: Workload, epochs: int, device: str) -> Jobs:
    """The same loop with all tricks: our module, its layout, precision, fused Adam."""
    steps, initial, dtype = best_parts(workload, device)
    return _loop(steps, initial, epochs, dtype, fused=True)


def best_parts(workload: Workload, device: str) -> tuple[Steps, JointModule, Any]:
    """The samples and our module in their best layout, and the faster precision."""
    initial = initial_module(workload).to(device)
    steps = Steps(workload, device)
    if any(isinstance(m, nn.Conv2d) for m in initial.modules()):
        initial = initial.to(memory_format=torch.channels_last)
        steps.X = [x.contiguous(memory_format=torch.channels_last) for x in steps.X]
    return steps, initial, steps.faster_precision(initial)


class Steps:
    """The tensors of a hand-written loop, and the loss of a batch of them."""

    def __init__(self, workload: Workload, device: str) -> None:
        samples = PairsOfSamples(workload.X, workload.y)
        self.X = [x.to(device) for x in samples.X]
        self.y = [labels.to(device) for labels in samples.y]
        self.device = device
        self.lr, self.size = workload.estimator.lr, workload.estimator.batch_size
        self.criterion = JointCriterion(**weights_of(workload))

    def loss(
        self,
        module: JointModule,
        rows: Sequence[Tensor],
        dtype: torch.dtype,
        *,
        cache_casts: bool = True,
    ) -> Tensor:
        inputs = [x[i] for x, i in zip(self.X, rows, strict=True)]
        labels = [one[i] for one, i in zip(self.y, rows, strict=True)]
        mixed = dtype != torch.float32
        with torch.autocast(
            torch.device(self.device).type,
            dtype,
            enabled=mixed,
            cache_enabled=cache_casts,
        ):
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
    steps: Steps,
    initial: JointModule,
    epochs: int,
    dtype: torch.dtype,
    *,
    fused: bool | None,
) -> Jobs:
    n = max(map(len, steps.X))
    kept: dict[str, JointModule] = {}

    def fit() -> None:
        module = copy.deepcopy(initial).train()
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

    return {
        "fit": fit,
        "transform": lambda: codes_of(kept["module"], steps.X),
        "pickle": lambda: pickle.dumps(kept["module"]),
    }


def codes_of(module: JointModule, X: Sequence[Tensor]) -> list[Tensor]:
    """The codes of all samples, in batches, on the CPU."""
    module.eval()
    with torch.inference_mode():
        return [
            torch.cat([_codes(module, t, part) for part in x.split(1024)])
            for t, x in enumerate(X)
        ]


def _codes(module: JointModule, t: int, x: Tensor) -> Tensor:
    alone = [x if i == t else None for i in range(module.n_tasks)]
    return torch.cat(list(module.encode(alone)[t]), dim=1).cpu()
