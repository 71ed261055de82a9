"""Time and memory of training as the work grows.

    samples    two tasks of 28x28 uint8 images, dense branches, one epoch; a million in
               memory, more (5 GB) in a memory-mapped file
    tasks      1 to 32 tasks of 1,000 vectors of 64 features
    features   two tasks of 1,000 vectors of 16 to 16,384 features
    n_jobs     a grid search with one and two processes
    images     the two tasks of 30,000 images each, with the default estimator

Every point has a process of its own. Time is that of `fit` with 1 epoch, after another
one on few samples, the least of three where one takes below 2 seconds of CPU time. Of
the memory, "peak" is the largest resident set of the process, and "anonymous" the part
of it that is not the page cache of a file. The exponent is the slope of log time over
log size, of the larger half of the points. Points are added to
benchmarks/speed/results/scaling.json, and those that are there are not repeated; a plot
is drawn beside it if matplotlib is there.

    python -m benchmarks.speed.scaling [--quick] [--only TEXT] [--device cpu]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import ROOT, Results, open_results
from benchmarks._tables import render
from benchmarks.speed._scaling_tables import exponent_table, points, series_table

IMAGE = (28, 28)
SIZES: dict[str, list[int]] = {
    "samples": [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000],
    "samples, memory-mapped": [1_000_000, 6_400_000],
    "tasks": [1, 2, 4, 8, 16, 32],
    "features": [16, 64, 256, 1024, 4096, 16_384],
    "n_jobs": [1, 2],
    "images": [256, 60_000],
}
QUICK: dict[str, list[int]] = {
    "samples": [1_000, 2_000, 4_000],
    "samples, memory-mapped": [2_000],
    "tasks": [1, 2],
    "features": [16],
    "n_jobs": [1],
    "images": [200],
}


class Memory:
    """The largest anonymous memory of this process while it is watched, in bytes."""

    def __init__(self) -> None:
        self.peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def _watch(self) -> None:
        while not self._over.wait(0.02):
            self.peak = max(self.peak, self.now())

    @staticmethod
    def now() -> int:
        try:
            lines = Path("/proc/self/status").read_text().splitlines()
        except OSError:  # not on Linux
            return 0
        (line,) = [line for line in lines if line.startswith("RssAnon")]
        return int(line.split()[1]) * 1024

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self.peak = max(self.peak, self.now())


def estimator_and_samples(series: str, size: int, device: str, folder: str) -> Any:
    """What to fit, on which samples, and the bytes of these."""
    from sk_jae import JointAutoencoder

    rng = np.random.default_rng(0)
    common: dict[str, Any] = {"max_epochs": 1, "random_state": 0, "device": device}
    X: Any
    if series.startswith("samples"):
        model = JointAutoencoder(encoder=(16,), batch_size=1024, **common)
        n = size // 2
        if "mapped" in series:
            X = [_mapped(Path(folder) / str(t), n) for t in range(2)]
        else:
            X = [rng.integers(0, 256, (n, *IMAGE), dtype=np.uint8) for _ in range(2)]
    elif series == "images":
        model = JointAutoencoder(**common)
        n = size // 2
        X = [rng.integers(0, 256, (n, *IMAGE), dtype=np.uint8) for _ in range(2)]
    elif series == "tasks":
        model = JointAutoencoder(encoder=(128,), **common)
        X = [rng.random((1000, 64), dtype=np.float32) for _ in range(size)]
        X = X[0] if size == 1 else X
    else:
        model = JointAutoencoder(encoder=(128,), **common)
        X = [rng.random((1000, size), dtype=np.float32) for _ in range(2)]
    return model, X, sum(x.nbytes for x in (X if isinstance(X, list) else [X]))


def _mapped(path: Path, n: int) -> np.memmap:
    """A file of random images, written without holding them."""
    rng = np.random.default_rng(0)
    X = np.memmap(path, np.uint8, "w+", shape=(n, *IMAGE))
    for start in range(0, n, 100_000):
        part = X[start : start + 100_000]
        part[:] = rng.integers(0, 256, part.shape, dtype=np.uint8)
    X.flush()
    return np.memmap(path, np.uint8, "r", shape=(n, *IMAGE))


def grid_search(n_jobs: int, device: str) -> None:
    from sklearn.model_selection import GridSearchCV

    from sk_jae import JointAutoencoder, pack

    rng = np.random.default_rng(0)
    X, _ = pack([rng.random((4000, 64), dtype=np.float32) for _ in range(2)])
    model = JointAutoencoder(encoder=(128,), max_epochs=5, device=device)
    grid = {"n_shared": [4, 8], "reconstruction_weight": [0.5, 1.0]}
    GridSearchCV(model, grid, cv=2, n_jobs=n_jobs, refit=False).fit(X)


def point(series: str, size: int, device: str) -> dict[str, Any]:
    """One measurement, in this process."""
    import sk_jae  # noqa: F401, for the memory that the imports take

    imports = Memory.now()
    with tempfile.TemporaryDirectory() as folder:
        if series == "n_jobs":
            nbytes = 0

            def run() -> Any:
                return grid_search(size, device)
        else:
            model, X, nbytes = estimator_and_samples(series, size, device, folder)

            def run() -> Any:
                return model.fit(X)

            # The first fit of a process has work that is done once.
            few = [x[:50] for x in X] if isinstance(X, list) else X[:50]
            model.fit(few)
        seconds, cpu = [], []
        with Memory() as memory:
            while not seconds or (cpu[0] < 2 and len(seconds) < 3):
                start, used = time.perf_counter(), time.process_time()
                run()
                seconds.append(time.perf_counter() - start)
                cpu.append(time.process_time() - used)
    return {
        "seconds": min(seconds),
        "cpu": min(cpu),
        "bytes": nbytes,
        "imports": imports,
        "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "anonymous": memory.peak,
    }


def draw(results: Results, device: str) -> None:
    """Time over size, a panel per series."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return
    found = points(results.runs(), device)
    figure = Figure(figsize=(4 * len(found), 3.5), layout="constrained")
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for axis, (series, of_size) in zip(axes, found.items(), strict=True):
        axis.loglog([*of_size], [run["seconds"] for run in of_size.values()], "o-")
        axis.set(title=series, xlabel=series, ylabel="seconds")
    figure.savefig(results.path.with_suffix(".png"), dpi=120)


def run_point(series: str, size: int, device: str) -> dict[str, Any]:
    """One measurement, in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.speed.scaling", "--device", device]
    command += ["--point", series, str(size)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, cwd=ROOT)
    return json.loads(output.stdout.splitlines()[-1])


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", default="", help="series whose name has this")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--point", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.point:
        series, size = args.point
        print(json.dumps(point(series, int(size), args.device)))
        return
    chosen = QUICK if args.quick else SIZES
    with open_results("speed/scaling", quick=args.quick) as results:
        for series, sizes in chosen.items():
            for size in sizes if args.only in series else ():
                key = {"device": args.device, "series": series, "size": size}
                if results.find(key) is None:
                    results.add(key, run_point(series, size, args.device))
            table = series_table(series, sizes, args.device)
            print(f"{render(table, results.read())}\n", flush=True)
        print(render(exponent_table(args.device), results.read()))
        if results.runs():
            draw(results, args.device)


if __name__ == "__main__":
    main()
