"""The tables of time and memory as the work grows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._tables import Cell, Column, Table

SERIES = {
    "samples": "samples",
    "tasks": "tasks",
    "features": "features",
}


def points(
    runs: Sequence[dict[str, Any]], device: str
) -> dict[str, dict[int, dict[str, Any]]]:
    """The runs by series and size."""
    found: dict[str, dict[int, dict[str, Any]]] = {}
    for run in sorted(runs, key=lambda run: run["size"]):
        if run["device"] == device:
            found.setdefault(run["series"], {})[run["size"]] = run
    return found


def exponent(sizes: Sequence[int], seconds: Sequence[float]) -> float:
    """Slope of log time over log size, of the larger half of the points."""
    half = len(sizes) // 2
    return float(np.polyfit(np.log(sizes[half:]), np.log(seconds[half:]), 1)[0])


def exponent_cells(runs: Sequence[dict[str, Any]], device: str) -> Iterator[Cell]:
    """How time grows in every series of more than two sizes."""
    for series, found in points(runs, device).items():
        sizes = [*found]
        if len(sizes) < 3:
            continue
        values = {
            "first": float(sizes[0]),
            "last": float(sizes[-1]),
            "cpu": exponent(sizes, [point["cpu"] for point in found.values()]),
        }
        yield {"row": series, "column": "exponent", "seed": None, "values": values}


def exponent_table(device: str) -> Table:
    """The exponents of processor time."""
    return Table(
        results="speed/scaling",
        corner="number of",
        columns=[
            Column("from", "exponent", "{first:,.0f}"),
            Column("to", "exponent", "{last:,.0f}"),
            Column("exponent of processor time", "exponent", "{cpu:.2f}"),
        ],
        rows=SERIES,
        derive=lambda runs: exponent_cells(runs, device),
    )


def _point_cells(series: str, device: str) -> Callable[..., Iterator[Cell]]:
    def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
        for size, point in points(runs, device).get(series, {}).items():
            values = {"seconds": point["seconds"], "cpu": point["cpu"]}
            for key in ("bytes", "peak", "anonymous"):
                values[key] = point[key] / 2**20
            yield {"row": str(size), "column": "fit", "seed": None, "values": values}

    return cells


def series_table(series: str, sizes: Sequence[int], device: str) -> Table:
    """Time and memory of every point of a series."""
    return Table(
        results="speed/scaling",
        corner=series,
        columns=[
            Column("seconds", "fit", "{seconds:.2f}"),
            Column("CPU seconds", "fit", "{cpu:.2f}"),
            Column("data MB", "fit", "{bytes:,.0f}"),
            Column("peak MB", "fit", "{peak:,.0f}"),
            Column("anonymous MB", "fit", "{anonymous:,.0f}"),
        ],
        rows={str(size): f"{size:,}" for size in sizes},
        derive=_point_cells(series, device),
    )


TABLES = {"speed/scaling": exponent_table("cpu")}
