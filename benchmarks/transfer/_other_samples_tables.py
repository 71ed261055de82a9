"""What is shown of tables that have other samples, or another instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table
from benchmarks.transfer._tables_tables import ROWS as ROWS_OF_TABLES

SETS = ("cancer", "wine", "digits")
KINDS = {"samples": "other samples", "instrument": "another instrument"}
PROBLEMS = {
    f"{name}, {kind}": f"{name}, {title}"
    for kind, title in KINDS.items()
    for name in SETS
}
_SHOWN = ("ours", "LR joint", "LR own", "gradient boosting")
ROWS = {name: ROWS_OF_TABLES[name] for name in _SHOWN}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["row"],
            "column": run["problem"],
            "seed": run["seed"],
            "values": {"accuracy": 100 * run["accuracy"]},
        }


TABLES = {
    "transfer/other_samples": Table(
        results="transfer/other_samples",
        columns=[Column(t, name, "{accuracy:±.1f}") for name, t in PROBLEMS.items()],
        rows=ROWS,
        derive=cells,
    )
}
