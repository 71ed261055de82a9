"""What is shown of paired samples."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

ROWS = {
    "ours": "`JointTransferClassifier`, defaults",
    "ours, labels": "the same, and the paired miRNA rows have their labels too",
    "ours, no pairs": "the same, without any pair",
    "LR": "logistic regression on the miRNA rows of the pairs, with their labels",
    "ridge, LR": "ridge from miRNA to mRNA on the pairs, then logistic regression",
}
COLUMNS = {
    "subtypes, all": "all 150 rows paired",
    "subtypes, half": "75 rows",
    "subtypes, 10 %": "15 rows",
}
TRANSLATION_ROWS = {
    "ours": "`JointAutoencoder().translate`",
    "ridge": "ridge",
    "PLS": "PLS",
}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        names = {"accuracy": 100.0, "r2": 1.0, "seconds": 1.0}
        values = {name: run[name] * k for name, k in names.items() if name in run}
        key = {"row": run["row"], "column": run["problem"], "seed": run["seed"]}
        yield {**key, "values": values}


def subtypes_table() -> Table:
    """Rows of methods, and columns of how many rows are paired."""
    return Table(
        results="transfer/pairs",
        columns=[
            *(Column(h, name, "{accuracy:±.1f} ({n})") for name, h in COLUMNS.items()),
            Column("seconds", "subtypes, all", "{seconds:.1f}"),
        ],
        rows=ROWS,
        derive=cells,
    )


def translation_table() -> Table:
    return Table(
        results="transfer/pairs",
        columns=[
            Column("R^2 of the proteins", "proteins", "{r2:±.3f} ({n})"),
            Column("seconds", "proteins", "{seconds:.1f}"),
        ],
        rows=TRANSLATION_ROWS,
        derive=cells,
    )


TABLES = {
    "transfer/pairs": subtypes_table(),
    "transfer/pairs-translation": translation_table(),
}
