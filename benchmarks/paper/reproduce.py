"""The paper's results beside ours, one sub-command for each.

    table0                 reconstruction of MNIST halves
    table1                 reconstruction of pairs of CIFAR-10 classes
    fig2                   what the branches carry: pictures, t-SNE, Fisher ratio
    halves                 transfer between MNIST halves, both strategies
    table2                 depth of the tied layer
    fig3-mnist-usps, fig3-usps-mnist, fig3-svhn-mnist
                           5 to 50 labels per class, and baselines
    fig3d                  the freezing test
    three-way              SVHN to MNIST and USPS
    celeba                 reconstruction of CelebA's women and men
    all                    all of these, celeba if it is there

Estimators are those of sk_jae.paper: the last epoch counts, and nothing is chosen on
test samples. Every finished run is kept in results/paper.json and not repeated, so
that the command can be broken off at any time, run in pieces (--only, --minutes) or at
once in several processes. Tables in Markdown are printed and written to
results/paper_<sub-command>.md. The folder of the data is that of the environment
variable SK_JAE_DATA.

    python benchmarks/paper.py {table0,...,all} [--quick] [--seeds 3] [--first-seed 0]
        [--only TEXT] [--minutes N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from _paper_common import Options, Run
from _paper_images import celeba, table0, table1
from _paper_pictures import figure2
from _paper_transfer import figure3, freezing, half_transfer, table2, three_way
from _results import RESULTS, Results, markdown, mean_and_spread

from sk_jae.datasets import load_celeba


@dataclass(frozen=True)
class Experiment:
    """A sub-command: its runs for one seed, and the paper's values by (row, column)."""

    title: str
    runs: Callable[[Options, int], Iterator[Run]]
    paper: dict[tuple[str, str], float] = field(default_factory=dict)
    digits: int = 1


def by_row(columns: str, **rows: str) -> dict[tuple[str, str], float]:
    """The paper's values, written as a table."""
    return {
        (row, column): float(value)
        for row, values in rows.items()
        for column, value in zip(columns.split(), values.split(), strict=True)
    }


def depths(row: str, *values: float | None) -> dict[tuple[str, str], float]:
    return {
        (row, f"depth {depth}"): value
        for depth, value in enumerate(values, start=1)
        if value is not None
    }


EXPERIMENTS = {
    "table0": Experiment(
        "Reconstruction of MNIST halves, held-out images",
        table0,
        {
            ("pair of AEs", "sum of squares"): 5.6,
            ("JAE", "sum of squares"): 5.4,
            ("JAE, parameter-matched", "sum of squares"): 5.52,
        },
        digits=2,
    ),
    "table1": Experiment(
        "Reconstruction of pairs of CIFAR-10 classes, held-out images, sum of squares",
        table1,
        by_row(
            "A-D A-H A-S D-H D-S H-S",
            **{
                "pair of AEs": "20.8 18.5 16.2 20.6 18.2 16.0",
                "JAE": "13.9 12.2 10.8 13.2 11.4 10.6",
                "JAE, parameter-matched": "16.2 14.2 12.6 15.6 14.0 12.3",
            },
        ),
    ),
    "fig2": Experiment(
        "Fisher separation of the two MNIST halves' codes",
        figure2,
        {("JAE", "private / shared"): 2.6},
        digits=2,
    ),
    "halves": Experiment(
        "Transfer between MNIST halves, accuracy (%)",
        half_transfer,
        {
            ("common-branch", "{0-4} → {5-9}"): 92.3,
            ("common-branch", "{5-9} → {0-4}"): 96.1,
            ("end-to-end", "{0-4} → {5-9}"): 96.6,
            ("end-to-end", "{5-9} → {0-4}"): 98.3,
        },
    ),
    "table2": Experiment(
        "Depth of the one tied layer, accuracy on the target (%)",
        table2,
        depths("MNIST {0-4} → {5-9}", 96.5, 95.4, 95.8, 96.1, 96.0)
        | depths("MNIST {5-9} → {0-4}", 98.3, 97.6, 97.8, 98.2, 98.3)
        | depths("MNIST → USPS", None, None, None, 84.8, 87.6)
        | depths("USPS → MNIST", None, None, None, 83.2, 86.9),
    ),
    **{
        f"fig3-{source}-{target}": Experiment(
            f"{source.upper()} → {target.upper()}, accuracy on the target (%)",
            partial(figure3, source, target),
            {("JAE", "50 per class"): value},
        )
        for source, target, value in (
            ("mnist", "usps", 93.1),
            ("usps", "mnist", 92.4),
            ("svhn", "mnist", 93.7),
        )
    },
    "fig3d": Experiment(
        "MNIST → USPS, all but the source's reconstruction frozen after epoch 4, "
        "accuracy on the target (%)",
        freezing,
        {("JAE, 50 labels per class", "change"): 2.0},
    ),
    "three-way": Experiment(
        "SVHN → MNIST and USPS, 50 labels per class each, accuracy (%)",
        three_way,
        {
            ("two tasks", "MNIST"): 93.7,
            ("two tasks", "USPS"): 87.7,
            ("three tasks", "MNIST"): 94.5,
            ("three tasks", "USPS"): 88.9,
        },
    ),
    "celeba": Experiment(
        "Reconstruction of CelebA, held-out images, sum of squares", celeba
    ),
}


def key_of(name: str, run: Run, options: Options) -> dict[str, Any]:
    """All that decides the outcome of a run."""
    parameters = run.estimator.get_params()
    # Neither changes what is learned, and the device is one of the machine.
    parameters = {k: repr(v) for k, v in parameters.items() if k != "device"}
    return {
        "experiment": name,
        "row": run.row,
        "part": run.part,
        "seed": run.seed,
        "quick": options.quick,
        "data": run.data,
        "parameters": parameters,
    }


def carry_out(run: Run) -> dict[str, Any]:
    start = time.perf_counter()
    estimator = run.train(run.estimator)
    seconds = time.perf_counter() - start
    return {
        "values": run.measure(estimator),
        "n_parameters": estimator.n_parameters_ // run.n_systems,
        "seconds": round(seconds / run.n_systems, 1),
    }


def table(experiment: Experiment, records: list[dict[str, Any]]) -> str:
    """Markdown: ours as mean ± standard deviation over seeds, the paper's behind it."""
    rows = list(dict.fromkeys(r["row"] for r in records))
    columns = list(dict.fromkeys(c for r in records for c in r["values"]))
    lines = []
    for row in rows:
        chosen = [r for r in records if r["row"] == row]
        cells = []
        for column in columns:
            values = [r["values"][column] for r in chosen if column in r["values"]]
            cell = mean_and_spread(values, experiment.digits) if values else "–"
            theirs = experiment.paper.get((row, column))
            cells.append(cell if theirs is None else f"{cell} ({theirs:g})")
        seeds = len({r["seed"] for r in chosen})
        parameters = max(r["n_parameters"] for r in chosen)
        seconds = sum(r["seconds"] for r in chosen) / len(chosen)
        cells += [str(seeds), f"{parameters / 1e6:.2f} M", f"{seconds:.0f}"]
        lines.append([row, *cells])
    header = ["", *columns, "seeds", "parameters", "seconds per fit"]
    return f"{experiment.title}; the paper's in parentheses\n\n" + markdown(
        header, lines
    )


def run_experiment(
    name: str, args: argparse.Namespace, results: Results, deadline: float
) -> None:
    experiment = EXPERIMENTS[name]
    options = Options(quick=args.quick, device=args.device)
    records = []
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for run in experiment.runs(options, seed):
            key = key_of(name, run, options)
            record = results.find(key)
            wanted = args.only is None or args.only in f"{run.row}, {run.part}"
            if record is None and wanted and time.monotonic() < deadline:
                outcome = carry_out(run)
                results.add(key, outcome)
                record = {**key, **outcome}
                values = ", ".join(f"{k} {v:.2f}" for k, v in outcome["values"].items())
                label = ", ".join(filter(None, (name, run.row, run.part)))
                print(f"{label}, seed {seed}: {values} ({outcome['seconds']:.0f} s)")
            if record is not None:
                records.append(record)
    if records:
        text = table(experiment, records)
        print(f"\n{text}\n", flush=True)
        path = RESULTS / f"paper_{name}{'_quick' if args.quick else ''}.md"
        path.write_text(text + "\n", encoding="utf-8")


def has_celeba() -> bool:
    try:
        load_celeba()
    except OSError as error:
        print(f"celeba is left out: {error}")
        return False
    return True


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("experiment", choices=[*EXPERIMENTS, "all"], metavar="result")
    parser.add_argument("--quick", action="store_true", help="small, for a trial")
    parser.add_argument("--seeds", type=int, help="how many; 3, and 1 if quick")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--only", help="what 'row, part' of new runs must contain")
    parser.add_argument(
        "--minutes",
        type=float,
        default=float("inf"),
        help="start no new run after that",
    )
    parser.add_argument("--device", default="auto")
    parser.add_argument("--threads", type=int, help="of PyTorch")
    args = parser.parse_args()
    if args.seeds is None:
        args.seeds = 1 if args.quick else 3
    if args.threads:
        torch.set_num_threads(args.threads)

    results = Results("paper_quick" if args.quick else "paper")
    deadline = time.monotonic() + 60 * args.minutes
    for name in EXPERIMENTS if args.experiment == "all" else [args.experiment]:
        if name == "celeba" and args.experiment == "all" and not has_celeba():
            continue
        run_experiment(name, args, results, deadline)


if __name__ == "__main__":
    main()
