"""The table of indexing."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

ROWS = (
    "a batch of 256 rows",
    "4 of 5 rows, sorted",
    "4 of 5 rows, shuffled",
    "a mask of every other row",
    "a slice of 4 of 5 rows",
)


def indexing_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Medians over the rounds."""
    for run in runs:
        plain, joint = (
            statistics.median(run["milliseconds"][who]) for who in ("plain", "joint")
        )
        values = {"plain": plain, "joint": joint, "ratio": joint / plain}
        yield {"row": run["rows"], "column": "time", "seed": None, "values": values}


TABLES = {
    "speed/indexing": Table(
        results="speed/indexing",
        corner="rows",
        columns=[
            Column("numpy", "time", "{plain:.3f} ms"),
            Column("`JointArrays`", "time", "{joint:.3f} ms"),
            Column("times as long", "time", "{ratio:.2f}"),
        ],
        rows={row: row for row in ROWS},
        derive=indexing_cells,
    )
}
