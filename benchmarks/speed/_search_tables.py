"""The table of searches that train their candidates together or one by one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from statistics import median
from typing import Any

from benchmarks._tables import Cell, Column, Table

SEARCHES = {
    "GridSearchCV, n_jobs=1": "`GridSearchCV`",
    "GridSearchCV, n_jobs=2": "`GridSearchCV(n_jobs=2)`",
    "BatchedSearchCV, n_jobs=1": "`BatchedSearchCV`",
    "BatchedSearchCV, n_jobs=2": "`BatchedSearchCV(n_jobs=2)`",
}
WORKLOADS = {
    f"{data}, {n} candidates": f"{data}, {n} candidates"
    for data in ("table 300 x 10", "table 2000 x 50", "digits")
    for n in (12, 36, 108)
}

_TIMES = "{times:.1f} ({least:.1f} to {most:.1f})"


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """The medians over the repetitions of each search."""
    found = defaultdict(list)
    for run in runs:
        found[run["workload"], run["search"]].append(run)
    for (workload, search), of_search in found.items():
        values = {
            key: median(run[key] for run in of_search)
            for key in ("seconds", "cpu_seconds", "peak_mb")
        }
        yield {"row": workload, "column": search, "seed": None, "values": values}
    yield from ratios(found)


def ratios(found: dict[tuple[str, str], list[dict[str, Any]]]) -> Iterator[Cell]:
    """How many times as fast as GridSearchCV it is in a round, over all rounds."""
    for workload, search in found:
        other = search.replace("GridSearchCV", "BatchedSearchCV")
        if search != other and (workload, other) in found:
            seconds = [
                {run["repeat"]: run["seconds"] for run in found[workload, which]}
                for which in (search, other)
            ]
            rounds = seconds[0].keys() & seconds[1].keys()
            times = sorted(seconds[0][k] / seconds[1][k] for k in rounds)
            values = {"times": median(times), "least": times[0], "most": times[-1]}
            column = f"times, {search[-8:]}"
            yield {"row": workload, "column": column, "seed": None, "values": values}


TABLES = {
    "speed/search": Table(
        results="speed/search",
        corner="candidates in 3 folds",
        columns=[
            *(
                Column(
                    title,
                    name,
                    "{seconds:.0f} s, {cpu_seconds:.0f} s of CPU, {peak_mb:.0f} MB",
                )
                for name, title in SEARCHES.items()
            ),
            Column("times as fast", "times, n_jobs=1", _TIMES),
            Column("with two processes", "times, n_jobs=2", _TIMES),
        ],
        rows=WORKLOADS,
        derive=cells,
    )
}
