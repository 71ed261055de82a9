"""The tables of the speed of training and transforming."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table

MATMUL_SIDE = 2048
WORKLOAD_LABELS = {
    "dense, batch 64": "dense, 784 and 256 features, batch 64",
    "dense, batch 256": "the same, batch 256",
    "8 tasks of 2,000": "8 dense tasks of 784 features, batch 64",
    "Figure 2": "Figure 2 of the paper, batch 256",
    "Figure 4": "Figure 4, batch 128",
    "Figure 7": "Figure 7, batch 64",
    "Figure 8": "Figure 8, batch 64",
    "adaptation": "one branch, one of two tasks unlabeled, batch 64",
}


def training_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Of every workload and contestant: samples per second, and times beside ours."""
    for run in runs:
        if "times" not in run:
            continue
        own = _medians(run["times"]["sk_jae"])
        for name, times in run["times"].items():
            taken = _medians(times)
            values = {
                "trained": _three_digits(run["trained"] / taken["fit"]),
                "fit": taken["fit"] / own["fit"],
                "cpu": taken["cpu"] / own["cpu"],
                "peak": run["ends"][name]["peak"] / 2**20,
            }
            if "transform" in taken:
                values["transformed"] = _three_digits(
                    run["transformed"] / taken["transform"]
                )
                values["transform"] = taken["transform"] / own["transform"]
            if run["ends"][name]["pickle"]:
                values["pickle"] = run["ends"][name]["pickle"] / 2**20
            yield {
                "row": run["workload"],
                "column": name,
                "seed": None,
                "values": values,
            }


def machine_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """What part of the machine's rate our training reaches, in GFLOP/s."""
    for run in runs:
        if run["workload"] == "first epoch":
            values = {"seconds": run["seconds"]}
        elif run["workload"] == "adaptation":
            continue
        else:
            times = _medians(run["times"]["sk_jae"])
            flops = run["ends"]["sk_jae"]["flops"] * run["samples"]
            rate, most = flops / times["fit"], 2 * MATMUL_SIDE**3 / times["matmul"]
            values = {
                "rate": rate / 1e9,
                "most": most / 1e9,
                "percent": 100 * rate / most,
            }
        yield {
            "row": run["workload"],
            "column": "sk_jae",
            "seed": None,
            "values": values,
        }


def _medians(times: dict[str, list[float]]) -> dict[str, float]:
    return {job: statistics.median(taken) for job, taken in times.items() if taken}


def _three_digits(x: float) -> float:
    return float(f"{x:.3g}")


def _of(device: str, threads: int, cells: Callable[..., Any]) -> Callable[..., Any]:
    """Cells of the runs on one device with so many threads."""
    wanted = {"device": device, "threads": threads}
    return lambda runs: cells([run for run in runs if wanted.items() <= run.items()])


def training_table(device: str, threads: int) -> Table:
    """How many samples per second, and how many times as long others take."""
    contestants = {
        "skorch": "skorch, default loader",
        "skorch, batched loader": "skorch, batched loader",
        "loop": "plain loop",
        "best loop": "best loop",
        "skada DeepCoral": "DeepCoral of skada",
    }
    return Table(
        results="speed/training",
        columns=[
            Column("samples/s", "sk_jae", "{trained:,.0f}"),
            *(Column(label, name, "{fit:.2f}") for name, label in contestants.items()),
            Column("`transform`: samples/s", "sk_jae", "{transformed:,.0f}"),
            Column("skorch", "skorch", "{transform:.1f}"),
        ],
        rows=WORKLOAD_LABELS,
        derive=_of(device, threads, training_cells),
    )


def details_tables(device: str, threads: int) -> list[Table]:
    """What else was measured: processor time, memory, the rate of the machine."""
    contestants = (
        "sk_jae",
        "skorch",
        "skorch, our module",
        "skorch, batched loader",
        "loop",
        "best loop",
        "skada DeepCoral",
    )
    cells = {
        "times as long": "{fit:.2f}",
        "times as much processor time": "{cpu:.2f}",
        "transform, times as long": "{transform:.2f}",
        "peak MB": "{peak:,.0f}",
        "pickle MB": "{pickle:.1f}",
    }
    details = [
        Table(
            results="speed/training",
            corner=corner,
            columns=[Column(name, name, cell) for name in contestants],
            rows=WORKLOAD_LABELS,
            derive=_of(device, threads, training_cells),
        )
        for corner, cell in cells.items()
    ]
    machine = Table(
        results="speed/training",
        columns=[
            Column("model, GFLOP/s", "sk_jae", "{rate:.1f}"),
            Column("matrix product, GFLOP/s", "sk_jae", "{most:.1f}"),
            Column("of it", "sk_jae", "{percent:.0f} %"),
            Column("seconds", "sk_jae", "{seconds:.1f}"),
        ],
        rows={**WORKLOAD_LABELS, "first epoch": "imports and first epoch"},
        derive=_of(device, threads, machine_cells),
    )
    return [*details, machine]


TABLES = {"speed/training": training_table("cpu", 2)}
