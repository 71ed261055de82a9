"""A grid search over MNIST and USPS with one and with two processes.

12 candidates and 3 folds on 2,000 labeled MNIST and 1,800 unlabeled USPS digits, by
scikit-learn's GridSearchCV as it is. Every run has a process of its own. It prints the
wall time of `fit` (with the start of the workers and the refit), the peak memory of all
processes together, and the scores side by side; runs are added to
benchmarks/speed/results/grid_search.json and not repeated. The folder of the data is
that of the environment variable SK_JAE_DATA; a quick run takes the embedded digits.
It needs psutil.

joblib gives each of its workers an equal share of the cores: with two processes on two
cores, PyTorch computes with one thread in each, and with two threads without workers.
Sums over convolutions then round differently. --one-thread adds a run without workers
and with one thread, whose scores are those of the workers.

    python -m benchmarks.speed.grid_search [--quick] [--one-thread]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV

from benchmarks._command import is_there, make_parser
from benchmarks._results import ROOT, open_results
from benchmarks._tables import render
from benchmarks.speed._grid_search_tables import TABLES, candidates_table
from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_digits_pair, load_mnist_usps

GRID = {"shared_depth": [1, 2, -1], "reconstruction_weight": [0.25, 1.0, 4.0, 16.0]}
QUICK_GRID = {"shared_depth": [1, -1], "reconstruction_weight": [0.25, 4.0]}


def search(quick: bool, n_jobs: int, threads: int | None) -> dict[str, Any]:
    """One run, in this process."""
    if threads is not None:
        torch.set_num_threads(threads)
    if quick:
        X, y = load_digits_pair(return_X_y=True)
        X, y = pack({t: x[:200] for t, x in X.items()}, {"optical": y["optical"][:200]})
    else:
        X, y = load_mnist_usps(n_mnist=2000, n_usps=1800, return_X_y=True)
        X, y = pack(X, {"mnist": y["mnist"]})
    estimator = JointTransferClassifier(
        max_epochs=1 if quick else 3, random_state=0, device="cpu"
    )
    grid = QUICK_GRID if quick else GRID
    tuned = GridSearchCV(estimator, grid, cv=3, n_jobs=n_jobs, error_score="raise")
    start = time.perf_counter()
    tuned.fit(X, y)
    seconds = time.perf_counter() - start
    results = tuned.cv_results_
    scores = np.array([results[f"split{fold}_test_score"] for fold in range(3)])
    return {
        "seconds": seconds,
        "params": results["params"],
        "scores": scores.T.tolist(),
        "best": tuned.best_index_,
    }


def memory(pid: int) -> int:
    """Bytes of a process and its children, shared pages counted once where known."""
    import psutil

    total = 0
    try:
        process = psutil.Process(pid)
        for one in [process, *process.children(recursive=True)]:
            info = one.memory_full_info()
            total += getattr(info, "pss", info.rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        pass  # one of them has just ended
    return total


def measured_process(module: str, arguments: list[str]) -> dict[str, Any]:
    """What a module writes to --output, in a process whose memory is sampled."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run.json"
        command = [sys.executable, "-m", module, *arguments, "--output", str(output)]
        child = subprocess.Popen(command, cwd=ROOT)
        peak = 0
        while child.poll() is None:
            peak = max(peak, memory(child.pid))
            time.sleep(0.2)
        if child.wait():
            raise SystemExit(f"The run of {module} with {arguments} failed.")
        return json.loads(output.read_text()) | {"peak_mb": round(peak / 2**20)}


def measure(quick: bool, n_jobs: int, threads: int | None) -> dict[str, Any]:
    """One run, in a process of its own."""
    arguments = ["--run", str(n_jobs)]
    arguments += ["--quick"] if quick else []
    arguments += ["--threads", str(threads)] if threads is not None else []
    return measured_process("benchmarks.speed.grid_search", arguments)


def compare(runs: list[dict[str, Any]]) -> str:
    """How far the scores of single folds are apart."""
    lines = []
    for a, b in pairwise(runs):
        apart = np.abs(np.subtract(a["scores"], b["scores"])).max()
        same = "same" if a["best"] == b["best"] else "another"
        lines.append(
            f"{a['run']} against {b['run']}: scores of single folds differ by at most "
            f"{apart:.2g}, {same} best candidate."
        )
    return "\n".join(lines)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--one-thread", action="store_true")
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run is not None:
        result = search(args.quick, args.run, args.threads)
        args.output.write_text(json.dumps(result, default=int))
        return
    if not is_there("The grid search", lambda: __import__("psutil")):
        return

    planned = {"n_jobs=1": (1, None), "n_jobs=2": (2, None)}
    if args.one_thread:
        planned["n_jobs=1, one thread"] = (1, 1)
    with open_results("speed/grid_search", quick=args.quick) as results:
        for name, plan in planned.items():
            if results.find({"run": name}) is None:
                results.add({"run": name}, measure(args.quick, *plan))
        runs = results.runs()
        print(f"{os.cpu_count()} cores, {torch.get_num_threads()} threads of PyTorch\n")
        for table in (TABLES["speed/grid_search"], candidates_table(runs[0]["params"])):
            print(f"{render(table, results.read())}\n")
        print(compare(runs))


if __name__ == "__main__":
    main()
