"""Step 5: scikit-learn's grid search with one worker and with several on one device."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import GridSearchCV

from benchmarks.gpu_steps._named_fits import digits
from benchmarks.gpu_steps._recorder import Recorder
from sk_jae import JointTransferClassifier, pack

GRID = {"n_shared": [8, 32], "reconstruction_weight": [0.25, 1.0, 4.0]}
QUICK_GRID = {"n_shared": [8, 32]}


def run(recorder: Recorder) -> None:
    """A part for each number of workers, and one that compares them."""
    workers = (1, 2 if recorder.quick else 4)
    found = [
        recorder.part(
            f"n_jobs={n}", search, n, recorder.device, recorder.quick, seconds=15
        )
        for n in workers
    ]
    if all(one["status"] == "ok" for one in found):
        recorder.part("the same scores", same, *found, seconds=0)


def search(n_jobs: int, device: str, quick: bool) -> dict[str, Any]:
    """Seconds of the search, with the start of workers and the refit, and scores."""
    X, y = digits(flat=True)
    packed, flat = pack(X, [y[0], None])
    clf = JointTransferClassifier(
        max_epochs=3 if quick else 10, random_state=0, device=device
    )
    grid = QUICK_GRID if quick else GRID
    tuned = GridSearchCV(clf, grid, cv=3, n_jobs=n_jobs, error_score="raise")
    # A worker has its share of the cores, and so another order of additions.
    threads = torch.get_num_threads()
    if device == "cpu":
        torch.set_num_threads(1)
    start = time.perf_counter()
    try:
        tuned.fit(packed, flat)
    finally:
        torch.set_num_threads(threads)
    scores = [tuned.cv_results_[f"split{fold}_test_score"] for fold in range(3)]
    return {
        "seconds": round(time.perf_counter() - start, 2),
        "scores": np.array(scores).T.tolist(),
        "best": int(tuned.best_index_),
    }


def same(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Whether the scores of all folds are equal."""
    apart = float(np.abs(np.subtract(one["scores"], other["scores"])).max())
    return {
        "scores_apart": apart,
        "times_as_fast": round(one["seconds"] / other["seconds"], 2),
        "checks": {
            "equal scores": apart == 0,
            "same best candidate": one["best"] == other["best"],
        },
    }
