"""Step 2: the tests marked `gpu`, file by file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from benchmarks._results import ROOT
from benchmarks.gpu_steps._recorder import Recorder, Skipped

MARK = re.compile(r"\bmark\.gpu\b")
# Without the options of pyproject.toml, which ask for several processes and doctests.
OPTIONS = (
    *("-o", "addopts=", "-p", "no:xdist", "-p", "no:cacheprovider"),
    *("-m", "gpu", "-q", "--tb=short"),
)


class Outcomes:
    """A plugin of pytest that counts outcomes and keeps the reports of failures."""

    def __init__(self) -> None:
        self.counts = {"passed": 0, "failed": 0, "skipped": 0}
        self.failures: dict[str, str] = {}
        self.not_importable = ""

    def pytest_collectreport(self, report: Any) -> None:
        if report.failed:
            text = str(report.longrepr)
            if "ModuleNotFoundError" in text:
                self.not_importable = text.strip().splitlines()[-1]
            else:
                self.failures[report.nodeid] = text[-2000:]

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        print(f"    {nodeid}", flush=True)  # the last one is the one that hangs

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.when == "call" or not report.passed:
            self.counts[report.outcome] += 1
        if report.failed:
            self.failures[report.nodeid] = str(report.longrepr)[-2000:]


def run(recorder: Recorder) -> None:
    """A part for each file."""
    for path in marked_files():
        name = path.relative_to(ROOT).as_posix()
        recorder.part(name, run_file, path, recorder.on_cuda, seconds=10)


def marked_files() -> list[Path]:
    """The test files in which a test is marked `gpu`."""
    return [
        path
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if MARK.search(path.read_text(encoding="utf-8"))
    ]


def run_file(path: Path, on_cuda: bool) -> dict[str, Any]:
    """Run the marked tests of one file."""
    outcomes = Outcomes()
    status = pytest.main([*OPTIONS, str(path)], plugins=[outcomes])
    if outcomes.not_importable:
        raise Skipped(outcomes.not_importable)
    checks = {"no failure": not outcomes.failures and status in (0, 5)}
    if on_cuda:
        checks["some passed"] = outcomes.counts["passed"] > 0
    return {**outcomes.counts, "failures": outcomes.failures, "checks": checks}
