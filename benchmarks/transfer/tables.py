"""Transfer between tables of real data, no labels of the target: ours and others.

A problem is a source with all its labels and a target without any. Half of the target's
samples are there to adapt to, and the accuracy is that on the other half. The features
are as they are in the files, but for logarithms (gas sensors) and spectra (bearings);
missing values are the median of their task. The seed decides the halves and the weights
of a network. With `--variant small` every source is cut to 100 samples and the half to
adapt to to 60. With `--variant shifted` a target has only 15 % of the samples of three
classes in five, which the seed chooses.

Every fit is added to benchmarks/transfer/results/tables.json as soon as it is done, and
those that are there are not repeated; --anew replaces those of another commit. The
folder of the data is that of the environment variable SK_JAE_DATA, with the sets in its
folder real/. The rows of skada need that package.

    python -m benchmarks.transfer.tables --rows ours --anew
    python -m benchmarks.transfer.tables --variant small --seeds 0 1 2 3 4 5 6 7 8 9
    python -m benchmarks.transfer.tables --variant shifted --rows ours "LR own"
    python -m benchmarks.transfer.tables --quick
"""

from __future__ import annotations

import argparse
from importlib.metadata import version
from typing import Any

import numpy as np

from benchmarks._command import is_there, make_parser, processor_seconds
from benchmarks._results import Results, environment, open_results
from benchmarks._tables import render
from benchmarks.transfer._methods import METHODS, SKADA
from benchmarks.transfer._problems import PROBLEMS, TRIAL, VARIANTS
from benchmarks.transfer._tables_tables import SETS, problems_table, sets_table

# Small ones, and one that needs no file.
QUICK = (TRIAL, "gas: batch 1 -> batch 4", "reviews: books -> dvd")


def run_one(row: str, problem: str, seed: int, variant: str) -> dict[str, Any]:
    """Accuracy on the other half of the target, and seconds of the fit."""
    split = PROBLEMS[problem].split(seed, variant)
    fitted = []
    seconds = processor_seconds(lambda: fitted.append(METHODS[row](split, seed)))
    accuracy = np.mean(fitted[0].predict(split.X_test) == split.y_test)
    outcome = {"accuracy": round(float(accuracy), 5), "seconds": round(seconds, 2)}
    if row in SKADA:
        outcome["skada"] = version("skada")
    return outcome | fitted[0].notes


def run_problem(
    problem: str, seed: int, args: argparse.Namespace, results: Results
) -> None:
    """All rows of a problem for one seed, but for those that are there."""
    for row in args.rows:
        key = {"problem": problem, "variant": args.variant, "seed": seed, "row": row}
        if is_done(results.find(key), anew=args.anew):
            continue
        found = run_one(row, problem, seed, args.variant)
        print(results.add(key, found, replace=True), flush=True)


def is_done(run: dict[str, Any] | None, *, anew: bool) -> bool:
    if run is None:
        return False
    return not anew or run["environment"]["commit"] == environment()["commit"]


def choose_for_a_trial(args: argparse.Namespace) -> None:
    """One seed of few samples, and of the problems and rows those that can be."""
    args.seeds, args.variant = args.seeds[:1], "small"
    args.problems = [*QUICK]
    if not is_there("Sets of the data folder", lambda: PROBLEMS[QUICK[1]].split(0)):
        args.problems = [TRIAL]
    if not is_there("Rows of skada", lambda: __import__("skada")):
        args.rows = [row for row in args.rows if row not in SKADA]


def main() -> None:
    shown = [name for name, problem in PROBLEMS.items() if problem.set in SETS]
    parser = make_parser(__doc__)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=shown)
    parser.add_argument("--rows", nargs="+", choices=METHODS, default=[*METHODS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--variant", choices=VARIANTS, default="all")
    parser.add_argument(
        "--anew", action="store_true", help="replace what another commit measured"
    )
    args = parser.parse_args()
    if args.quick:
        choose_for_a_trial(args)
    with open_results("transfer/tables", quick=args.quick) as results:
        for seed in args.seeds:
            for problem in args.problems:
                run_problem(problem, seed, args, results)
        for table in (problems_table, sets_table):
            print(f"\n{render(table(args.variant), results.read())}")


if __name__ == "__main__":
    main()
