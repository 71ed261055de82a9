"""The table of signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

DIRECTIONS = {
    "drive end -> fan end": "bearings: drive end → fan end",
    "fan end -> drive end": "bearings: fan end → drive end",
    "load 0 -> 3": "bearings: load 0 → 3",
    "load 3 -> 0": "bearings: load 3 → 0",
    "128 steps at 64/s -> 256 at 64/s": "waveforms: 128 steps → 256 steps, one rate",
    "128 steps at 64/s -> 64 at 32/s": "waveforms: 128 steps → 64 steps, half the rate",
}


def signal_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["direction"],
            "column": "all",
            "seed": run["seed"],
            "values": {
                "target": 100 * run["accuracy"],
                "source": 100 * run["source_accuracy"],
                "seconds": run["fit_seconds"],
            },
        }


TABLES = {
    "transfer/signals": Table(
        results="transfer/signals",
        corner="labeled → unlabeled",
        columns=[
            Column("accuracy, unlabeled task", "all", "{target:±.1f}"),
            Column("accuracy, labeled task", "all", "{source:±.1f}"),
            Column("processor seconds of a fit", "all", "{seconds:.0f}"),
            Column("seeds", "all", "{n}"),
        ],
        rows=DIRECTIONS,
        derive=signal_cells,
    )
}
