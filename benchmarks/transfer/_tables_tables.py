"""What is shown of the transfer between tables of numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._tables import Cell, Column, Table
from benchmarks.transfer._problems import PROBLEMS

ROWS = {
    "ours": "`JointTransferClassifier`, defaults",
    "LR joint": "logistic regression on the labeled task, both scaled together",
    "LR own": "logistic regression on the labeled task, each on its own scale",
    "gradient boosting": "gradient boosting on the labeled task",
    "CORAL": "CORAL of skada",
    "subspace alignment": "subspace alignment of skada",
    "OT mapping": "optimal transport of skada",
    "MCC": "MCC of skada",
    "DeepCORAL": "DeepCORAL of skada",
}
SETS = {
    "gas": "gas sensors, first batch → later ones",
    "activity": "activity, 18 people → 18 others",
    "reviews": "reviews, one kind of goods → another",
    "bearing": "bearing spectra, one sensor → the other",
}


def set_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The mean over the problems of a set, and over the sets, where all are there."""
    groups: dict[tuple[str, int], dict[str, dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["row"], run["seed"]), {})[run["problem"]] = run
    for (row, seed), found in groups.items():
        means = [_mean_of_set(name, found) for name in SETS]
        if all(means):
            over_sets = {k: float(np.mean([m[k] for m in means])) for k in means[0]}
            yield {"row": row, "column": "mean", "seed": seed, "values": over_sets}
        for name, values in zip(SETS, means, strict=True):
            if values:
                yield {"row": row, "column": name, "seed": seed, "values": values}


def _mean_of_set(name: str, found: dict[str, dict[str, Any]]) -> dict[str, float]:
    problems = [p.name for p in PROBLEMS.values() if p.set == name]
    if not all(problem in found for problem in problems):
        return {}
    return {
        "accuracy": 100 * float(np.mean([found[p]["accuracy"] for p in problems])),
        "seconds": float(np.mean([found[p]["seconds"] for p in problems])),
    }


def sets_table(variant: str) -> Table:
    """Rows of methods, and columns of sets."""
    return Table(
        results="transfer/tables",
        columns=[
            *(
                Column(header, name, "{accuracy:±.1f}")
                for name, header in {**SETS, "mean": "mean of the sets"}.items()
            ),
            Column("seconds", "mean", "{seconds:.1f}"),
            Column("seeds", "mean", "{n}"),
        ],
        rows=ROWS,
        derive=lambda runs: set_cells(
            [run for run in runs if run["variant"] == variant]
        ),
    )


def problem_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["problem"],
            "column": run["row"],
            "seed": run["seed"],
            "values": {"accuracy": 100 * run["accuracy"]},
        }


def problems_table(variant: str) -> Table:
    """Rows of problems, and columns of methods."""
    return Table(
        results="transfer/tables",
        columns=[Column(name, name, "{accuracy:±.1f}") for name in ROWS],
        rows={name: name.replace("->", "→") for name in PROBLEMS},
        derive=lambda runs: problem_cells(
            [run for run in runs if run["variant"] == variant]
        ),
    )


TABLES = {
    "transfer/tables": sets_table("all"),
    "transfer/tables-small": sets_table("small"),
    "transfer/tables-shifted": sets_table("shifted"),
    "transfer/tables-problems": problems_table("all"),
}
