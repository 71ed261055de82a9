"""What is shown of tables that have other samples, or another instrument."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

SETS = ("cancer", "wine", "digits")
KINDS = {"samples": "other samples", "instrument": "another instrument"}
PROBLEMS = {
    f"{name}, {kind}": f"{name}, {title}"
    for kind, title in KINDS.items()
    for name in SETS
}
ROWS = {
    "ours": "`JointTransferClassifier`, defaults",
    "LR joint": "logistic regression on the labeled task, both scaled together",
    "LR own": "logistic regression on the labeled task, each on its own scale",
    "gradient boosting": "gradient boosting on the labeled task",
}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["row"],
            "column": run["problem"],
            "seed": run["seed"],
            "values": {"accuracy": 100 * run["accuracy"]},
        }


TABLES = {
    "transfer/chosen": Table(
        results="transfer/chosen",
        columns=[Column(t, name, "{accuracy:±.1f}") for name, t in PROBLEMS.items()],
        rows=ROWS,
        derive=cells,
    )
}
