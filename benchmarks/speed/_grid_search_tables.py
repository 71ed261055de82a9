"""The tables of grid searches with one and with several processes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from benchmarks._tables import Cell, Column, Table

RUNS = {
    "n_jobs=1": "`n_jobs=1`",
    "n_jobs=2": "`n_jobs=2`",
    "n_jobs=1, one thread": "`n_jobs=1`, one thread",
}


def search_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Time and memory of every run."""
    for run in runs:
        values = {"seconds": run["seconds"], "gigabytes": run["peak_mb"] / 1024}
        yield {"row": run["run"], "column": "search", "seed": None, "values": values}


def candidate_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The mean score over the folds of every candidate in every run."""
    for run in runs:
        for params, scores in zip(run["params"], run["scores"], strict=True):
            yield {
                "row": label(params),
                "column": run["run"],
                "seed": None,
                "values": {"score": float(np.mean(scores))},
            }


def label(params: dict[str, Any]) -> str:
    return ", ".join(f"{key}={value}" for key, value in params.items())


def candidates_table(candidates: Sequence[dict[str, Any]]) -> Table:
    """The scores of all runs side by side."""
    return Table(
        results="speed/grid_search",
        corner="candidate",
        columns=[Column(name, name, "{score:.6f}") for name in RUNS],
        rows={label(params): label(params) for params in candidates},
        derive=candidate_cells,
    )


TABLES = {
    "speed/grid_search": Table(
        results="speed/grid_search",
        corner="12 candidates in 3 folds",
        columns=[
            Column("wall time", "search", "{seconds:.0f} s"),
            Column("peak memory", "search", "{gigabytes:.1f} GB"),
        ],
        rows=RUNS,
        derive=search_cells,
    )
}
