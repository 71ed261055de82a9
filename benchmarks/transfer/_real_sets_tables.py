"""The short table of real sets: ours, a plain model, and the best of other methods."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._results import Results, results_path
from benchmarks._tables import Cell, Column, Table
from benchmarks.transfer._digits_tables import SKADA_ROWS, digits_cells
from benchmarks.transfer._tables_tables import SETS, set_cells

OTHERS = ("CORAL", "subspace alignment", "OT mapping", *SKADA_ROWS)
DIGITS = "mnist-usps"


def real_set_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Rows of sets and columns of methods."""
    cells = list(set_cells([run for run in runs if run["variant"] == "all"]))
    digits = Results(results_path("transfer/digits")).read()
    measured = list(digits_cells([r for r in digits["runs"] if r["column"] == DIGITS]))
    anew = {cell["row"] for cell in measured}
    cells += measured
    cells += [
        cell
        for cell in digits["summaries"]["cells"]
        if cell["column"] == DIGITS and cell["row"] not in anew
    ]
    plain = dict.fromkeys(SETS, "LR own") | {DIGITS: "source only"}
    for name in (*SETS, DIGITS):
        of_set = [cell for cell in cells if cell["column"] == name]
        chosen = {"ours": "ours", "plain": plain[name], "others": _best(of_set)}
        for column, row in chosen.items():
            for cell in of_set:
                if cell["row"] == row:
                    yield {**cell, "row": name, "column": column}


def _best(cells: Sequence[Cell]) -> str:
    """The other method with the largest mean over seeds."""
    means = {
        row: np.mean([_mean(c["values"]["accuracy"]) for c in cells if c["row"] == row])
        for row in OTHERS
        if any(c["row"] == row for c in cells)
    }
    return max(means, key=lambda row: means[row])


def _mean(value: Any) -> float:
    """A summary has a mean and a spread in place of one value."""
    return float(value[0] if isinstance(value, list) else value)


TABLES = {
    "transfer/real-sets": Table(
        results="transfer/tables",
        columns=[
            Column("`JointTransferClassifier`, defaults", "ours", "{accuracy:±.1f}"),
            Column("plain model", "plain", "{accuracy:±.1f}"),
            Column("best of skada", "others", "{accuracy:±.1f}"),
        ],
        rows={**SETS, DIGITS: "digits, MNIST → USPS"},
        derive=real_set_cells,
        corner="labels of the first, accuracy on the second",
    )
}
