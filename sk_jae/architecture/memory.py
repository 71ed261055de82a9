"""The memory that is free."""

from __future__ import annotations

__all__ = ["free_memory"]


def free_memory() -> int | None:
    """Bytes that can be allocated, or None if the system does not tell."""
    try:
        with open("/proc/meminfo") as lines:
            found = next(line for line in lines if line.startswith("MemAvailable"))
    except (OSError, StopIteration):
        return None
    return int(found.split()[1]) * 1024
