"""The table of damaged and hostile files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

ROWS = {
    kind: kind
    for kind in (
        "a bit flipped",
        "a piece cut out",
        "two pieces swapped",
        "a piece zeroed",
        "a piece of another model",
        "a pickle",
        "a pickle in place of the tensors",
        "paths that lead outside",
        "a link in place of the tensors",
        "a zip bomb of 1 GB",
        "tensors of 10^15 bytes",
        "layers of 10^12 weights",
        "NaN in the metadata",
    )
}


def damage_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        values = {name: run[name] for name in ("files", "refused", "loaded")}
        values["faults"] = len(run["faults"])
        values["megabytes"] = run["megabytes"] or 0.0
        yield {"row": run["kind"], "column": "files", "seed": None, "values": values}


TABLES = {
    "reliability/damage": Table(
        results="reliability/damage",
        corner="what is wrong",
        columns=[
            Column("files", "files", "{files:.0f}"),
            Column("refused by name", "files", "{refused:.0f}"),
            Column("loaded", "files", "{loaded:.0f}"),
            Column("anything else", "files", "{faults:.0f}"),
            Column("memory, at most (MB)", "files", "{megabytes:.1f}"),
        ],
        rows=ROWS,
        derive=damage_cells,
    )
}
