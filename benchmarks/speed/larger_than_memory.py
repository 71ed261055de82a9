"""Training, cross-validation and codes of samples that are not in memory.

A task of 1024 float32 features is kept in one form after the other, beside a small task
in memory. Every form has a process of its own, in which the files are read once before,
so that the system holds them in its cache; what is measured is the time of a fit of one
epoch, of `cross_val_score` with two folds and of `transform` into a memory map, and the
largest anonymous memory of the process, which leaves out that cache. "memory" is an
array in memory. "speed" is its time on the same machine over that of a form; the cores
have to be idle. Runs that are there are not repeated.

    python -m benchmarks.speed.larger_than_memory [--quick] [--only TEXT]
        [--size MB] [--folder PATH]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import ROOT, open_results
from benchmarks._tables import render
from benchmarks.speed._larger_formats import N_FEATURES, OPEN, make
from benchmarks.speed._larger_than_memory_tables import larger_table
from benchmarks.speed.scaling import Memory

SIZE, QUICK_SIZE = 5000, 8  # MB


def cached(folder: Path) -> None:
    """Read all files once."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                while file.read(2**24):
                    pass


def point(name: str, size: int, folder: Path) -> dict[str, Any]:
    """All measurements of one form, in this process."""
    from sklearn.model_selection import KFold, cross_val_score

    from sk_jae import JointAutoencoder, pack

    n = size * 10**6 // (4 * N_FEATURES)
    rng = np.random.default_rng(1)
    small = rng.random((1000, N_FEATURES), dtype=np.float32)
    model = JointAutoencoder(
        encoder=(32,), max_epochs=1, batch_size=512, random_state=0, device="cpu"
    )
    model.fit([small, small])  # what is done once in a process
    cached(folder)
    X = [OPEN[name](folder, n), small]
    codes = np.lib.format.open_memmap(folder / "z.npy", "w+", np.float32, (n, 64))
    steps = {
        "fit": lambda: model.fit(X),
        "cross-validation": lambda: cross_val_score(
            model, pack(X)[0], cv=KFold(2), error_score="raise"
        ),
        "transform": lambda: model.transform(X, out=[codes, np.empty((1000, 64))]),
    }
    found: dict[str, Any] = {}
    for step, run in steps.items():
        with Memory() as memory:
            start, used = time.perf_counter(), time.process_time()
            run()
            found[step] = {
                "seconds": time.perf_counter() - start,
                "cpu": time.process_time() - used,
                "anonymous": memory.peak,
            }
        found[step]["anonymous"] = memory.peak
        print(step, found[step], file=sys.stderr, flush=True)
    return found


def is_there(name: str) -> bool:
    """Whether what a form needs is installed."""
    packages = {"h5py": "h5py", "dask": "dask", "parquet": "pyarrow"}
    packages |= {"zarr": "zarr", "zarr, compressed": "zarr"}
    package = packages.get(name)
    if package is None or find_spec(package):
        return True
    print(f"{name} left out: {package} is not installed")
    return False


def run_form(name: str, size: int, folder: str | None) -> dict[str, Any]:
    """Write a form and measure it, each in a process of its own."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        command = [sys.executable, "-m", "benchmarks.speed.larger_than_memory"]
        command += ["--size", str(size), "--folder", own]
        subprocess.run([*command, "--make", name], check=True, cwd=ROOT)
        output = subprocess.run(
            [*command, "--point", name], check=True, stdout=subprocess.PIPE, cwd=ROOT
        )
    return json.loads(output.stdout.splitlines()[-1])


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--only", default="", help="forms whose name has this")
    parser.add_argument("--size", type=int, default=SIZE, help="MB of the large task")
    parser.add_argument("--folder", help="where the files are written for a while")
    parser.add_argument("--make", help=argparse.SUPPRESS)
    parser.add_argument("--point", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.make:
        make(args.make, Path(args.folder), args.size * 10**6 // (4 * N_FEATURES))
        return
    if args.point:
        print(json.dumps(point(args.point, args.size, Path(args.folder))))
        return
    size = QUICK_SIZE if args.quick else args.size
    with open_results("speed/larger_than_memory", quick=args.quick) as results:
        for name in OPEN:
            key = {"form": name, "megabytes": size}
            if args.only in name and is_there(name) and results.find(key) is None:
                results.add(key, run_form(name, size, args.folder))
        print(render(larger_table(), results.read()))


if __name__ == "__main__":
    main()
