"""The tables of the paper's experiments, with the paper's own values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

Published = Mapping[tuple[str, str], float]

HALVES = ("{0-4} → {5-9}", "{5-9} → {0-4}")
DEPTHS = tuple(f"depth {depth}" for depth in range(1, 6))
BUDGETS = tuple(f"{n} per class" for n in (5, 10, 25, 50))
PAIRS = ("A-D", "A-H", "A-S", "D-H", "D-S", "H-S")
AUTOENCODERS = (
    "pair of AEs",
    "pair of AEs, half the code",
    "JAE",
    "JAE, parameter-matched",
)
FEW_LABELS = (
    "JAE",
    "target labels alone",
    "labels of both, no reconstruction",
    "nothing shared",
    "all shared",
    "JAE, errors summed over pixels",
)


def experiment_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The values of every run, and of every row and seed the size and the time."""
    rows: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in runs:
        row, seed = run["row"], run["seed"]
        rows.setdefault((row, seed), []).append(run)
        for column, value in run["values"].items():
            values = {"value": value}
            yield {"row": row, "column": column, "seed": seed, "values": values}
    for (row, seed), group in rows.items():
        values = {
            "millions": max(run["n_parameters"] for run in group) / 1e6,
            "seconds": sum(run["seconds"] for run in group) / len(group),
        }
        yield {"row": row, "column": "fit", "seed": seed, "values": values}


def experiment_table(
    name: str,
    rows: Sequence[str],
    columns: Sequence[str],
    published: Published | None = None,
    digits: int = 1,
) -> Table:
    """Ours as mean ± standard deviation over seeds, the paper's in parentheses."""
    return Table(
        results=f"paper/{name}",
        columns=[
            *(Column(column, column, f"{{value:±.{digits}f}}") for column in columns),
            Column("seeds", "fit", "{n}"),
            Column("parameters", "fit", "{millions:.2f} M"),
            Column("seconds per fit", "fit", "{seconds:.0f}"),
        ],
        rows={row: row for row in rows},
        derive=experiment_cells,
        missing="–",
        published=published or {},
    )


def by_row(columns: Sequence[str], **rows: str) -> Published:
    """The paper's values, written as a table; "-" where it has none."""
    return {
        (row, column): float(value)
        for row, values in rows.items()
        for column, value in zip(columns, values.split(), strict=True)
        if value != "-"
    }


EXPERIMENTS = {
    "table0": experiment_table(
        "table0",
        AUTOENCODERS,
        ("sum of squares", "1000 × mean"),
        {
            ("pair of AEs", "sum of squares"): 5.6,
            ("JAE", "sum of squares"): 5.4,
            ("JAE, parameter-matched", "sum of squares"): 5.52,
        },
        digits=2,
    ),
    "table1": experiment_table(
        "table1",
        AUTOENCODERS,
        PAIRS,
        by_row(
            PAIRS,
            **{
                "pair of AEs": "20.8 18.5 16.2 20.6 18.2 16.0",
                "JAE": "13.9 12.2 10.8 13.2 11.4 10.6",
                "JAE, parameter-matched": "16.2 14.2 12.6 15.6 14.0 12.3",
            },
        ),
    ),
    "fig2": experiment_table(
        "fig2",
        ("JAE",),
        ("shared", "private", "private / shared"),
        {("JAE", "private / shared"): 2.6},
        digits=2,
    ),
    "halves": experiment_table(
        "halves",
        ("common-branch", "end-to-end"),
        HALVES,
        by_row(HALVES, **{"common-branch": "92.3 96.1", "end-to-end": "96.6 98.3"}),
    ),
    "table2": experiment_table(
        "table2",
        (*(f"MNIST {halves}" for halves in HALVES), "MNIST → USPS", "USPS → MNIST"),
        DEPTHS,
        by_row(
            DEPTHS,
            **{
                f"MNIST {HALVES[0]}": "96.5 95.4 95.8 96.1 96.0",
                f"MNIST {HALVES[1]}": "98.3 97.6 97.8 98.2 98.3",
                "MNIST → USPS": "- - - 84.8 87.6",
                "USPS → MNIST": "- - - 83.2 86.9",
            },
        ),
    ),
    **{
        f"fig3-{pair}": experiment_table(
            f"fig3-{pair}", FEW_LABELS, BUDGETS, {("JAE", "50 per class"): value}
        )
        for pair, value in (
            ("mnist-usps", 93.1),
            ("usps-mnist", 92.4),
            ("svhn-mnist", 93.7),
        )
    },
    "fig3d": experiment_table(
        "fig3d",
        ("JAE, 50 labels per class",),
        ("at the freeze", "at the end", "change"),
        {("JAE, 50 labels per class", "change"): 2.0},
    ),
    "three-way": experiment_table(
        "three-way",
        ("two tasks", "three tasks"),
        ("MNIST", "USPS"),
        by_row(
            ("MNIST", "USPS"), **{"two tasks": "93.7 87.7", "three tasks": "94.5 88.9"}
        ),
    ),
    "celeba": experiment_table("celeba", AUTOENCODERS, ("female", "male")),
}

TABLES = {
    f"paper/{name}": table for name, table in EXPERIMENTS.items() if name != "celeba"
}
