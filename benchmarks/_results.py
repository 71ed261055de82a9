"""Files of results: runs that are finished, and summaries of earlier ones.

The file benchmarks/<subject>/results/<name>.json has two entries:

- "runs": one record per finished run, with all that decides its outcome, the outcome,
  and the code and machine that it was measured with.
- "summaries": where there are such, means and standard deviations of runs whose single
  values were not kept, and where they come from. A cell of a table that has runs is
  made from these; `_tables` does that.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # on Windows, where nothing keeps two processes apart
    fcntl = None  # type: ignore[assignment]

ROOT = Path(__file__).resolve().parents[1]


class Results:
    """The file of one benchmark's results.

    A run is written as soon as it is added, also while other processes add theirs, so
    that a benchmark can be broken off at any time and run in pieces. Whether a run is
    there already is asked by its key, all that decides its outcome.

    Parameters
    ----------
    path : path-like
        The JSON file, which need not exist.

    Examples
    --------
    >>> results = Results("speed/results/training.json")
    >>> key = {"n_samples": 1000, "seed": 0}
    >>> if results.find(key) is None:
    ...     results.add(key, {"seconds": 3.2})
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    def read(self) -> dict[str, Any]:
        """All that the file holds."""
        if not self.path.exists():
            return {"runs": []}
        return json.loads(self.path.read_text(encoding="utf-8"))

    def runs(self, **wanted: Any) -> list[dict[str, Any]]:
        """All finished runs that have these items."""
        items = _as_json_gives_it_back(wanted).items()
        return [run for run in self.read()["runs"] if items <= run.items()]

    def find(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The run that has all items of the key, or None."""
        return next(iter(self.runs(**key)), None)

    def add(
        self,
        key: Mapping[str, Any],
        outcome: Mapping[str, Any],
        *,
        replace: bool = False,
    ) -> dict[str, Any]:
        """Write a finished run, and return its record.

        With `replace`, runs that have the items of the key are taken out.
        """
        record = {**key, **outcome, "environment": environment()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            if fcntl is not None:
                fcntl.flock(lock, fcntl.LOCK_EX)
            content = self.read()
            if replace:
                old = _as_json_gives_it_back(key).items()
                kept = [run for run in content["runs"] if not old <= run.items()]
                content["runs"] = kept
            content["runs"].append(record)
            new = self.path.with_suffix(".new")
            new.write_text(to_text(content), encoding="utf-8")
            new.replace(self.path)
        return record


@contextmanager
def open_results(name: str, *, quick: bool = False) -> Iterator[Results]:
    """The results named "<subject>/<name>", those of a quick run in a folder that goes.

    Examples
    --------
    >>> with open_results("speed/training", quick=True) as results:
    ...     results.runs()
    []
    """
    if not quick:
        yield Results(results_path(name))
        return
    with tempfile.TemporaryDirectory(prefix="benchmarks-") as folder:
        yield Results(Path(folder) / f"{name}.json")


def results_path(name: str) -> Path:
    """The committed file of the results named "<subject>/<name>"."""
    subject, _, name = name.partition("/")
    return ROOT / "benchmarks" / subject / "results" / f"{name}.json"


def to_text(content: Mapping[str, Any]) -> str:
    """JSON with a line per record, so that a new run is a new line of a diff."""
    parts = [f' "runs": {_listed(content["runs"], " ")}']
    if "summaries" in content:
        lines = [
            f"  {_dumps(key)}: "
            + (_listed(value, "  ") if key == "cells" else _dumps(value))
            for key, value in content["summaries"].items()
        ]
        parts.append(' "summaries": {\n' + ",\n".join(lines) + "\n }")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _listed(records: list[Any], indent: str) -> str:
    if not records:
        return "[]"
    lines = [f"{indent} {_dumps(record)}" for record in records]
    return "[\n" + ",\n".join(lines) + f"\n{indent}]"


def _dumps(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _as_json_gives_it_back(value: Any) -> Any:
    return json.loads(json.dumps(value))


@cache
def environment() -> dict[str, str]:
    """The code and the machine that a run is measured with."""
    import sk_jae

    return {
        "sk_jae": sk_jae.__version__,
        "commit": _commit(),
        "torch": version("torch"),
        "machine": f"{_processor()}, {os.cpu_count()} cores",
    }


def _commit() -> str:
    """The commit, and whether the code differs from it; new results do not count.

    A copy of the checkout without git is told by BENCHMARK_COMMIT.
    """
    told = os.environ.get("BENCHMARK_COMMIT")
    if told:
        return told
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git(
            "status", "--porcelain", "--", "sk_jae", ":(glob)benchmarks/**/*.py"
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}, changed" if changed else commit


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    run = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    return run.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if "model name" in line]
    return names[0] if names else platform.processor() or platform.machine()
