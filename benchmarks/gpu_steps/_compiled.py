"""Step 6, ours with its objective compiled, in a process with SK_JAE_COMPILE=1."""

from __future__ import annotations

import os
import warnings
from typing import Any

import numpy as np
import torch._dynamo.utils

from benchmarks.gpu_steps._counting import counts_per_step
from benchmarks.gpu_steps._recorder import Recorder, Skipped
from benchmarks.gpu_steps._speed import measure, workloads
from benchmarks.speed._contestants import ours
from benchmarks.speed._workloads import Workload

NAME = "sk_jae, compiled"
# Relative, of any epoch. In bfloat16, fused operations round less often.
LOSSES_APART = {"float32": 1e-3, "bfloat16": 2e-2}


def run(recorder: Recorder) -> None:
    """A part for each workload."""
    assert os.environ.get("SK_JAE_COMPILE") == "1"
    for name, workload in workloads(recorder.quick).items():
        recorder.part(f"{name}: {NAME}", compare, name, workload, recorder, seconds=15)
        if recorder.quick:
            break  # to compile for a CPU takes long


def compare(name: str, workload: Workload, recorder: Recorder) -> dict[str, Any]:
    """The speed, and the losses beside those of the step before."""
    torch._dynamo.utils.counters.clear()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        outcome = measure(name, workload, NAME, ours, recorder)
    counters = torch._dynamo.utils.counters
    outcome["graphs"] = counters["stats"]["unique_graphs"]
    outcome["skipped_cuda_graphs"] = counters["inductor"]["cudagraph_skips"]
    outcome["warnings"] = sorted({str(one.message)[:200] for one in caught})
    if not outcome["graphs"]:
        raise Skipped(f"nothing was compiled; warnings: {outcome['warnings']}")
    fits = [ours(workload, epochs, recorder.device)["fit"] for epochs in (1, 2)]
    steps = -(-outcome["samples"] // workload.estimator.batch_size)
    outcome["per_step"] = counts_per_step(*fits, steps, recorder.device)
    eager = recorder.results.runs(
        step="speed", part=f"{name}: sk_jae", device=recorder.device_name
    )
    if not eager or "losses" not in eager[-1]:
        return {**outcome, "reason": "no losses without compiling to compare with"}
    n = min(len(outcome["losses"]), len(eager[-1]["losses"]))
    ours_, theirs = (np.array(one["losses"][:n]) for one in (outcome, eager[-1]))
    outcome["losses_apart"] = float(np.max(np.abs(ours_ - theirs) / np.abs(theirs)))
    limit = LOSSES_APART[outcome["precision"]]
    outcome["checks"] = {"the same losses": outcome["losses_apart"] <= limit}
    return outcome
