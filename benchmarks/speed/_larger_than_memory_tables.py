"""The table of samples that are larger than memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

STEPS = ("fit", "cross-validation", "transform")
FORMS = {
    "memory": "array in memory",
    "memory map": "memory map",
    "h5py": "h5py",
    "zarr": "zarr",
    "zarr, compressed": "zarr, with its default compression",
    "dask": "dask, of zarr",
    "parquet": "Parquet",
    "torch Dataset": "torch Dataset",
}


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Speed beside that from memory on the same machine, and memory, of every form."""
    in_memory = {_machine(run): run for run in runs if run["form"] == "memory"}
    for form, run in {run["form"]: run for run in runs}.items():
        reference = in_memory.get(_machine(run))
        values = {"anonymous": max(run[step]["anonymous"] for step in STEPS) / 10**6}
        values["bytes"] = run["megabytes"] / 10**3
        for step in STEPS:
            if reference is not None:
                values[step] = reference[step]["seconds"] / run[step]["seconds"]
        yield {"row": form, "column": "form", "seed": None, "values": values}


def _machine(run: dict[str, Any]) -> str:
    machine: str = run["environment"]["machine"]
    return machine


def larger_table() -> Table:
    """Speed and memory of every form."""
    return Table(
        results="speed/larger_than_memory",
        corner="samples in",
        columns=[
            Column("GB", "form", "{bytes:.3g}"),
            Column("speed of fit", "form", "{fit:.2f}"),
            Column("of cross-validation", "form", "{cross-validation:.2f}"),
            Column("of transform", "form", "{transform:.2f}"),
            Column("anonymous MB", "form", "{anonymous:,.0f}"),
        ],
        rows=FORMS,
        derive=cells,
    )


TABLES = {"speed/larger_than_memory": larger_table()}
