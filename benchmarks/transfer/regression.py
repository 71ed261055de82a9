"""Regression across instruments of real data: ours and plain models.

Spectra of corn: one near-infrared instrument has 40 samples with targets, another is
read without any, with a few, or with a few samples that both have measured. Gas
sensors: the first batch has all its targets, a later one 15. The error is the root mean
squared one on samples that no fit has seen, in percent of moisture, protein or starch,
and in log10 ppm. The seed decides the split and the weights of a network.

Every fit is added to benchmarks/transfer/results/regression.json as soon as it is done,
and those that are there are not repeated. The folder of the data is that of the
environment variable SK_JAE_DATA, with the sets in its folder real/.

    python -m benchmarks.transfer.regression
    python -m benchmarks.transfer.regression --quick
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np

from benchmarks._command import processor_seconds
from benchmarks._results import Results
from benchmarks.transfer._by_seed import run_by_seed
from benchmarks.transfer._regression_methods import METHODS
from benchmarks.transfer._regression_problems import PROBLEMS
from benchmarks.transfer._regression_tables import TABLES

QUICK = ["corn, none, mp5"]


def run_one(row: str, problem: str, seed: int) -> dict[str, Any] | None:
    """The error on the other samples, None if the method needs what is not there."""
    split = PROBLEMS[problem](seed)
    found = []
    try:
        seconds = processor_seconds(lambda: found.append(METHODS[row](split, seed)))
    except LookupError:
        return None
    rmse = float(np.sqrt(np.mean((found[0] - split.y_test) ** 2)))
    return {"rmse": round(rmse, 5), "seconds": round(seconds, 2)}


def run_problem(args: Namespace, problem: str, seed: int, results: Results) -> None:
    """The rows of a problem for one seed, but for those that are there."""
    for row in args.rows:
        key = {"problem": problem, "seed": seed, "row": row}
        if results.find(key) is not None:
            continue
        outcome = run_one(row, problem, seed)
        if outcome is not None:
            print(results.add(key, outcome), flush=True)


def main() -> None:
    run_by_seed(
        __doc__,
        "transfer/regression",
        [*PROBLEMS],
        run_problem,
        TABLES,
        quick=QUICK,
        load=lambda: PROBLEMS[QUICK[0]](0),
        rows=[*METHODS],
    )


if __name__ == "__main__":
    main()
