"""Fits with checkpoints whose process is killed at random moments.

A process trains a small model with `sk_jae.callbacks.Checkpoint`. After a random part
of the time that the whole fit needs, it gets SIGKILL, and another process does the same
fit with the same folder, until one comes to its end. What it has found then, weights,
codes and history, has to be equal to the last bit to what a process finds that was not
killed, and the folder has to hold the file of the finished fit and nothing else.

    python -m benchmarks.reliability.kills [--quick] [--kills 200]
"""

from __future__ import annotations

import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.reliability._kills import KINDS, kill_fits
from benchmarks.reliability._kills_tables import TABLES

PART = 25  # kills in one record


def run_part(kind: str, part: int, n_kills: int) -> dict[str, Any]:
    rng = np.random.default_rng([part, zlib.crc32(kind.encode())])
    with tempfile.TemporaryDirectory() as folder:
        return kill_fits(kind, Path(folder), n_kills, rng)


def run_all(results: Results, n_kills: int) -> None:
    of_kind = -(-n_kills // len(KINDS))
    for kind in KINDS:
        for part, first in enumerate(range(0, of_kind, PART)):
            n = min(PART, of_kind - first)
            key = {"kind": kind, "part": part, "n_kills": n}
            if results.find(key) is None:
                results.add(key, run_part(**key))


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--kills", type=int, default=200, help="of all fits together")
    args = parser.parse_args()
    with open_results("reliability/kills", quick=args.quick) as results:
        run_all(results, 6 if args.quick else args.kills)
        print(render(TABLES["reliability/kills"], results.read()))


if __name__ == "__main__":
    main()
