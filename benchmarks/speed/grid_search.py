"""A grid search over MNIST and USPS with one and with two processes.

12 candidates and 3 folds on 2,000 labeled MNIST and 1,800 unlabeled USPS digits, by
scikit-learn's GridSearchCV as it is. Every run has a process of its own. It prints the
wall time of `fit` (with the start of the workers and the refit), the peak memory of all
processes together, and the scores side by side; everything is written to
results/grid_search.json. The folder of the data is that of the environment variable
SK_JAE_DATA.

joblib gives each of its workers an equal share of the cores: with two processes on two
cores, PyTorch computes with one thread in each, and with two threads without workers.
Sums over convolutions then round differently. --one-thread adds a run without workers
and with one thread, whose scores are those of the workers.

    python benchmarks/grid_search.py [--quick] [--one-thread] [--epochs 3]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import numpy as np
import psutil
import torch
from sklearn.model_selection import GridSearchCV

from sk_jae import JointTransferClassifier, pack
from sk_jae.datasets import load_mnist_usps

RESULTS = Path(__file__).resolve().parents[1] / "results"
GRID = {"shared_depth": [1, 2, -1], "reconstruction_weight": [0.25, 1.0, 4.0, 16.0]}
QUICK_GRID = {"shared_depth": [1, -1], "reconstruction_weight": [0.25, 4.0]}


def search(quick: bool, epochs: int, n_jobs: int, threads: int | None) -> dict:
    """One run, in this process."""
    if threads is not None:
        torch.set_num_threads(threads)
    n_mnist, n_usps = (200, 180) if quick else (2000, 1800)
    X, y = load_mnist_usps(n_mnist=n_mnist, n_usps=n_usps, return_X_y=True)
    X, y = pack(X, {"mnist": y["mnist"]})
    estimator = JointTransferClassifier(
        max_epochs=1 if quick else epochs, random_state=0, device="cpu"
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


def memory(process: psutil.Process) -> int:
    """Bytes of a process and its children, shared pages counted once where known."""
    total = 0
    for one in [process, *process.children(recursive=True)]:
        try:
            info = one.memory_full_info()
            total += getattr(info, "pss", info.rss)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue  # it has just ended
    return total


def measure(args: argparse.Namespace, n_jobs: int, threads: int | None) -> dict:
    """One run, in a process of its own whose memory is sampled."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "run.json"
        command = [sys.executable, __file__, "--run", str(n_jobs), "--output", output]
        command += ["--epochs", str(args.epochs)]
        command += ["--quick"] if args.quick else []
        command += ["--threads", str(threads)] if threads is not None else []
        child = subprocess.Popen(command)
        process = psutil.Process(child.pid)
        peak = 0
        while child.poll() is None:
            try:
                peak = max(peak, memory(process))
            except psutil.NoSuchProcess:
                break
            time.sleep(0.2)
        if child.wait():
            raise SystemExit(f"The run with n_jobs={n_jobs} failed.")
        return json.loads(output.read_text()) | {"peak_mb": peak / 2**20}


def report(runs: dict[str, dict]) -> str:
    """Markdown: time and memory, scores side by side."""
    names = list(runs)
    first = runs[names[0]]
    lines = ["| run | wall time | of the first | peak memory |", "|---|---|---|---|"]
    for name, run in runs.items():
        ratio = run["seconds"] / first["seconds"]
        lines.append(
            f"| {name} | {run['seconds']:.1f} s | {ratio:.2f} "
            f"| {run['peak_mb']:.0f} MB |"
        )
    lines += ["", f"| candidate | {' | '.join(names)} |", "|---|" + "---|" * len(names)]
    means = {name: np.mean(run["scores"], axis=1) for name, run in runs.items()}
    for i, params in enumerate(first["params"]):
        label = ", ".join(f"{key}={value}" for key, value in params.items())
        values = " | ".join(f"{means[name][i]:.6f}" for name in names)
        lines.append(f"| {label} | {values} |")
    lines.append("")
    for a, b in pairwise(names):
        apart = np.abs(np.subtract(runs[a]["scores"], runs[b]["scores"])).max()
        same = "same" if runs[a]["best"] == runs[b]["best"] else "another"
        lines.append(
            f"{a} against {b}: scores of single folds differ by at most {apart:.2g}, "
            f"{same} best candidate."
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small, for a trial")
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--one-thread", action="store_true")
    parser.add_argument("--run", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--output", type=Path, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.run is not None:
        result = search(args.quick, args.epochs, args.run, args.threads)
        args.output.write_text(json.dumps(result, default=int))
        return

    planned = {"n_jobs=1": (1, None), "n_jobs=2": (2, None)}
    if args.one_thread:
        planned["n_jobs=1, one thread"] = (1, 1)
    runs = {name: measure(args, *plan) for name, plan in planned.items()}
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"grid_search{'_quick' if args.quick else ''}.json"
    path.write_text(json.dumps(runs, indent=1))
    print(f"{psutil.cpu_count()} cores, {torch.get_num_threads()} threads of PyTorch\n")
    print(report(runs))


if __name__ == "__main__":
    main()
