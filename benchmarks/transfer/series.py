"""How well single tasks of signals are classified, all of them labeled.

The sets are those that aeon and tslearn bring with them, with their official halves;
series of unequal lengths are stretched to the longest. Everything is at its default but
`layout`. The peers are MiniRocket, the nearest neighbor by Euclidean distance, and a
ridge classifier on the values, all fitted in the same run.

Every fit is added to benchmarks/transfer/results/series.json, and those that are there
are not repeated. It needs the packages aeon and tslearn.

    python -m benchmarks.transfer.series [--quick] [--seeds 0 1 2 3 4]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.linear_model import RidgeClassifierCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._series_tables import SETS, TABLES
from sk_jae import JointTransferClassifier

Halves = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def load(name: str) -> Halves:
    """Series (n, channels, time) and classes to train on, and to test on."""
    if name == "Trace":
        return _load_trace()
    from aeon.datasets import load_classification

    (X, y), (X_test, y_test) = (
        load_classification(name, split=split) for split in ("train", "test")
    )
    length = max(series.shape[1] for part in (X, X_test) for series in part)
    return stretched(X, length), y, stretched(X_test, length), y_test


def _load_trace() -> Halves:
    spec = find_spec("tslearn")
    assert spec is not None
    assert spec.origin is not None
    path = Path(spec.origin).parent / ".cached_datasets" / "Trace.npz"
    with np.load(path) as file:
        parts = [file[f"{x}_{half}"] for half in ("train", "test") for x in "Xy"]
    X, y, X_test, y_test = parts
    return np.moveaxis(X, 2, 1), y, np.moveaxis(X_test, 2, 1), y_test


def stretched(X: Any, length: int) -> np.ndarray:
    """Series of any lengths as one array, by linear interpolation."""
    places = np.linspace(0, 1, length)
    return np.array(
        [
            [np.interp(places, np.linspace(0, 1, len(own)), own) for own in series]
            for series in X
        ]
    )


def _mini_rocket(seed: int) -> Any:
    from aeon.classification.convolution_based import MiniRocketClassifier

    return MiniRocketClassifier(random_state=seed)


def _ours(seed: int) -> Any:
    return JointTransferClassifier(layout="signal", random_state=seed, device="cpu")


ROWS: dict[str, Callable[[int], Any]] = {
    "ours": _ours,
    "MiniRocket": _mini_rocket,
    "nearest neighbor": lambda seed: KNeighborsClassifier(1),
    "ridge": lambda seed: make_pipeline(StandardScaler(), RidgeClassifierCV()),
}
_FLAT = ("nearest neighbor", "ridge")


def run_one(row: str, halves: Halves, seed: int) -> dict[str, float]:
    X, y, X_test, y_test = halves
    if row in _FLAT:
        X, X_test = X.reshape(len(X), -1), X_test.reshape(len(X_test), -1)
    start = time.process_time()
    model = ROWS[row](seed).fit(X, y)
    seconds = time.process_time() - start
    accuracy = float(np.mean(model.predict(X_test) == y_test))
    return {"accuracy": round(accuracy, 5), "fit_seconds": round(seconds, 1)}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    args = parser.parse_args()
    torch.set_num_threads(1)
    sets, seeds = list(SETS), args.seeds
    if args.quick:
        sets, seeds = ["UnitTest"], [0]
    if not is_there("Sets of aeon and tslearn", lambda: load(sets[-1])):
        return
    with open_results("transfer/series", quick=args.quick) as results:
        # One row after the other: torch is slow in a process that has run MiniRocket.
        for row in ROWS:
            for name in sets:
                for seed in seeds[:1] if row in _FLAT else seeds:
                    key = {"set": name, "row": row, "seed": seed}
                    if results.find(key) is None:
                        found = run_one(row, load(name), seed)
                        print(results.add(key, found), flush=True)
        for table in TABLES.values():
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
