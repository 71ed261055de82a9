"""The table of saving and loading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

ROWS = {
    "torch.save": "`torch.save`",
    "torch.load": "`torch.load`",
    "save": "`est.save`",
    "load": "`sk_jae.load`",
    "sha256": "SHA-256 alone",
    "write and sync": "writing and syncing alone",
}


def saving_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Medians, also as multiples of what torch takes to save and to load."""
    for run in runs:
        torch = run["seconds"]["torch.save"] + run["seconds"]["torch.load"]
        for row, seconds in run["seconds"].items():
            values = {"ms": 1000 * seconds, "ratio": seconds / torch}
            yield {"row": row, "column": "time", "seed": None, "values": values}


TABLES = {
    "speed/saving": Table(
        results="speed/saving",
        corner="step",
        columns=[
            Column("median", "time", "{ms:.0f} ms"),
            Column("part of `torch.save` and `torch.load`", "time", "{ratio:.2f}"),
        ],
        rows=ROWS,
        derive=saving_cells,
    )
}
