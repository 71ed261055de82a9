"""Saving and loading a model of about 100 MB, beside `torch.save` and `torch.load`.

`est.save` hashes the weights and waits until the disk has them; `load` hashes them
again. `torch.save` does neither. All are measured in turns in one process, and so is
what hashing and syncing alone take.

    python -m benchmarks.speed.saving [--quick]
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.speed._saving_tables import TABLES
from sk_jae import JointAutoencoder, load

REPEATS = 15


def fitted(width: int) -> JointAutoencoder:
    X = np.random.default_rng(0).normal(size=(64, 1500))
    options: dict[str, Any] = {"max_epochs": 1, "random_state": 0, "device": "cpu"}
    return JointAutoencoder(encoder=(width,), **options).fit(X)


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def write_and_sync(path: Path, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
        os.fsync(file.fileno())


def measure(width: int, folder: Path) -> dict[str, Any]:
    est = fitted(width)
    ours, theirs = folder / "model.jae", folder / "weights.pt"
    est.save(ours)
    content = ours.read_bytes()
    steps: dict[str, Callable[[], Any]] = {
        "torch.save": lambda: torch.save(est.module_.state_dict(), theirs),
        "torch.load": lambda: torch.load(theirs, weights_only=True),
        "save": lambda: est.save(ours),
        "load": lambda: load(ours),
        "sha256": lambda: hashlib.sha256(content),
        "write and sync": lambda: write_and_sync(folder / "content", content),
    }
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(REPEATS):
        for name, step in steps.items():
            times[name].append(seconds(step))
    found = {name: round(median(values), 4) for name, values in times.items()}
    ratio = (found["save"] + found["load"]) / (
        found["torch.save"] + found["torch.load"]
    )
    return {
        "megabytes": round(ours.stat().st_size / 1e6, 1),
        "seconds": found,
        "ratio": round(ratio, 2),
    }


def main() -> None:
    args = make_parser(__doc__).parse_args()
    key = {"width": 400 if args.quick else 4000}
    with (
        open_results("speed/saving", quick=args.quick) as results,
        tempfile.TemporaryDirectory() as folder,
    ):
        results.add(key, measure(key["width"], Path(folder)), replace=True)
        print(render(TABLES["speed/saving"], results.read()))


if __name__ == "__main__":
    main()
