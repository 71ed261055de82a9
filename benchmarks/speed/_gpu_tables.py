"""The tables of what `benchmarks/gpu.py` measured on a GPU."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._results import results_path
from benchmarks._tables import Cell, Column, Table
from benchmarks.speed._training_tables import WORKLOAD_LABELS

RESULTS = "speed/gpu"
CONTESTANTS = {
    "skorch": "skorch, default loader",
    "loop": "plain loop",
    "best loop": "best loop",
    "best loop, graphs": "best loop with CUDA graphs",
    "sk_jae, compiled": "ours, compiled",
}
_RATES = {
    "float32": "matrix product, float32",
    "bfloat16": "matrix product, bfloat16",
}
# Ours by theirs, in samples per second of training: (workload, others, at least).
TARGETS = (
    ("Figure 2", ("skorch",), 5.0),
    ("dense, batch 64", ("skorch",), 3.0),
    *(
        (name, ("loop", "best loop", "best loop, graphs"), 0.9)
        for name in WORKLOAD_LABELS
    ),
)


def latest(runs: Sequence[dict[str, Any]], *steps: str) -> list[dict[str, Any]]:
    """The last run of every part of these steps that was measured."""
    measured = (
        run
        for run in runs
        if run["step"] in steps and run["status"] in ("ok", "differs")
    )
    return list({(run["step"], run["part"]): run for run in measured}.values())


def epoch_seconds(run: dict[str, Any]) -> float:
    """Seconds of an epoch, without those of setting up."""
    short, long = (statistics.median(run[key]) for key in ("one_epoch", "all_epochs"))
    more = (long - short) / (run["epochs"] - 1)
    return more if more > 0 else long / run["epochs"]


def training_rates(runs: Sequence[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Samples per second of training by (workload, contestant)."""
    return {
        (run["workload"], run["contestant"]): run["samples"]
        * run["tasks"]
        / epoch_seconds(run)
        for run in latest(runs, "speed", "compiled")
        if "one_epoch" in run
    }


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Of every workload and contestant, its rates, memory and launches."""
    rates = training_rates(runs)
    launches = {
        (run["workload"], run["contestant"]): run for run in latest(runs, "launches")
    }
    products = {run["part"]: run for run in latest(runs, "machine")}
    for run in latest(runs, "speed", "compiled"):
        key = run["workload"], run["contestant"]
        if key not in rates:
            continue
        short = statistics.median(run["one_epoch"])
        values = {
            "trained": rates[key],
            "set_up": 1000 * max(0.0, short - epoch_seconds(run)),
            "transformed": run["transformed"] / statistics.median(run["transform"]),
        }
        own = rates.get((key[0], "sk_jae"))
        if own:
            values["as_long"] = own / rates[key]
        if run["peak_mb"] is not None:
            values["peak"] = run["peak_mb"]
        counted = run.get("per_step") or launches.get(key, {})
        values |= {
            name: counted[name] for name in ("kernels", "launches") if name in counted
        }
        product = products.get(_RATES.get(run.get("precision", ""), ""))
        if product:
            rate = run["flops"] * run["samples"] / epoch_seconds(run)
            values["tflops"] = rate / 1e12
            values["percent"] = 100 * values["tflops"] / product["tflop_per_s"]
        yield {"row": key[0], "column": key[1], "seed": None, "values": values}


def speed_table() -> Table:
    """Samples per second of ours, and how many times as long others take."""
    return Table(
        results=RESULTS,
        columns=[
            Column("samples/s", "sk_jae", "{trained:,.0f}"),
            *(
                Column(label, name, "{as_long:.2f}")
                for name, label in CONTESTANTS.items()
            ),
            Column("set up, ms", "sk_jae", "{set_up:.0f}"),
            Column("kernels a step", "sk_jae", "{kernels:.0f}"),
            Column("of the matrix rate", "sk_jae", "{percent:.1f} %"),
            Column("peak MB", "sk_jae", "{peak:,.0f}"),
            Column("`transform`: samples/s", "sk_jae", "{transformed:,.0f}"),
        ],
        rows=WORKLOAD_LABELS,
        derive=cells,
    )


def details_tables() -> list[Table]:
    """The same of every contestant."""
    shown = {
        "samples/s": "{trained:,.0f}",
        "set up, ms": "{set_up:.1f}",
        "kernels a step": "{kernels:.0f}",
        "launches a step": "{launches:.0f}",
        "peak MB": "{peak:,.1f}",
        "transform, samples/s": "{transformed:,.0f}",
    }
    names = {"sk_jae": "sk_jae", **CONTESTANTS}
    return [
        Table(
            results=RESULTS,
            corner=corner,
            columns=[Column(label, name, cell) for name, label in names.items()],
            rows=WORKLOAD_LABELS,
            derive=cells,
        )
        for corner, cell in shown.items()
    ]


def targets_reached(runs: Sequence[dict[str, Any]]) -> list[str]:
    """A line for every target of speed that was measured."""
    rates = training_rates(runs)
    lines = []
    for workload, others, wanted in TARGETS:
        known = {
            name: rates[workload, name] for name in others if (workload, name) in rates
        }
        own = rates.get((workload, "sk_jae"))
        if not known or own is None:
            continue
        best = max(known, key=lambda name: known[name])
        reached = own / known[best]
        word = "reached" if reached >= wanted else "NOT reached"
        lines.append(
            f"{workload}: {reached:.2f} times {best}, {wanted:g} wanted: {word}"
        )
    return lines


# A page has to show the table as soon as there are results of a GPU to show.
TABLES = {RESULTS: speed_table()} if results_path(RESULTS).exists() else {}
