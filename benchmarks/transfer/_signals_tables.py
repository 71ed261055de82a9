"""The table of signals."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

HALVED = ("BasicMotions", "GunPoint", "ArrowHead", "ItalyPowerDemand", "JapaneseVowels")
DIRECTIONS = {
    "drive end -> fan end": "bearings: drive end → fan end",
    "fan end -> drive end": "bearings: fan end → drive end",
    "load 0 -> 3": "bearings: load 0 → 3",
    "load 3 -> 0": "bearings: load 3 → 0",
    "128 steps at 64/s -> 256 at 64/s": "waveforms: 128 steps → 256 steps, one rate",
    "128 steps at 64/s -> 64 at 32/s": "waveforms: 128 steps → 64 steps, half the rate",
    **{
        f"{name}, full rate -> half rate": f"{name}: full rate → half"
        for name in HALVED
    },
}


def signal_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Runs of ours, and those of a logistic regression, which have features."""
    for run in runs:
        values = {
            "target": 100 * run["accuracy"],
            "source": 100 * run["source_accuracy"],
        }
        column = "ours"
        if "features" in run:
            column = f"{run['features']}, scale {run['scale']}"
        else:
            values["seconds"] = run["fit_seconds"]
        row, seed = run["direction"], run["seed"]
        yield {"row": row, "column": column, "seed": seed, "values": values}


def _plain(features: str, header: str) -> Column:
    name = f"{features}, scale of each"
    return Column(f"logistic regression on {header}", name, "{target:±.1f}")


TABLES = {
    "transfer/signals": Table(
        results="transfer/signals",
        other_results=["transfer/signals_linear"],
        corner="labeled → unlabeled",
        columns=[
            Column("accuracy, unlabeled task", "ours", "{target:±.1f}"),
            _plain("values", "the values"),
            _plain("spectra", "the spectra"),
            Column("accuracy, labeled task", "ours", "{source:±.1f}"),
            Column("processor seconds of a fit", "ours", "{seconds:.0f}"),
            Column("seeds", "ours", "{n}"),
        ],
        rows=DIRECTIONS,
        derive=signal_cells,
    )
}
