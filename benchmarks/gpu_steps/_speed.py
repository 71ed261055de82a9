"""Step 6: samples per second of ours and of others, on noise in the data's shapes.

Every contestant trains for one epoch and for several, so that the time of an epoch can
be told from that of setting up. Three modules run parts of it in processes of their
own: this one, `_launches` and `_compiled`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from benchmarks.gpu_steps._recorder import Recorder
from benchmarks.gpu_steps._timing import seconds_of
from benchmarks.speed._contestants import CONTESTANTS
from benchmarks.speed._graph_loop import loop_graphs
from benchmarks.speed._loops import Jobs
from benchmarks.speed._parts import flops_of_a_sample
from benchmarks.speed._workloads import (
    WORKLOADS,
    Workload,
    noise_images,
    random_images,
)

Contestant = Callable[[Workload, int, str], Jobs]

# The first two have targets of their own.
NAMES = (
    *("dense, batch 64", "Figure 2", "dense, batch 256"),
    *("Figure 7", "Figure 8", "Figure 4"),
)
QUICK_NAMES = ("dense, batch 64", "Figure 7")
RIVALS: dict[str, Contestant] = {
    **{name: CONTESTANTS[name] for name in ("sk_jae", "skorch", "best loop", "loop")},
    # The last one: if a graph cannot be captured, CUDA may be of no use afterwards.
    "best loop, graphs": loop_graphs,
}
ROUNDS = 3
FIT_SECONDS = 0.4
MOST_EPOCHS = 60


def run(recorder: Recorder) -> None:
    """A part for each workload and contestant."""
    chosen = workloads(recorder.quick)
    for rival, contestant in RIVALS.items():
        for name, workload in chosen.items():
            recorder.part(
                f"{name}: {rival}",
                measure,
                name,
                workload,
                rival,
                contestant,
                recorder,
                seconds=4,
            )


def workloads(quick: bool) -> dict[str, Workload]:
    """What is trained, by name."""
    images = random_images if quick else noise_images
    return {name: WORKLOADS[name](images) for name in (QUICK_NAMES if quick else NAMES)}


def measure(
    name: str,
    workload: Workload,
    rival: str,
    contestant: Contestant,
    recorder: Recorder,
) -> dict[str, Any]:
    """Seconds of short and long fits and of predictions, and the device's memory."""
    device, rounds = recorder.device, 1 if recorder.quick else ROUNDS
    short = contestant(workload, 1, device)
    first = seconds_of(short["fit"], device)
    one = [seconds_of(short["fit"], device) for _ in range(rounds)]
    epochs = min(max(2, round(FIT_SECONDS / min(one))), MOST_EPOCHS)
    if recorder.quick:
        epochs = 2
    long = contestant(workload, epochs, device)
    peak = memory_of(long["fit"], device)
    many = [seconds_of(long["fit"], device) for _ in range(rounds)]
    long["transform"]()
    transform = [seconds_of(long["transform"], device) for _ in range(rounds)]
    sizes = [len(x) for x in workload.X]
    outcome = {
        "workload": name,
        "contestant": rival,
        "epochs": epochs,
        "first_fit": round(first, 4),
        "one_epoch": [round(x, 5) for x in one],
        "all_epochs": [round(x, 5) for x in many],
        "transform": [round(x, 5) for x in transform],
        # An epoch goes through the largest task, and repeats smaller ones.
        "samples": max(sizes),
        "tasks": len(sizes),
        "transformed": sum(sizes),
        "peak_mb": peak,
    }
    if "history" in long:
        outcome |= of_ours(workload, long)
    return outcome


def of_ours(workload: Workload, jobs: Jobs) -> dict[str, Any]:
    """What only ours tells of a fit."""
    rows = jobs["history"]()
    return {
        "losses": [round(row["train_loss"], 6) for row in rows],
        "precision": jobs["precision"](),
        "flops": flops_of_a_sample(workload),
    }


def memory_of(fit: Callable[[], Any], device: str) -> float | None:
    """Megabytes that a fit takes of the device, beside what was there before."""
    if device == "cpu":
        fit()
        return None
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    fit()
    peak = torch.cuda.max_memory_allocated(device)
    return round((peak - before) / 2**20, 1)
