"""Indexing a JointArrays against indexing the same rows of numpy arrays.

60,000 images of 28 x 28 and 7,291 of 16 x 16 in uint8, random content. Rounds of both
contestants alternate; the table has the medians and their ratio. Finished rows are
added to benchmarks/speed/results/indexing.json and not repeated.

    python -m benchmarks.speed.indexing [--quick] [--rounds 31]
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.speed._indexing_tables import ROWS, TABLES
from sk_jae import JointArrays

SHAPES = [(60_000, 28, 28), (7_291, 16, 16)]
QUICK_SHAPES = [(2_000, 28, 28), (500, 16, 16)]


def make_keys(n: int) -> dict[str, Any]:
    """What is asked for, by the name of the row."""
    rng = np.random.default_rng(0)
    most = rng.permutation(n)[: n * 4 // 5]
    keys = (
        rng.integers(n, size=256),
        np.sort(most),
        most,
        np.arange(n) % 2 == 0,
        slice(n // 5, None),
    )
    return dict(zip(ROWS, keys, strict=True))


def same_rows(X: JointArrays, key: Any) -> list[Any]:
    """What to ask the array of each task for, to get the same samples."""
    chosen, rows = np.arange(len(X))[key], []
    for t, array in enumerate(X.arrays):
        position = np.zeros(len(X), dtype=int)
        position[X.task == t] = np.arange(len(array))
        rows.append(position[chosen[X.task[chosen] == t]])
    if isinstance(key, slice):
        return [slice(row[0], row[-1] + 1) for row in rows]
    return rows


def measure(X: JointArrays, key: Any, rounds: int) -> dict[str, list[float]]:
    """Milliseconds of both contestants in every round."""
    rows = same_rows(X, key)

    def plain() -> list[np.ndarray]:
        return [array[r] for array, r in zip(X.arrays, rows, strict=True)]

    def joint() -> tuple[np.ndarray, ...]:
        return X[key].arrays  # a selection copies its rows when they are asked for

    plain(), joint()
    taken: dict[str, list[float]] = {"plain": [], "joint": []}
    for _ in range(rounds):
        taken["plain"].append(milliseconds(plain))
        taken["joint"].append(milliseconds(joint))
    return taken


def milliseconds(function: Callable[[], Any]) -> float:
    start = time.perf_counter()
    function()
    return round(1000 * (time.perf_counter() - start), 4)


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--rounds", type=int, default=31)
    args = parser.parse_args()
    rng = np.random.default_rng(0)
    shapes = QUICK_SHAPES if args.quick else SHAPES
    X = JointArrays([rng.integers(256, size=s, dtype=np.uint8) for s in shapes])
    with open_results("speed/indexing", quick=args.quick) as results:
        for name, key in make_keys(len(X)).items():
            if results.find({"rows": name}) is None:
                taken = measure(X, key, args.rounds)
                results.add({"rows": name}, {"milliseconds": taken})
        print(render(TABLES["speed/indexing"], results.read()))


if __name__ == "__main__":
    main()
