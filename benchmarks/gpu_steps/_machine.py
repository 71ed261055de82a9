"""Step 1: the card, its versions, and what it is capable of."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch

from benchmarks.gpu_steps._recorder import Recorder, Skipped
from benchmarks.gpu_steps._timing import typical_seconds

PACKAGES = ("torch", "numpy", "scipy", "scikit-learn", "skorch", "pandas", "pytest")
QUERY = "name,driver_version,memory.total,clocks.sm,clocks.max.sm,power.limit"

INSTALLED = """
import sys
import numpy as np, sk_jae
X = [np.random.default_rng(t).random((200, 20 + t), dtype="float32") for t in (0, 1)]
jae = sk_jae.JointAutoencoder(max_epochs=2, random_state=0, device=sys.argv[1]).fit(X)
assert jae.transform(X)[1].shape == (200, 64)
print(sk_jae.__file__)
"""


def run(recorder: Recorder) -> None:
    """The parts of this step."""
    device = recorder.device
    recorder.part("versions", versions, recorder)
    recorder.part("copy", copy_rates, device, recorder.quick)
    for name in ("float32", "float32 as TF32", "bfloat16"):
        recorder.part(
            f"matrix product, {name}", matrix_rate, name, device, recorder.quick
        )
    recorder.part("the package without the checkout", installed, device, seconds=15)


def versions(recorder: Recorder) -> dict[str, Any]:
    """The card and driver, and the software."""
    found: dict[str, Any] = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "not installed"
    found["cores"] = os.cpu_count()
    if not recorder.on_cuda:
        return {**found, "threads": torch.get_num_threads()}
    card = torch.cuda.get_device_properties(recorder.device)
    return {
        **found,
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "card": card.name,
        "memory_gib": round(card.total_memory / 2**30, 1),
        "multiprocessors": card.multi_processor_count,
        "capability": f"{card.major}.{card.minor}",
        "bfloat16": torch.cuda.is_bf16_supported(including_emulation=False),
        "nvidia_smi": nvidia_smi(),
    }


def nvidia_smi() -> str:
    """What the driver says of the card."""
    command = ["nvidia-smi", f"--query-gpu={QUERY}", "--format=csv,noheader"]
    try:
        output = subprocess.run(
            command, capture_output=True, text=True, timeout=20, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError) as error:
        return f"not to be had: {error}"
    return f"{QUERY}: {output.strip()}"


def copy_rates(device: str, quick: bool) -> dict[str, Any]:
    """GB/s within the device's memory, read and written, and to it from the host's."""
    n = 2**24 if quick else 2**31
    source = torch.empty(n, dtype=torch.uint8, device=device).random_()
    target = torch.empty_like(source)
    # Bytes are both read and written.
    rates: dict[str, Any] = {"gb_per_s": 2 * copy_rate(source, target, device)}
    if device == "cpu":
        return {**rates, "reason": "no copies to the device without CUDA"}
    # As much as a large batch has, and as a small data set has.
    for size in (2**16, 2**26):
        on_host = source[:size].cpu()
        for kind, host in (("pageable", on_host), ("pinned", on_host.pin_memory())):
            name = f"from {kind} memory, {size // 1024} KiB"
            rates[name] = copy_rate(host, target[:size], device)
    return rates


def copy_rate(source: torch.Tensor, target: torch.Tensor, device: str) -> float:
    """GB/s of copying all bytes of one tensor to another."""
    seconds = typical_seconds(lambda: target.copy_(source, non_blocking=True), device)
    return round(source.nbytes / seconds / 1e9, 2)


def matrix_rate(name: str, device: str, quick: bool) -> dict[str, Any]:
    """TFLOP/s of a product of two large square matrices of random numbers."""
    if name == "float32 as TF32" and device == "cpu":
        raise Skipped("TF32 needs CUDA")
    n = 512 if quick else 8192
    dtype = torch.bfloat16 if name == "bfloat16" else torch.float32
    a, b = (torch.randn(n, n, device=device).to(dtype) for _ in range(2))
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if "TF32" in name else "highest")
    try:
        seconds = typical_seconds(lambda: a @ b, device, calls=5)
    finally:
        torch.set_float32_matmul_precision(before)
    return {"tflop_per_s": round(2 * n**3 / seconds / 1e12, 3), "side": n}


def installed(device: str) -> dict[str, Any]:
    """A small fit with the installed package, away from the checkout."""
    try:
        version("sk_jae")
    except PackageNotFoundError:
        raise Skipped("the wheel of the package is not installed") from None
    with tempfile.TemporaryDirectory() as folder:
        child = subprocess.run(
            [sys.executable, "-P", "-c", INSTALLED, device],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
        )
    if child.returncode:
        raise RuntimeError(child.stderr[-2000:])
    return {"version": version("sk_jae"), "file": child.stdout.strip()}
