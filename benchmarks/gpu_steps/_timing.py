"""Seconds of work on a device."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from typing import Any

import torch


def synchronize(device: str) -> None:
    """Wait until the device has done all that it was given."""
    if device != "cpu":
        torch.cuda.synchronize(device)


def seconds_of(function: Callable[[], Any], device: str) -> float:
    """Seconds of one call, to its end on the device."""
    synchronize(device)
    start = time.perf_counter()
    function()
    synchronize(device)
    return time.perf_counter() - start


def typical_seconds(
    function: Callable[[], Any], device: str, *, calls: int = 10, rounds: int = 5
) -> float:
    """Median over rounds of the seconds per call, when many calls are waiting."""

    def many() -> None:
        for _ in range(calls):
            function()

    many()  # loads kernels and raises clocks
    return statistics.median(seconds_of(many, device) / calls for _ in range(rounds))
