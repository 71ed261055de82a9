"""The table of signs that may tell where transfer fails."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sklearn.metrics import roc_auc_score

from benchmarks._tables import Cell, Column, Table

CASES = (
    "as it is",
    "30 samples of each task",
    "80 % in two fifths of the classes",
    "two fifths of the classes",
    "unrelated",
)
SIGNS = {
    "plain": "agreement with the logistic regression that agrees less",
    "plain models": "agreement of the two logistic regressions with each other",
    "starts": "agreement of three starts",
    "start of the terms": "`transfer_`: agreement with the start of the terms",
    "confidence": "confidence",
    "neighbors": "agreement of neighbors, against the labeled task",
    "shares": "predicted shares like those of the labels",
    "no warning of the report": "`transfer_report` warns",
}
_POINTS = 0.03


def _failed(run: dict[str, Any]) -> bool | None:
    """Whether a fit is below a plain model; None if by a little only."""
    if run["accuracy"] < run["plain"] - _POINTS:
        return True
    return False if run["accuracy"] >= run["plain"] else None


def sign_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    for column in ("all", *CASES):
        chosen = [r for r in runs if column in ("all", r["case"])]
        failed = [_failed(run) for run in chosen]
        decided = [f for f in failed if f is not None]
        if len(set(decided)) < 2:
            continue
        counts = {"failures": sum(decided), "successes": len(decided) - sum(decided)}
        for sign in SIGNS:
            values = [
                -run["signs"][sign]
                for run, f in zip(chosen, failed, strict=True)
                if f is not None
            ]
            auc = float(roc_auc_score(decided, values))
            yield {
                "row": sign,
                "column": column,
                "seed": 0,
                "values": {"auc": auc, **counts},
            }


def case_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """How often every case fails, and how often the report warns then."""
    for case in CASES:
        chosen = [run for run in runs if run["case"] == case]
        failures = [run for run in chosen if _failed(run)]
        successes = [run for run in chosen if _failed(run) is False]
        if not chosen:
            continue
        yield {
            "row": case,
            "column": "all",
            "seed": 0,
            "values": {
                "ours": 100 * sum(r["accuracy"] for r in chosen) / len(chosen),
                "plain": 100 * sum(r["plain"] for r in chosen) / len(chosen),
                "failures": len(failures),
                "successes": len(successes),
                "warned": sum(_is_warned(run) for run in failures),
                "false": sum(_is_warned(run) for run in successes),
            },
        }


def _is_warned(run: dict[str, Any]) -> bool:
    return bool(run["warned"] or not run["signs"]["no warning of the report"])


TABLES = {
    "transfer/signs": Table(
        results="transfer/signs",
        corner="sign",
        columns=[
            Column("all", "all", "{auc:.2f}"),
            *(Column(case, case, "{auc:.2f}") for case in CASES),
        ],
        rows=SIGNS,
        derive=sign_cells,
    ),
    "transfer/signs-cases": Table(
        results="transfer/signs",
        corner="target",
        columns=[
            Column("accuracy", "all", "{ours:.1f}"),
            Column("better logistic regression", "all", "{plain:.1f}"),
            Column("failures", "all", "{failures:.0f}"),
            Column("of these warned of", "all", "{warned:.0f}"),
            Column("successes", "all", "{successes:.0f}"),
            Column("of these warned of", "all", "{false:.0f}"),
        ],
        rows={case: case for case in CASES},
        derive=case_cells,
    ),
}
