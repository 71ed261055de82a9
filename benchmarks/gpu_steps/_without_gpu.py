"""A process that sees no GPU: it loads estimators, uses them and sends them back."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from pathlib import Path

from benchmarks._results import ROOT

SENT = ".sent.pickle"
ANSWERED = ".answered.pickle"


def start(folder: Path) -> None:
    """Have all pickles of the folder answered by a process without a GPU."""
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.gpu_steps._without_gpu", str(folder)],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True,
        text=True,
        timeout=60,
    )
    if child.returncode:
        raise RuntimeError(child.stderr[-2000:])


def answer(path: Path) -> Path:
    """The file that answers a file that was sent."""
    return path.with_name(path.name.removesuffix(SENT) + ANSWERED)


def main() -> None:
    from benchmarks.gpu_steps._outputs import outputs

    warnings.simplefilter("ignore")  # that there is no such device is what is wanted
    for path in Path(sys.argv[1]).glob(f"*{SENT}"):
        dumped, X, _ = pickle.loads(path.read_bytes())
        estimator = pickle.loads(dumped)
        device = next(estimator.module_.parameters()).device.type
        found = outputs(estimator, X), pickle.dumps(estimator), device
        answer(path).write_bytes(pickle.dumps(found))


if __name__ == "__main__":
    main()
