"""What a step gives to the device: kernels, launches and waits, by the profiler."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from torch.autograd import DeviceType
from torch.profiler import ProfilerActivity, profile

from benchmarks.gpu_steps._timing import synchronize

LAUNCHES = (
    *("cudaLaunchKernel", "cudaLaunchKernelExC", "cuLaunchKernel", "cuLaunchKernelEx"),
    *("cudaGraphLaunch", "cudaMemcpyAsync", "cudaMemsetAsync"),
)
WAITS = ("cudaStreamSynchronize", "cudaDeviceSynchronize", "cudaEventSynchronize")
_MOST_NAMES = 12


def counts_per_step(
    short: Callable[[], Any], long: Callable[[], Any], steps: int, device: str
) -> dict[str, Any]:
    """What the steps have that `long` runs and `short` does not, each on average.

    On the CPU, where nothing is launched, it counts PyTorch's operators.
    """
    more = _events(long, device)
    more.subtract(_events(short, device))
    if device == "cpu":
        n = sum(n for name, n in more.items() if name.startswith("aten::"))
        return {"operators": round(n / steps, 1)}
    kernels = sum(n for name, n in more.items() if name.startswith("kernel "))
    calls = {name: n for name, n in more.items() if name.startswith("cu")}
    common = sorted(calls, key=lambda name: -calls[name])[:_MOST_NAMES]
    return {
        "kernels": round(kernels / steps, 1),
        "launches": round(sum(calls.get(name, 0) for name in LAUNCHES) / steps, 1),
        "waits": round(sum(calls.get(name, 0) for name in WAITS) / steps, 2),
        "calls": {name: round(calls[name] / steps, 2) for name in common},
    }


def _events(function: Callable[[], Any], device: str) -> Counter[str]:
    activity = ProfilerActivity.CPU if device == "cpu" else ProfilerActivity.CUDA
    with profile(activities=[activity], acc_events=True) as profiler:
        function()
        synchronize(device)
    return Counter(_name(event) for event in profiler.events())


def _name(event: Any) -> str:
    if event.device_type != DeviceType.CUDA:
        return event.name
    # Ranges that PyTorch or a user has named are shown on the device too.
    if getattr(event, "is_user_annotation", False) or "#" in event.name:
        return "range"
    kind = "copy" if event.name.startswith(("Memcpy", "Memset")) else "kernel"
    return f"{kind} {event.name}"
