"""The tables in README.md and docs/ are those of the committed results."""

from __future__ import annotations

import ast
import importlib
import json
import re
from pathlib import Path

import pytest

import sk_jae
from benchmarks import quick, report
from benchmarks._results import Results, open_results, to_text
from benchmarks._tables import Column, Table, render

ROOT = Path(__file__).parent.parent
BENCHMARKS = ROOT / "benchmarks"
RESULTS = sorted(BENCHMARKS.glob("*/results/*.json"))


def test_tables_equal_the_results():
    shown = []
    for page in report.pages():
        for name, text in report.tables_in(page.read_text(encoding="utf-8")).items():
            assert text == report.make_table(name), (
                f"{page.name} differs from the results of {name}; run "
                "python -m benchmarks.report"
            )
            shown.append(name)
    assert set(shown) == set(report.all_tables())  # some on several pages


def test_every_benchmark_has_a_row_with_its_command():
    text = (BENCHMARKS / "README.md").read_text(encoding="utf-8")
    for path in BENCHMARKS.glob("*/[!_]*.py"):
        if not path.parent.name.startswith("gpu"):
            command = f"`python -m benchmarks.{path.parent.name}.{path.stem}"
            assert command in text, path


def test_a_changed_result_is_found(monkeypatch):
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert report.with_tables(readme) == readme
    monkeypatch.setattr(report, "make_table", lambda name: "| another |")
    assert report.with_tables(readme) != readme


def test_tables_of_numbers_are_made_from_results():
    """A table that somebody wrote by hand would go out of date unnoticed."""
    for page in report.pages():
        text = report.MARKED.sub("", page.read_text(encoding="utf-8"))
        rows = re.findall(r"^\|.*\d\.\d.*\|$", text, flags=re.M)
        assert not rows, f"{page.name} has figures outside of marked tables: {rows}"


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_say_where_they_are_from(path):
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["runs"] or content["summaries"]["cells"]
    for run in content["runs"]:
        assert {"sk_jae", "commit", "torch", "machine"} <= run["environment"].keys()
    if "summaries" in content:
        summaries = content["summaries"]
        assert "single seeds were not kept" in summaries["from"]
        assert summaries["commit"]
        assert summaries["machine"]


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: path.stem)
def test_results_are_written_as_they_are_read(path):
    text = path.read_text(encoding="utf-8")
    assert to_text(json.loads(text)) == text


def as_cells(runs):
    return [
        {"row": r["row"], "column": "x", "seed": r["seed"], "values": {"v": r["v"]}}
        for r in runs
    ]


@pytest.fixture
def small_table():
    column = Column("value", "x", "{v:±.1f} ({n})")
    return Table(
        results="none",
        columns=[column],
        rows={"a": "A", "b": "B", "c": "C"},
        derive=as_cells,
        published={("b", "x"): 7.0},
    )


def test_runs_win_over_summaries(small_table):
    summaries = [
        {"row": row, "column": "x", "n": 5, "values": {"v": [50.0, 2.0]}}
        for row in ("a", "b")
    ]
    runs = [{"row": "a", "seed": seed, "v": float(seed)} for seed in (1, 3)]
    text = render(small_table, {"runs": runs, "summaries": {"cells": summaries}})
    assert text.splitlines() == [
        "|  | value |",
        "|---|---|",
        "| A | 2.0 ± 1.4 (2) |",
        "| B | 50.0 ± 2.0 (5) (7) |",
    ]


def test_one_run_has_no_spread(small_table):
    text = render(small_table, {"runs": [{"row": "c", "seed": 0, "v": 1.25}]})
    assert text.splitlines()[-1] == "| C | 1.2 (1) |"


def test_finished_runs_are_kept(tmp_path):
    kept = Results(tmp_path / "some" / "results.json")
    key = {"row": "a", "params": {"lr": (1, 2)}, "seed": 0}
    assert kept.find(key) is None
    kept.add(key, {"accuracy": 0.5})
    kept.add({**key, "seed": 1}, {"accuracy": 0.7})
    assert kept.find(key)["accuracy"] == 0.5
    assert kept.find({**key, "seed": 1})["accuracy"] == 0.7
    assert [run["seed"] for run in kept.runs(row="a")] == [0, 1]
    assert "torch" in kept.find(key)["environment"]


def test_a_run_is_replaced_by_its_key(tmp_path):
    results = Results(tmp_path / "results.json")
    for seed in (0, 1):
        results.add({"row": "a", "seed": seed}, {"value": seed})
    results.add({"row": "a", "seed": 0}, {"value": 7}, replace=True)
    found = {run["seed"]: run["value"] for run in results.runs(row="a")}
    assert found == {0: 7, 1: 1}
    assert len(results.runs()) == 2


def test_new_runs_leave_summaries_as_they_are(tmp_path):
    path = tmp_path / "results.json"
    summaries = {"from": "earlier", "cells": [{"row": "a"}]}
    path.write_text(to_text({"runs": [], "summaries": summaries}))
    Results(path).add({"row": "b"}, {"value": 1})
    assert json.loads(path.read_text())["summaries"] == summaries


def test_trials_do_not_touch_the_committed_results():
    with open_results("speed/indexing") as kept:
        assert BENCHMARKS in kept.path.parents
    with open_results("speed/indexing", quick=True) as trial:
        trial.add({"rows": "some"}, {})
        assert trial.path.exists()
        assert ROOT not in trial.path.parents
    assert not trial.path.exists()


@pytest.mark.parametrize(
    "path",
    sorted([*BENCHMARKS.rglob("*.py"), *(ROOT / "examples").glob("*.py")]),
    ids=lambda path: path.relative_to(ROOT).as_posix(),
)
def test_only_public_names_are_imported(path):
    public = {"sk_jae", *(f"sk_jae.{name}" for name in sk_jae.__all__)}
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules, names = {name.name for name in node.names}, set()
        elif isinstance(node, ast.ImportFrom):
            modules, names = {node.module or ""}, {name.name for name in node.names}
        else:
            continue
        for module in modules:
            if module.split(".")[0] == "sk_jae":
                assert module in public, f"{module} is private"
                assert names <= {*importlib.import_module(module).__all__}


def test_every_benchmark_has_a_trial():
    modules = quick.modules()
    assert "benchmarks.transfer.digits" in modules
    for module in modules:
        text = (ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8")
        makes_parser = "make_parser(" in text or "run_by_seed(" in text
        assert makes_parser, f"{module} has no --quick"
