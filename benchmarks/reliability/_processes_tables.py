"""The table of fits of one process and of two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table
from benchmarks.reliability._processes import KINDS


def score_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["kind"],
            "column": f"{run['n_processes']}",
            "seed": run["seed"],
            "values": {"score": run["score"], "equal": float(run["are_equal"])},
        }


TABLES = {
    "reliability/processes": Table(
        results="reliability/processes",
        corner="what is trained",
        columns=[
            Column("one process", "1", "{score:±.3f}"),
            Column("two processes", "2", "{score:±.3f}"),
            Column("both equal to the last bit", "2", "{equal:sum} of {n}"),
        ],
        rows={kind: kind for kind in KINDS},
        derive=score_cells,
    )
}
