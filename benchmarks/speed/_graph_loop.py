"""The hand-written loop whose step is one CUDA graph, for the speed benchmark."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable

import torch

from benchmarks.speed._loops import Jobs, Steps, best_parts, codes_of
from benchmarks.speed._workloads import Workload
from sk_jae.nn import JointModule

_WARM_UP_STEPS = 3


def loop_graphs(workload: Workload, epochs: int, device: str) -> Jobs:
    """The best loop with each step as one replay of a CUDA graph.

    The graph is captured in the preparation, which is not part of a fit. Without CUDA,
    the same step runs as it is.
    """
    step = GraphedStep(*best_parts(workload, device))

    def fit() -> None:
        step.restart()
        for _ in range(epochs):
            step.run_epoch()

    return {
        "fit": fit,
        "transform": lambda: codes_of(step.module, step.steps.X),
        "pickle": lambda: pickle.dumps(step.module),
    }


class GraphedStep:
    """A training step in which nothing but the values of tensors changes.

    Batches have one size. Where the largest task cannot be divided evenly, some of its
    samples come twice in an epoch.
    """

    def __init__(self, steps: Steps, initial: JointModule, dtype: torch.dtype) -> None:
        self.steps, self.dtype = steps, dtype
        self.on_cuda = torch.device(steps.device).type == "cuda"
        self.module = copy.deepcopy(initial).train()
        self.initial = [x.detach().clone() for x in self.module.state_dict().values()]
        self.optimizer = torch.optim.Adam(
            self.module.parameters(),
            lr=steps.lr,
            fused=True,
            capturable=self.on_cuda,
        )
        self.n = max(map(len, steps.X))
        self.n_steps = -(-self.n // steps.size)
        self.size = -(-self.n // self.n_steps)
        device = steps.device
        self.rows = torch.zeros(len(steps.X), self.size, dtype=torch.int64).to(device)
        self.total = torch.zeros((), device=device)
        self.replay = self._captured() if self.on_cuda else self._run_eagerly

    def restart(self) -> None:
        """The weights and the optimizer as they were before the first step."""
        self.module.train()
        with torch.no_grad():
            values = self.module.state_dict().values()
            for value, first in zip(values, self.initial, strict=True):
                value.copy_(first)
            for moments in self.optimizer.state.values():
                for moment in moments.values():
                    moment.zero_()

    def run_epoch(self) -> float:
        """All steps of an epoch; gives the sum of their losses."""
        places = torch.arange(self.n_steps * self.size, device=self.steps.device)
        orders = torch.stack(
            [
                torch.randperm(self.n, device=self.steps.device)[places % self.n]
                % len(x)
                for x in self.steps.X
            ]
        )
        self.total.zero_()
        for start in range(0, len(places), self.size):
            self.rows.copy_(orders[:, start : start + self.size])
            self.replay()
        return self.total.item()

    def _run(self) -> None:
        loss = self.steps.loss(
            self.module, self.rows.unbind(), self.dtype, cache_casts=False
        )
        loss.backward()
        self.optimizer.step()
        self.total += loss.detach()

    def _run_eagerly(self) -> None:
        self.optimizer.zero_grad(set_to_none=True)
        self._run()

    def _captured(self) -> Callable[[], None]:
        # As PyTorch's notes on CUDA graphs have it: some steps on another stream first,
        # and gradients that belong to the memory of the graph.
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            for _ in range(_WARM_UP_STEPS):
                self._run_eagerly()
        torch.cuda.current_stream().wait_stream(stream)
        self.optimizer.zero_grad(set_to_none=True)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            self._run()
        return graph.replay
