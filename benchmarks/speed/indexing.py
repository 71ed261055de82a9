"""Indexing a JointArrays against indexing the same rows of numpy arrays.

60,000 images of 28 x 28 and 7,291 of 16 x 16 in uint8, random content. Rounds of both
contestants alternate; the table has the medians and their ratio.

    python benchmarks/indexing.py [--rounds 31]
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from sk_jae import JointArrays


def seconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def keys(n_samples: int, rng: np.random.Generator) -> dict[str, Any]:
    most = rng.permutation(n_samples)[: n_samples * 4 // 5]
    return {
        "a batch of 256 rows": rng.integers(n_samples, size=256),
        "4 of 5 rows, sorted": np.sort(
            rng.permutation(n_samples)[: n_samples * 4 // 5]
        ),
        "4 of 5 rows, shuffled": most,
        "a mask of every other row": np.arange(n_samples) % 2 == 0,
        "a slice of 4 of 5 rows": slice(n_samples // 5, None),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=31)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    shapes = [(60_000, 28, 28), (7_291, 16, 16)]
    X = JointArrays([rng.integers(256, size=s, dtype=np.uint8) for s in shapes])

    print("| rows | numpy | JointArrays | ratio |\n|---|---|---|---|")
    for name, key in keys(len(X), rng).items():
        chosen, rows = np.arange(len(X))[key], []
        for t, array in enumerate(X.arrays):
            row = np.zeros(len(X), dtype=int)
            row[X.task == t] = np.arange(len(array))
            rows.append(row[chosen[X.task[chosen] == t]])
        if isinstance(key, slice):
            rows = [slice(r[0], r[-1] + 1) for r in rows]

        def plain(rows: list[Any] = rows) -> list[np.ndarray]:
            return [array[r] for array, r in zip(X.arrays, rows, strict=True)]

        def joint(key: Any = key) -> JointArrays:
            return X[key]

        plain(), joint()
        pairs = [(seconds(plain), seconds(joint)) for _ in range(args.rounds)]
        a, b = (statistics.median(times) for times in zip(*pairs, strict=True))
        print(f"| {name} | {a * 1e3:.3f} ms | {b * 1e3:.3f} ms | {b / a:.2f} |")


if __name__ == "__main__":
    main()
