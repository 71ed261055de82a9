"""What is shown of tasks that come later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

NAMES = {
    "add_task": "`add_task`",
    "fit": "`fit` of all tasks anew",
    "LR": "logistic regression",
}
AMOUNTS = {"none": "no label", "15": "15 labels", "all": "all labels"}
ROWS = {
    f"{name}, {amount}": f"{label}, {text}"
    for amount, text in AMOUNTS.items()
    for name, label in NAMES.items()
}
PROBLEMS = {
    "gas, batch 3": "gas, batch 3",
    "activity": "activity",
}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        values = {"accuracy": 100 * run["accuracy"], "seconds": run["seconds"]}
        key = {"row": run["row"], "seed": run["seed"]}
        yield {**key, "column": run["problem"], "values": values}
        if run["problem"] == "activity":
            yield {**key, "column": "seconds", "values": values}


TABLES = {
    "transfer/later": Table(
        results="transfer/later",
        columns=[
            *(Column(h, name, "{accuracy:±.1f}") for name, h in PROBLEMS.items()),
            Column("seconds, activity", "seconds", "{seconds:.1f}"),
        ],
        rows=ROWS,
        derive=cells,
    )
}
