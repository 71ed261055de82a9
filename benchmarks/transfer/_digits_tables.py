"""The tables of transfer to digits."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._tables import Cell, Column, Table
from benchmarks.transfer._columns import COLUMNS
from benchmarks.transfer._published import PUBLISHED

SKADA_ROWS = ("MCC", "DeepCORAL", "DANN", "CDAN")
DIGITS_ROWS = (
    "ours",
    "no reconstruction",
    "no private branch",
    "no infomax",
    "no consistency",
    "no augmentation",
    "the paper's losses",
    "source only",
    "source only, augmented",
    "target only",
    "target supervised",
    *SKADA_ROWS,
)
ZERO_LABELS = (
    "mnist-usps",
    "usps-mnist",
    "mnist-usps-full",
    "usps-mnist-full",
    "svhn-mnist",
    "svhn-usps",
    "svhn-mnist-usps",
    "dense",
    "dense-5",
)
BUDGETS = (1, 3, 5, 7, 10, 50)


def digits_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The mean over the targets of a column, of two targets also each by itself."""
    for run in runs:
        accuracy, column = run["accuracy"], run["column"]
        columns = {column: np.mean([*accuracy.values()])}
        if len(accuracy) == 2:
            columns |= {f"{column}: {t}": value for t, value in accuracy.items()}
        for name, value in columns.items():
            values = {"accuracy": 100 * float(value), "seconds": run["seconds"]}
            yield {
                "row": run["row"],
                "column": name,
                "seed": run["seed"],
                "values": values,
            }


def digits_table(names: Sequence[str]) -> Table:
    """All rows of some columns, with published values and where these are from."""
    columns = []
    for name in names:
        targets = COLUMNS[name].targets
        parts = [f"{name}: {t}" for t in targets] if len(targets) == 2 else [name]
        cell = "{accuracy:±.1f} ({n}, {seconds:.0f} s)"
        columns += [Column(part, part, cell) for part in parts]
    quoted, sources = [], []
    for row, values, source in PUBLISHED:
        texts = {name: f"{value:.1f}" for name, value in values.items()}
        if not any(name in texts for name in names):
            continue
        if source not in sources:
            sources.append(source)
        quoted.append((f"*{row}* [{sources.index(source) + 1}]", texts))
    notes: dict[str, list[str]] = {}
    for name in names:
        notes.setdefault(COLUMNS[name].note, []).append(name)
    return Table(
        results="transfer/digits",
        columns=columns,
        rows={row: row for row in DIGITS_ROWS},
        derive=digits_cells,
        quoted=quoted,
        notes=[
            *(f"- {', '.join(names)}: {note}" for note, names in notes.items()),
            *(f"- [{i}] {source}" for i, source in enumerate(sources, 1)),
        ],
    )


OVERVIEW = Table(
    results="transfer/digits",
    columns=[
        Column(header, name, "{accuracy:±.1f}")
        for header, name in (
            ("MNIST → USPS", "mnist-usps"),
            ("USPS → MNIST", "usps-mnist"),
            ("8x8 digits as vectors", "dense"),
        )
    ],
    rows={
        "target supervised": "the labels of the unlabeled task, which nobody has",
        "ours": "`JointTransferClassifier`, defaults",
        "MCC": "MCC of skada, the same network",
        "DeepCORAL": "DeepCORAL of skada, the same network",
        "source only": "the labels of the other task only",
    },
    derive=digits_cells,
)

TABLES = {
    "transfer/overview": OVERVIEW,
    "transfer/digits": digits_table(ZERO_LABELS),
    **{
        f"transfer/few-labels-{pair}": digits_table([f"{pair}-{n}" for n in BUDGETS])
        for pair in ("mnist-usps", "usps-mnist")
    },
}
