"""Step 6, ours with its objective compiled: with the switch SK_JAE_COMPILE.

It compiles anew in every fit, so that the time of an epoch is that of later epochs of
one fit. On the CPU, whose compiler takes long, it is PyTorch's compiler without code
of its own, which shows that the switch works and nothing else.
"""

from __future__ import annotations

import os
import statistics
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch._dynamo
from torch._dynamo.utils import counters

from benchmarks.gpu_steps._counting import counts_per_step
from benchmarks.gpu_steps._recorder import Recorder, Skipped
from benchmarks.gpu_steps._speed import of_ours, workloads
from benchmarks.gpu_steps._timing import seconds_of
from benchmarks.speed._contestants import ours
from benchmarks.speed._workloads import Workload

NAME = "sk_jae, compiled"
EPOCHS = 12
# Epochs in which graphs are compiled, warmed up and recorded.
N_BEFORE = 2
# Relative, of any epoch. In bfloat16, fused operations round less often.
LOSSES_APART = {"float32": 1e-3, "bfloat16": 2e-2}


def run(recorder: Recorder) -> None:
    """Parts for the speed of each workload, then for the launches of each."""
    os.environ["SK_JAE_COMPILE"] = "1" if recorder.on_cuda else "aot_eager"
    chosen = workloads(recorder.quick)
    if recorder.quick:
        chosen.popitem()
    for name, workload in chosen.items():
        recorder.part(f"{name}: speed", train, name, workload, recorder, seconds=12)
    for name, workload in chosen.items():
        recorder.part(
            f"{name}: launches", count, name, workload, recorder.device, seconds=12
        )


def train(name: str, workload: Workload, recorder: Recorder) -> dict[str, Any]:
    """The time of an epoch, and the losses beside those without compiling."""
    torch._dynamo.reset()
    counters.clear()
    jobs = ours(workload, EPOCHS, recorder.device)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seconds = seconds_of(jobs["fit"], recorder.device)
    texts = sorted({str(one.message)[:200] for one in caught})
    graphs = counters["stats"]["unique_graphs"]
    if not graphs:
        raise Skipped(f"nothing was compiled; warnings: {texts}")
    durations = [row["dur"] for row in jobs["history"]()]
    outcome = {
        "workload": name,
        "contestant": NAME,
        "epoch_seconds": statistics.median(durations[N_BEFORE:]),
        "first_fit": round(seconds, 2),
        "first_epochs": [round(x, 3) for x in durations[:N_BEFORE]],
        "samples": max(map(len, workload.X)),
        "tasks": len(workload.X),
        "graphs": graphs,
        "skipped_cuda_graphs": counters["inductor"]["cudagraph_skips"],
        "warnings": texts,
        **of_ours(workload, jobs),
    }
    checks = {"no return to eager": not any("cannot be compiled" in x for x in texts)}
    theirs = eager_losses(name, recorder)
    if theirs:
        apart = losses_apart(outcome["losses"], theirs)
        outcome["losses_apart"] = apart
        checks["the same losses"] = apart <= LOSSES_APART[outcome["precision"]]
    return {**outcome, "checks": checks}


def eager_losses(name: str, recorder: Recorder) -> Sequence[float]:
    """The losses that step "speed" recorded for the same fit, if it did."""
    runs = recorder.results.runs(
        step="speed", part=f"{name}: sk_jae", device=recorder.device_name
    )
    return runs[-1].get("losses", []) if runs else []


def losses_apart(one: Sequence[float], other: Sequence[float]) -> float:
    """The largest relative difference in the epochs that both have."""
    n = min(len(one), len(other))
    a, b = np.array(one[:n]), np.array(other[:n])
    return float(np.max(np.abs(a - b) / np.abs(b)))


def count(name: str, workload: Workload, device: str) -> dict[str, Any]:
    """Kernels, launches and waits of a step of a compiled fit."""
    fits = [ours(workload, epochs, device)["fit"] for epochs in (1, 2)]
    steps = -(-max(map(len, workload.X)) // workload.estimator.batch_size)
    counted = counts_per_step(*fits, steps, device)
    return {"workload": name, "contestant": NAME, **counted}
