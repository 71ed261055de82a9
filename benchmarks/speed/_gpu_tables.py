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
    """Of the card that was measured last, the last run of every part of these steps."""
    measured = (
        run
        for run in runs
        if run["step"] in steps
        and run["status"] in ("ok", "differs")
        and run["device"] == runs[-1]["device"]
    )
    return list({(run["step"], run["part"]): run for run in measured}.values())


def epoch_seconds(run: dict[str, Any]) -> float:
    """Seconds of an epoch, without those of setting up."""
    if "epoch_seconds" in run:
        return run["epoch_seconds"]
    short, long = (statistics.median(run[key]) for key in ("one_epoch", "all_epochs"))
    more = (long - short) / (run["epochs"] - 1)
    return more if more > 0 else long / run["epochs"]


def training_rates(runs: Sequence[dict[str, Any]]) -> dict[tuple[str, str], float]:
    """Samples per second of training by (workload, contestant)."""
    return {
        _key(run): run["samples"] * run["tasks"] / epoch_seconds(run)
        for run in latest(runs, "speed", "compiled")
        if "samples" in run
    }


def cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Of every workload and contestant, its rates, memory and launches."""
    rates = training_rates(runs)
    counts = {
        _key(run): run
        for run in latest(runs, "launches", "compiled")
        if "launches" in run
    }
    products = {run["part"]: run for run in latest(runs, "machine")}
    for run in latest(runs, "speed", "compiled"):
        key = _key(run)
        if "samples" not in run:
            continue
        values = {"trained": rates[key], **_of_fits(run), **_of_card(run, products)}
        own = rates.get((run["workload"], "sk_jae"))
        if own:
            values["as_long"] = own / rates[key]
        for name in ("kernels", "launches"):
            if key in counts:
                values[name] = counts[key][name]
        yield {"row": key[0], "column": key[1], "seed": None, "values": values}


def _key(run: dict[str, Any]) -> tuple[str, str]:
    return run["workload"], run["contestant"]


def _of_fits(run: dict[str, Any]) -> dict[str, float]:
    """Milliseconds of setting up, samples per second of `transform`, and memory."""
    if "one_epoch" not in run:
        return {}
    set_up = statistics.median(run["one_epoch"]) - epoch_seconds(run)
    values = {
        "set_up": 1000 * max(0.0, set_up),
        "transformed": run["transformed"] / statistics.median(run["transform"]),
    }
    return values if run["peak_mb"] is None else {**values, "peak": run["peak_mb"]}


def _of_card(run: dict[str, Any], products: dict[str, Any]) -> dict[str, float]:
    """What part of the rate of a matrix product in its precision ours reaches."""
    product = products.get(_RATES.get(run.get("precision", ""), ""))
    if not product:
        return {}
    tflops = run["flops"] * run["samples"] / epoch_seconds(run) / 1e12
    return {"tflops": tflops, "percent": 100 * tflops / product["tflop_per_s"]}


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
