"""The tables of scorers that need no labels of the target."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from benchmarks._tables import Cell, Column, Table

SETTINGS = (
    "defaults",
    "the paper's losses",
    "the paper's losses, shared from the bottleneck",
    "few epochs",
    "no information maximization",
    "no consistency",
    "neither, but augmentation",
    "strong information maximization",
    "strong reconstruction",
    "small shared code",
    "dense",
    "large steps",
)
# Short names of the scorers, as in the results, and what the table calls them.
SCORERS = {
    "reverse validation": "`ReverseValidationScorer`",
    "entropy": "`EntropyScorer`",
    "information maximization": "`InformationMaximizationScorer`",
    "soft neighborhood density": "`SoftNeighborhoodDensityScorer`",
    "accuracy on the source": "accuracy on the labeled task",
    "best": "the best of the settings",
}


def scorer_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """How each scorer ranks the settings of one direction and seed."""
    groups: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for run in runs:
        column = f"{run['source']} -> {run['target']}"
        groups.setdefault((column, run["seed"]), []).append(run)
    for (column, seed), group in groups.items():
        accuracy = 100 * np.array([run["accuracy"] for run in group])
        for name in group[0]["scores"]:
            scores = np.array([run["scores"][name] for run in group])
            values = {
                "rho": float(spearmanr(scores, accuracy).statistic),
                "choice": float(accuracy[scores.argmax()]),
            }
            yield {"row": name, "column": column, "seed": seed, "values": values}
        values = {"choice": float(accuracy.max())}
        yield {"row": "best", "column": column, "seed": seed, "values": values}


def ranking_table(pair: Sequence[str]) -> Table:
    """How the scorers rank the settings, in both directions between two tasks."""
    return Table(
        results="transfer/scorers",
        corner="scorer",
        columns=[
            Column(header, f"{a} -> {b}", cell)
            for a, b in (pair, pair[::-1])
            for header, cell in (
                (f"{a} → {b}: rank correlation", "{rho:.2f}"),
                ("accuracy of its choice", "{choice:.1f}"),
            )
        ],
        rows=SCORERS,
        derive=scorer_cells,
    )


def setting_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for run in runs:
        yield {
            "row": run["setting"],
            "column": f"{run['source']} -> {run['target']}",
            "seed": run["seed"],
            "values": {"true accuracy": 100 * run["accuracy"], **run["scores"]},
        }


def settings_table(source: str, target: str) -> Table:
    """The settings themselves: the true accuracy, and what each scorer says."""
    column = f"{source} -> {target}"
    scorers = [name for name in SCORERS if name != "best"]
    return Table(
        results="transfer/scorers",
        corner="setting",
        columns=[
            Column(f"accuracy on {target}", column, "{true accuracy:.1f}"),
            *(Column(name, column, f"{{{name}:.3f}}") for name in scorers),
        ],
        rows={name: name for name in SETTINGS},
        derive=setting_cells,
    )


TABLES = {
    "transfer/scorers": ranking_table(("mnist", "usps")),
    "transfer/scorers-mnist-usps": settings_table("mnist", "usps"),
    "transfer/scorers-usps-mnist": settings_table("usps", "mnist"),
}
