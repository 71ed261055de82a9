"""The table of the fuzz."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

ROWS = {
    "parameters": "values of constructor parameters",
    "functions": "functions and modules",
    "callbacks": "callbacks",
}


def fuzz_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Sums over the parts."""
    for row in ROWS:
        counts: Counter[str] = Counter()
        for part in runs:
            if part["kind"] == row:
                counts.update(part["counts"])
        if counts:
            values = {name.replace(" ", "_"): n for name, n in counts.items()}
            values["attempts"] = counts.total()
            yield {"row": row, "column": "fits", "seed": None, "values": values}


TABLES = {
    "reliability/fuzz": Table(
        results="reliability/fuzz",
        corner="what is hostile",
        columns=[
            Column(header, "fits", f"{{{name}:.0f}}")
            for header, name in (
                ("fits", "attempts"),
                ("trained", "trained"),
                ("refused before training", "refused"),
                ("stopped by name", "stopped"),
                ("own error of the user's code", "own_error"),
                ("anything else", "fault"),
            )
        ],
        rows=ROWS,
        derive=fuzz_cells,
    )
}
