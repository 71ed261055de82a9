"""The table of settings that are chosen for tables without labels of the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks._tables import Cell, Column, Table
from benchmarks.transfer._scorers_tables import SCORERS

ROWS = {
    **{name: label for name, label in SCORERS.items() if name != "best"},
    "mean rank": "the mean rank by the first three",
    "defaults": "nothing is chosen: the defaults",
    "best": "the best of the settings",
}
_RANKED = ("reverse validation", "entropy", "information maximization")


def choosing_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """What every scorer does with the settings of a problem, by seed."""
    found: dict[tuple[str, int], list[dict[str, float]]] = {}
    for group in _groups(runs):
        for row, values in _choices(group).items():
            found.setdefault((row, group[0]["seed"]), []).append(values)
    for (row, seed), problems in found.items():
        values: dict[str, Any] = {
            name: float(np.nanmean([problem[name] for problem in problems]))
            for name in ("rho", "choice")
            if name in problems[0]
        }
        values["worst"] = float(min(problem["gain"] for problem in problems))
        yield {"row": row, "column": "all", "seed": seed, "values": values}


def _groups(runs: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in runs:
        groups.setdefault((run["problem"], run["seed"]), []).append(run)
    return list(groups.values())


def _choices(group: Sequence[dict[str, Any]]) -> dict[str, dict[str, float]]:
    accuracy = 100 * np.array([run["accuracy"] for run in group])
    defaults = next(
        a
        for a, run in zip(accuracy, group, strict=True)
        if run["setting"] == "defaults"
    )
    scores = {
        name: np.array([run["scores"][name] for run in group])
        for name in group[0]["scores"]
    }
    ranks = [scores[name].argsort().argsort() for name in _RANKED]
    scores["mean rank"] = np.mean(ranks, axis=0)
    found = {}
    for name, values in scores.items():
        choice = float(accuracy[values.argmax()])
        rho = float(spearmanr(values, accuracy).statistic) if np.ptp(values) else np.nan
        found[name] = {"rho": rho, "choice": choice, "gain": choice - defaults}
    best = float(accuracy.max())
    found["defaults"] = {"choice": float(defaults), "gain": 0.0}
    found["best"] = {"choice": best, "gain": best - defaults}
    return found


TABLES = {
    "transfer/choosing": Table(
        results="transfer/choosing",
        corner="scorer",
        columns=[
            Column("rank correlation", "all", "{rho:±.2f}"),
            Column("accuracy of its choice", "all", "{choice:±.1f}"),
            Column("worst loss against the defaults", "all", "{worst:.1f}"),
        ],
        rows=ROWS,
        derive=choosing_cells,
    )
}
