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

from typing import Any

import numpy as np

from benchmarks._command import is_there, make_parser, processor_seconds
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._regression_methods import METHODS
from benchmarks.transfer._regression_problems import PROBLEMS
from benchmarks.transfer._regression_tables import TABLES

FRESH_SEEDS = [100, 101, 102, 103, 104]
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


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=[*PROBLEMS])
    parser.add_argument("--rows", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--seeds", nargs="+", type=int, default=FRESH_SEEDS)
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.problems = args.seeds[:1], QUICK
        if not is_there("Sets of the data folder", lambda: PROBLEMS[QUICK[0]](0)):
            args.problems = []
    with open_results("transfer/regression", quick=args.quick) as results:
        for seed in args.seeds:
            for problem in args.problems:
                for row in args.rows:
                    key = {"problem": problem, "seed": seed, "row": row}
                    if results.find(key) is not None:
                        continue
                    outcome = run_one(row, problem, seed)
                    if outcome is not None:
                        print(results.add(key, outcome), flush=True)
        for table in TABLES.values():
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
