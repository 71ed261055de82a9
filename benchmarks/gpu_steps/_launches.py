"""Step 6, what a step of training launches on the device."""

from __future__ import annotations

from typing import Any

from benchmarks.gpu_steps._counting import counts_per_step
from benchmarks.gpu_steps._recorder import Recorder
from benchmarks.gpu_steps._speed import RIVALS, Contestant, workloads
from benchmarks.speed._workloads import Workload


def run(recorder: Recorder) -> None:
    """A part for each workload and contestant."""
    chosen = workloads(recorder.quick)
    if recorder.quick:
        chosen.popitem()  # the profiler takes long for the many operators of a CPU
    for rival, contestant in RIVALS.items():
        for name, workload in chosen.items():
            recorder.part(
                f"{name}: {rival}",
                count,
                name,
                workload,
                rival,
                contestant,
                recorder.device,
            )


def count(
    name: str, workload: Workload, rival: str, contestant: Contestant, device: str
) -> dict[str, Any]:
    """Kernels, launches and waits of a step, beyond those of setting up."""
    fits = [contestant(workload, epochs, device)["fit"] for epochs in (1, 2)]
    for fit in fits:
        fit()  # what is loaded and chosen once is not to be counted
    steps = -(-max(map(len, workload.X)) // workload.estimator.batch_size)
    counted = counts_per_step(*fits, steps, device)
    return {"workload": name, "contestant": rival, **counted}
