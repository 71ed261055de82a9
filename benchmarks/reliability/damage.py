"""Damaged and hostile files: whether any of them loads, and what memory they take.

A file of a fitted classifier is damaged in one of five ways, 2,000 times in all, and
hostile files of eight kinds are made, most of them with right checksums. Each has to be
refused by an error of sk_jae.exceptions, and nothing in it may run.

    python -m benchmarks.reliability.damage [--quick]
"""

from __future__ import annotations

import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.reliability._damage_tables import TABLES
from benchmarks.reliability._damages import DAMAGES, HOSTILE, RAN
from sk_jae import JointTransferClassifier, load
from sk_jae.exceptions import ModelFileError

N_DAMAGES = 400  # of each way


@cache
def fitted(seed: int) -> JointTransferClassifier:
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=(60, 8)), rng.normal(size=(40, 8))]
    y = [(X[0][:, 0] > 0).astype(int), None]
    parameters = {"encoder": (16,), "max_epochs": 2, "device": "cpu"}
    return JointTransferClassifier(random_state=seed, **parameters).fit(X, y)


def megabytes(field: str) -> float | None:
    """A size of this process that Linux knows; None elsewhere."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return None
    line = next(line for line in lines if line.startswith(field))
    return int(line.split()[1]) / 1024


def ending(path: Path) -> dict[str, Any]:
    """How the attempt to load a file ends, and the memory that it takes at most."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak is that from now on
    before = megabytes("VmRSS")
    try:
        load(path)
        outcome = "loaded"
    except ModelFileError:
        outcome = "refused"
    except Exception as error:
        outcome = f"{type(error).__name__}: {error}"
    peak = megabytes("VmHWM")
    grown = None if before is None or peak is None else round(peak - before, 1)
    return {"outcome": outcome, "megabytes": grown}


def damaged(kind: str, n: int, folder: Path) -> dict[str, Any]:
    paths = [folder / name for name in ("model", "other")]
    for seed, path in enumerate(paths):
        fitted(seed).save(path)
    content, other = (path.read_bytes() for path in paths)
    rng = np.random.default_rng(len(kind))
    endings = []
    for _ in range(n):
        changed = content
        while changed == content:
            changed = DAMAGES[kind](content, other, rng)
        paths[1].write_bytes(changed)
        endings.append(ending(paths[1]))
    return summary(endings)


def hostile(kind: str, folder: Path) -> dict[str, Any]:
    path = folder / "model"
    fitted(0).save(path)
    HOSTILE[kind](path)
    size = path.stat().st_size / 2**20
    found = summary([ending(path)])
    if RAN:
        found["faults"].append("it has run code")
    return {**found, "file_megabytes": round(size, 1)}


def summary(endings: list[dict[str, Any]]) -> dict[str, Any]:
    outcomes = [e["outcome"] for e in endings]
    sizes = [e["megabytes"] for e in endings if e["megabytes"] is not None]
    return {
        "files": len(outcomes),
        "refused": outcomes.count("refused"),
        "loaded": outcomes.count("loaded"),
        "faults": [o for o in outcomes if o not in ("refused", "loaded")],
        "megabytes": max(sizes, default=None),
    }


def main() -> None:
    args = make_parser(__doc__).parse_args()
    n = 20 if args.quick else N_DAMAGES
    with open_results("reliability/damage", quick=args.quick) as results:
        for kind in [*DAMAGES, *HOSTILE]:
            if results.find({"kind": kind}) is None:
                with tempfile.TemporaryDirectory() as folder:
                    if kind in DAMAGES:
                        found = damaged(kind, n, Path(folder))
                    else:
                        found = hostile(kind, Path(folder))
                results.add({"kind": kind}, found)
        print(render(TABLES["reliability/damage"], results.read()))


if __name__ == "__main__":
    main()
