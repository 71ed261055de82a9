"""Run every benchmark with --quick, as many at a time as there are cores.

These are all modules in the folders of benchmarks/, and beside this one, whose names do
not begin with "_". What needs data or a package that is not there says so and is left
out. What a benchmark prints comes when it has ended. The exit status is 1 if one fails.

    python benchmarks/quick.py [--only TEXT]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

BENCHMARKS = Path(__file__).resolve().parent
NOT_BENCHMARKS = {"quick", "report"}


def modules() -> list[str]:
    """The names of all benchmarks as `python -m` takes them."""
    paths = [*BENCHMARKS.glob("*.py"), *BENCHMARKS.glob("*/*.py")]
    return sorted(
        ".".join(path.relative_to(BENCHMARKS.parent).with_suffix("").parts)
        for path in paths
        if not path.stem.startswith("_") and path.stem not in NOT_BENCHMARKS
    )


def run_quick(module: str) -> tuple[str, subprocess.CompletedProcess[str], float]:
    start = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-m", module, "--quick"],
        cwd=BENCHMARKS.parent,
        env={**os.environ, "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return module, run, time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="benchmarks whose name has this")
    args = parser.parse_args()
    chosen = [name for name in modules() if args.only in name]
    outcomes = []
    with ThreadPoolExecutor(os.cpu_count()) as threads:
        for module, run, seconds in threads.map(run_quick, chosen):
            print(f"== {module}\n{run.stdout}", flush=True)
            outcomes.append((module, run.returncode, seconds))
    print("\nExit status and seconds of each:")
    for module, status, seconds in outcomes:
        print(f"  {module:32}{status:>4}{seconds:7.0f}")
    if not outcomes or any(status for _, status, _ in outcomes):
        sys.exit("A benchmark failed." if outcomes else "There is no such benchmark.")


if __name__ == "__main__":
    main()
