"""How well settings are chosen for tables of which the target has no labels.

Ten settings of `JointTransferClassifier` learn every problem of
`benchmarks/transfer/tables.py` from 100 labeled and 60 unlabeled samples. Scorers that
need no labels of the target see other samples of both tasks, up to 300 each. Shown is
how they rank the settings, by the accuracy on the target's test half, and what the
accuracy of the setting is that they choose, beside that of the defaults.

Every fit is added to benchmarks/transfer/results/choosing.json, and those that are
there are not repeated. The folder of the data is that of the environment variable
SK_JAE_DATA, with the sets in its folder real/.

    python -m benchmarks.transfer.choosing [--quick] [--seeds 0 1 2]
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._choosing_tables import TABLES
from benchmarks.transfer._problems import PROBLEMS, TRIAL, Split
from benchmarks.transfer._tables_tables import SETS
from benchmarks.transfer.scorers import scorers
from sk_jae import JointTransferClassifier

SETTINGS: dict[str, dict[str, Any]] = {
    "defaults": {},
    "the paper's losses": {
        "infomax_weight": 0.0,
        "consistency_weight": 0.0,
        "reconstruction_weight": 1.0,
    },
    "few epochs": {"max_epochs": 3},
    "no information maximization": {"infomax_weight": 0.0},
    "strong information maximization": {"infomax_weight": 10.0},
    "strong reconstruction": {"reconstruction_weight": 10.0},
    "small shared code": {"n_shared": 2},
    "no weight decay": {"weight_decay": 0.0},
    "large steps": {"lr": 0.02},
    "shared from the bottleneck": {"shared_depth": -1},
}
_MOST_HELD_OUT = 300


def held_out(problem: str, seed: int) -> tuple[Split, dict[str, np.ndarray], Any]:
    """The small split, other samples of both tasks, and labels of the source."""
    small, large = (
        PROBLEMS[problem].split(seed, variant) for variant in ("small", "all")
    )
    own = {row.tobytes() for row in small.X}
    others = [i for i, row in enumerate(large.X) if row.tobytes() not in own]
    others = np.random.default_rng(seed).permutation(others)[:_MOST_HELD_OUT]
    start = len(small.X_adapt)
    target = large.X_adapt[start : start + _MOST_HELD_OUT]
    if len(target) < 20:  # a target that is small has nothing left
        target = small.X_adapt
    X = {"source": large.X[others], "target": target}
    return small, X, large.y[others]


def run_one(params: dict[str, Any], problem: str, seed: int) -> dict[str, Any]:
    split, X, y = held_out(problem, seed)
    clf = JointTransferClassifier(random_state=seed, **params)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit({"source": split.X, "target": split.X_adapt}, {"source": split.y})
        scores = {
            name: round(float(scorer(clf, X, {"source": y})), 5)
            for name, scorer in scorers("source", "target").items()
        }
    found = clf.predict({"target": split.X_test})["target"]
    accuracy = round(float(np.mean(found == split.y_test)), 5)
    return {"accuracy": accuracy, "scores": scores}


def main() -> None:
    shown = [name for name, problem in PROBLEMS.items() if problem.set in SETS]
    parser = make_parser(__doc__)
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=shown)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    args = parser.parse_args()
    settings = SETTINGS
    if args.quick:
        args.problems, args.seeds = [TRIAL], [0]
        settings = dict(list(SETTINGS.items())[:3])
    elif not is_there("Sets of the data folder", lambda: PROBLEMS[shown[0]].split(0)):
        return
    with open_results("transfer/choosing", quick=args.quick) as results:
        for seed in args.seeds:
            for problem in args.problems:
                for setting, params in settings.items():
                    key = {"problem": problem, "setting": setting, "params": params}
                    key |= {"seed": seed}
                    if results.find(key) is None:
                        found = run_one(params, problem, seed)
                        print(results.add(key, found), flush=True)
        for table in TABLES.values():
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
