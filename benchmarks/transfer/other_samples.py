"""Tables of which one has other samples, or another instrument: ours and plain models.

The sets are those that scikit-learn ships: breast cancer, wines, and digits as columns
of numbers. With other samples, a table is split at the median of one of its columns,
which is then taken away, and the seed decides the column and which half has the labels.
With another instrument, it is split by chance, and every column of the unlabeled half
is multiplied by a log-normal number of its own (spread 0.3) and moved by a normal one
(0.7 standard deviations). One half of the unlabeled samples is there to adapt to,
and the accuracy is that on the other, of classes that have labels. The seed decides
the weights of a network too.

Every fit is added to benchmarks/transfer/results/other_samples.json as soon as it is
done, and those that are there are not repeated. It needs no data.

    python -m benchmarks.transfer.other_samples
    python -m benchmarks.transfer.other_samples --quick
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_wine

from benchmarks._command import make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.transfer._methods import METHODS
from benchmarks.transfer._other_samples_tables import PROBLEMS, ROWS, TABLES
from benchmarks.transfer._problems import Split

LOAD: dict[str, Callable[..., Any]] = {
    "cancer": load_breast_cancer,
    "wine": load_wine,
    "digits": load_digits,
}
# A column with fewer different values has no median that splits the samples well.
_FEWEST_VALUES = 9


def make_split(problem: str, seed: int) -> Split:
    name, kind = problem.split(", ")
    rng = np.random.default_rng([seed, len(name)])
    X, y = LOAD[name](return_X_y=True)
    order = rng.permutation(len(X))
    X, y = X[order], y[order]
    if kind == "samples":
        n_values = np.array([len(np.unique(column)) for column in X.T])
        k = rng.choice(np.flatnonzero(n_values >= _FEWEST_VALUES))
        is_source = (X[:, k] > np.median(X[:, k])) == rng.integers(2, dtype=bool)
        X = np.delete(X, k, axis=1)
    else:
        is_source = np.arange(len(X)) < len(X) // 2
    X_target, y_target = X[~is_source], y[~is_source]
    if kind == "instrument":
        factor = np.exp(rng.normal(0, 0.3, X.shape[1]))
        X_target = factor * X_target + rng.normal(0, 0.7, X.shape[1]) * X.std(axis=0)
    is_known = np.isin(y_target, y[is_source])
    adapt, test = np.array_split(np.arange(len(y_target)), 2)
    test = test[is_known[test]]
    return Split(
        X[is_source], y[is_source], X_target[adapt], X_target[test], y_target[test]
    )


def run_problem(problem: str, seed: int, results: Results) -> None:
    """The rows of a problem for one seed, but for those that are there."""
    split = make_split(problem, seed)
    for row in ROWS:
        key = {"problem": problem, "seed": seed, "row": row}
        if results.find(key) is None:
            fitted = METHODS[row](split, seed)
            accuracy = np.mean(fitted.predict(split.X_test) == split.y_test)
            outcome = {"accuracy": round(float(accuracy), 5)} | fitted.notes
            print(results.add(key, outcome), flush=True)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=[*PROBLEMS])
    parser.add_argument("--seeds", nargs="+", type=int, default=[*range(100, 120)])
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.problems = args.seeds[:1], ["wine, samples"]
    with open_results("transfer/other_samples", quick=args.quick) as results:
        for seed in args.seeds:
            for problem in args.problems:
                run_problem(problem, seed, results)
        print(f"\n{render(TABLES['transfer/other_samples'], results.read())}")


if __name__ == "__main__":
    main()
