"""Devices and precision."""

from __future__ import annotations

import platform

import torch

__all__ = [
    "available_devices",
    "check_device",
    "default_precision",
]


def available_devices() -> list[str]:
    devices = ["cpu"]
    if torch.cuda.is_available():
        devices += ["cuda", *(f"cuda:{i}" for i in range(torch.cuda.device_count()))]
    if torch.backends.mps.is_available():
        devices.append("mps")
    return devices


def check_device(device: str) -> torch.device:
    """The torch device for the parameter `device`.

    Parameters
    ----------
    device : str
        "auto", or a torch device such as "cpu", "cuda", "cuda:1" or "mps".

    Returns
    -------
    device : torch.device

    Raises
    ------
    ValueError
        If there is no such device, or if it cannot be used in this process.
    """
    if torch.cuda._is_in_bad_fork() and str(device) != "cpu":
        raise ValueError(
            f"device={device!r} cannot be used here: this process was forked from one "
            "that uses CUDA, which CUDA does not allow; set device='cpu', or start the "
            "process by 'spawn' or 'forkserver'."
        )
    available = available_devices()
    if device == "auto":
        best = next(d for d in ("cuda", "mps", "cpu") if d in available)
        return torch.device(best)
    if str(device) not in available:
        raise ValueError(
            f"device={device!r} is not available; on this machine there are 'auto', "
            f"{', '.join(map(repr, available))}."
        )
    return torch.device(device)


def default_precision(device: torch.device, *, convolutional: bool) -> str:
    """bfloat16 if the hardware computes it natively and gains by it, else float32.

    A rule on the hardware and not a measurement, so that results do not depend on the
    clock.
    """
    if not convolutional:
        return "float32"
    if device.type == "cuda":
        native = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        native = device.type == "cpu" and _cpu_gains_by_bfloat16()
    return "bfloat16" if native else "float32"


def _cpu_gains_by_bfloat16() -> bool:
    """Whether the CPU computes in bfloat16 at a higher rate than in float32.

    The support that mkldnn reports includes emulation, so this asks the hardware.
    Matrix units (AMX) are made for bfloat16. With the vector units of AMD a training
    step took 0.6 to 0.9 of its time in float32, with those of Intel 1.2 to 1.4 of it.
    """
    if getattr(torch.cpu, "_is_amx_tile_supported", bool)():
        return True
    vectors = getattr(torch.cpu, "_is_avx512_bf16_supported", bool)()
    return vectors and "AuthenticAMD" in cpu_vendor()


def cpu_vendor() -> str:
    """The maker that the CPU names, "AuthenticAMD" or "GenuineIntel"."""
    try:
        with open("/proc/cpuinfo") as lines:
            return next((line for line in lines if line.startswith("vendor_id")), "")
    except OSError:
        return platform.processor()  # on Windows, the maker is part of it
