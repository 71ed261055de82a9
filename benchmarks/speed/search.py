"""Searches that train all candidates together, against scikit-learn's.

12, 36 and 108 candidates of loss weights and learning rates, in 3 folds, on two tables
and with convolutions on the embedded digits, by GridSearchCV and by BatchedSearchCV,
each with one and with two processes of one thread. Every run has a process of its own,
the searches take turns, and all repetitions are added to
benchmarks/speed/results/search.json. It prints the wall time of `fit` (with the start
of workers and the refit), the time of all CPUs, which other programs on the machine
change less, the peak memory of all processes together, and whether all scores are
equal. It needs psutil.

    python -m benchmarks.speed.search [--quick] [--only TEXT] [--repeats N]
        [--searches NAME ...]
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.model_selection import GridSearchCV

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.speed._search_tables import SEARCHES, TABLES, WORKLOADS
from benchmarks.speed.grid_search import measured_process
from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair
from sk_jae.exceptions import TransferWarning
from sk_jae.model_selection import BatchedSearchCV

RATES = [0.001, 0.002, 0.004]
WEIGHTS = {12: [0.05, 0.1, 0.2, 0.5], 36: np.geomspace(0.02, 1, 12).tolist()}
WEIGHTS[108] = np.geomspace(0.02, 1, 36).tolist()


def load(data: str, quick: bool) -> tuple[Any, Any]:
    """Two packed tasks, the second of which has no labels."""
    if data == "digits":
        X, y = load_digits_pair(return_X_y=True)
        n = 100 if quick else 400
        return pack(
            {task: x[:n] for task, x in X.items()}, {"optical": y["optical"][:n]}
        )
    n, n_features = map(int, data.removeprefix("table ").split(" x "))
    rng = np.random.default_rng(0)
    labels = [rng.integers(3, size=n), rng.integers(3, size=n // 2)]
    means = rng.normal(size=(3, n_features))
    noise = 2 * (n_features / 10) ** 0.5  # so that not all settings are right
    X = [means[y] + noise * rng.normal(size=(len(y), n_features)) for y in labels]
    return pack(X, [labels[0], None])


def search(workload: str, kind: str, quick: bool) -> dict[str, Any]:
    """One run, in this process."""
    data, n = workload.removesuffix(" candidates").split(", ")
    X, y = load(data, quick)
    extra: dict[str, Any] = {"max_epochs": 2} if quick else {}
    if data == "digits":
        extra = {"encoder": "Conv 8x(3x3), MP 2x2, FC 64", "max_epochs": 4} | extra
    estimator = JointTransferClassifier(random_state=0, device="cpu", **extra)
    grid = {"lr": RATES, "reconstruction_weight": WEIGHTS[int(n)]}
    make = BatchedSearchCV if kind.startswith("Batched") else GridSearchCV
    tuned = make(estimator, grid, cv=3, n_jobs=int(kind[-1]), error_score="raise")
    warnings.simplefilter("ignore", TransferWarning)
    start = time.perf_counter()
    tuned.fit(X, y)
    seconds = time.perf_counter() - start
    used = [resource.getrusage(resource.RUSAGE_SELF)]
    if kind.endswith("n_jobs=2"):
        from joblib.externals.loky import get_reusable_executor

        get_reusable_executor(reuse=True).shutdown(wait=True)
        used.append(resource.getrusage(resource.RUSAGE_CHILDREN))
    scores = [
        tuned.cv_results_[f"split{fold}_test_score"].tolist() for fold in (0, 1, 2)
    ]
    return {
        "seconds": seconds,
        "cpu_seconds": sum(u.ru_utime + u.ru_stime for u in used),
        "scores": scores,
        "best": int(tuned.best_index_),
        "load": os.getloadavg()[0],
    }


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", default="", help="workloads whose name has this")
    parser.add_argument("--searches", nargs="+", choices=SEARCHES, default=[*SEARCHES])
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run is not None:
        args.output.write_text(json.dumps(search(*args.run, args.quick)))
        return
    if not is_there("The search", lambda: __import__("psutil")):
        return
    chosen = [name for name in WORKLOADS if args.only in name]
    if args.quick:
        chosen = ["table 300 x 10, 12 candidates"]
    os.environ["OMP_NUM_THREADS"] = "1"  # of the processes that are started
    with open_results("speed/search", quick=args.quick) as results:
        for repeat in range(args.repeats):
            for workload in chosen:
                for kind in args.searches:
                    key = {"workload": workload, "search": kind, "repeat": repeat}
                    if results.find(key) is None:
                        quick = ["--quick"] if args.quick else []
                        arguments = ["--run", workload, kind, *quick]
                        run = measured_process("benchmarks.speed.search", arguments)
                        results.add(key, run)
        print(f"{render(TABLES['speed/search'], results.read())}\n")
        for workload in chosen:
            runs = results.runs(workload=workload)
            equal = all(run["scores"] == runs[0]["scores"] for run in runs)
            print(f"{workload}: all scores are {'equal' if equal else 'NOT equal'}.")


if __name__ == "__main__":
    main()
