"""Step 4: many fits in one process, whose memory has to stay as it is."""

from __future__ import annotations

import gc
import os
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from benchmarks.gpu_steps._named_fits import digits
from benchmarks.gpu_steps._recorder import Recorder, Skipped
from sk_jae import JointTransferClassifier, pack

N_FITS = 50
N_ENOUGH = 30
N_SAMPLES = 128
# Allocators and caches have grown by then to what they need.
N_BEFORE = 15
# Megabytes between these fits and the last ones; a net kept by every fit would be more.
HOST_GROWTH = 20.0
DEVICE_GROWTH = 1.0


def run(recorder: Recorder) -> None:
    """The only part."""
    recorder.part(f"{N_FITS} fits", many_fits, recorder, seconds=15)


def many_fits(recorder: Recorder) -> dict[str, Any]:
    """Fit, predict and forget, with the memory after each."""
    device = recorder.device
    X, y = digits(flat=False, n=N_SAMPLES)
    packed, flat = pack(X, [y[0], None])
    trace: list[dict[str, float]] = []
    for seed in range(N_FITS):
        clf = JointTransferClassifier(max_epochs=1, random_state=seed, device=device)
        clf.fit(packed, flat)
        clf.predict(packed)
        parameters = clf.n_parameters_
        del clf
        gc.collect()
        trace.append(memory(device))
        if time.time() > recorder.until - 2:
            break
    if len(trace) < N_ENOUGH:
        raise Skipped(f"there was time for {len(trace)} of {N_FITS} fits only")
    growth = {
        kind: round(_late([one[kind] for one in trace]), 2)
        for kind in trace[0]
        if kind != "device in use"  # other processes may use it too
    }
    checks = {
        f"{kind} is flat": by <= (HOST_GROWTH if kind == "host" else DEVICE_GROWTH)
        for kind, by in growth.items()
    }
    return {
        "fits": len(trace),
        "growth_mb": growth,
        "megabytes_of_a_net": round(4 * parameters / 2**20, 2),
        "first": trace[0],
        "last": trace[-1],
        "checks": checks,
    }


def _late(values: list[float]) -> float:
    """How much more the last five are than five after the beginning."""
    before = values[N_BEFORE : N_BEFORE + 5]
    return statistics.median(values[-5:]) - statistics.median(before)


def memory(device: str) -> dict[str, float]:
    """Megabytes of the process on the host and on the device."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    found = {"host": pages * os.sysconf("SC_PAGE_SIZE") / 2**20}
    if device != "cpu":
        free, total = torch.cuda.mem_get_info(device)
        found["device allocated"] = torch.cuda.memory_allocated(device) / 2**20
        found["device reserved"] = torch.cuda.memory_reserved(device) / 2**20
        found["device in use"] = (total - free) / 2**20
    return found
