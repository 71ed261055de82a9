"""What is shown of regression across instruments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._tables import Cell, Column, Table

ROWS = {
    "ours": "`JointTransferRegressor`, defaults",
    "ours, encoder=()": "`JointTransferRegressor(encoder=())`",
    "PLS": "PLS on the first task, the other moved to its mean",
    "ridge": "ridge on all targets, each task on its own scale",
    "DS": "direct standardization, then PLS",
    "PLS of labels": "PLS on the labels of the other task alone",
    "ridge of labels": "ridge on the labels of the other task alone",
}
COLUMNS = {
    "corn, m5 on itself": "m5 on itself",
    "corn, none": "no label, no pair",
    "corn, 5 labels": "5 labels",
    "corn, 15 labels": "15 labels",
    "corn, 5 pairs": "5 pairs",
    "corn, 15 pairs": "15 pairs",
    "corn protein, 15 pairs": "protein, 15 pairs",
    "corn starch, 15 pairs": "starch, 15 pairs",
    "gas, 15 labels": "gas, 15 labels",
}
WITH_AXES = {
    "ours": ROWS["ours"],
    "ours, axes": "the same, `shared_input` has the wavelengths of both",
    "PLS": ROWS["PLS"],
    "ridge": ROWS["ridge"],
    "DS": ROWS["DS"],
    "mean": "the mean of the targets of the first task",
}
OF_PATIENTS = {
    "ours": ROWS["ours"],
    "ridge": ROWS["ridge"],
    "ridge in units": "ridge on the first task, in one unit",
    "mean": WITH_AXES["mean"],
}
PATIENTS = {
    "patients by fresh": "split by s1, s2, s3 or s4",
    "patients by": "split by age, bmi, bp, s5 or s6",
}
OTHERS = {
    "other sampling, none": "other wavelengths, no label",
    "other sampling, 10 pairs": "other wavelengths, 10 pairs",
    "gas, none": "gas, no label",
}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The mean of a column's problems, where all of them are there."""
    found: dict[tuple[str, str, int], list[dict[str, Any]]] = {}
    for run in runs:
        column = next(
            c for c in (*COLUMNS, *OTHERS, *PATIENTS) if run["problem"].startswith(c)
        )
        found.setdefault((run["row"], column, run["seed"]), []).append(run)
    for (row, column, seed), group in found.items():
        rmse = float(np.mean([run["rmse"] for run in group]))
        yield {"row": row, "column": column, "seed": seed, "values": {"rmse": rmse}}


def table(
    rows: dict[str, str], columns: dict[str, str], form: str = "{rmse:±.3f}"
) -> Table:
    return Table(
        results="transfer/regression",
        columns=[Column(h, name, form) for name, h in columns.items()],
        rows=rows,
        derive=cells,
        missing="-",
    )


TABLES = {
    "transfer/regression": table(ROWS, COLUMNS),
    "transfer/regression-others": table(WITH_AXES, OTHERS),
    "transfer/regression-patients": table(OF_PATIENTS, PATIENTS, "{rmse:±.1f}"),
}
