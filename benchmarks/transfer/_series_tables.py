"""The table of single tasks of signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

SETS = (
    "ArrowHead",
    "BasicMotions",
    "GunPoint",
    "ItalyPowerDemand",
    "JapaneseVowels",
    "UnitTest",
    "OSULeaf",
    "ACSF1",
    "PickupGestureWiimoteZ",
    "Trace",
)


def series_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        values = {"accuracy": 100 * run["accuracy"], "seconds": run["fit_seconds"]}
        yield {
            "row": run["set"],
            "column": run["row"],
            "seed": run["seed"],
            "values": values,
        }


TABLES = {
    "transfer/series": Table(
        results="transfer/series",
        corner="set",
        columns=[
            Column("`JointTransferClassifier`, defaults", "ours", "{accuracy:±.1f}"),
            Column("processor seconds of a fit", "ours", "{seconds:.0f}"),
            Column("MiniRocket of aeon", "MiniRocket", "{accuracy:±.1f}"),
            Column("nearest neighbor", "nearest neighbor", "{accuracy:.1f}"),
            Column("ridge", "ridge", "{accuracy:.1f}"),
        ],
        rows={name: name for name in SETS},
        derive=series_cells,
    )
}
