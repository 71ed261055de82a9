"""The table of transfers that fail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

NEGATIVE_CASES = {
    "as supposed": "is as supposed",
    "unbalanced": "has 80 % of its samples in 3 of 10 classes",
    "missing classes": "lacks 5 of the 10 classes",
    "new classes": "has 3 classes that no labeled task has",
    "photographs": "shows photographs",
    "noise": "is noise",
}


def negative_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Accuracies in %, and whether the report warns."""
    for run in runs:
        values = {"labeled": 100 * run["source_accuracy"]}
        if "accuracy" in run:
            values["unlabeled"] = 100 * run["accuracy"]
        if run["case"] != "alone":
            values["warned"] = float(bool(run["warning"]))
            values["confidence"] = run["confidence"]
        yield {
            "row": run["case"],
            "column": run["setting"],
            "seed": (run["seed"], run["source"]),
            "values": values,
        }


def negative_table(data: str, *, small: bool) -> Table:
    """What happens if the unlabeled task is not as supposed."""
    wanted = {"data": data, "small": small}
    return Table(
        results="transfer/negative",
        corner="the unlabeled task",
        columns=[
            Column("accuracy on it: default", "defaults", "{unlabeled:.1f}"),
            Column("`infomax_weight=0`", "infomax_weight=0", "{unlabeled:.1f}"),
            Column("on the labeled task: default", "defaults", "{labeled:.1f}"),
            Column("`infomax_weight=0`", "infomax_weight=0", "{labeled:.1f}"),
            Column("confidence", "defaults", "{confidence:.2f}"),
            Column("warned of", "defaults", "{warned:sum} of {n}"),
        ],
        rows={"alone": "is not there", **NEGATIVE_CASES},
        derive=lambda runs: negative_cells(
            [run for run in runs if wanted.items() <= run.items()]
        ),
    )


TABLES = {"transfer/negative": negative_table("digits", small=True)}
