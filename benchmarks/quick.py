"""Run every benchmark with --quick, one after the other.

These are all modules in the folders of benchmarks/, and beside this one, whose names do
not begin with "_". What needs data or a package that is not there says so and is left
out. The exit status is 1 if one fails.

    python benchmarks/quick.py [--only TEXT]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
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


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="benchmarks whose name has this")
    args = parser.parse_args()
    outcomes = []
    for module in [name for name in modules() if args.only in name]:
        print(f"== {module}", flush=True)
        start = time.perf_counter()
        run = subprocess.run(
            [sys.executable, "-m", module, "--quick"],
            cwd=BENCHMARKS.parent,
            env={**os.environ, "MPLBACKEND": "Agg"},
        )
        seconds = time.perf_counter() - start
        outcomes.append((module, run.returncode, seconds))
    print("\nExit status and seconds of each:")
    for module, status, seconds in outcomes:
        print(f"  {module:32}{status:>4}{seconds:7.0f}")
    if not outcomes or any(status for _, status, _ in outcomes):
        sys.exit("A benchmark failed." if outcomes else "There is no such benchmark.")


if __name__ == "__main__":
    main()
