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
    all                    all of these whose data are there

Estimators are those of sk_jae.paper: the last epoch counts, and nothing is chosen on
test samples. Every finished run is added to benchmarks/paper/results/<sub-command>.json
and not repeated, so that the command can be broken off at any time, run in pieces
(--only, --minutes) or at once in several processes. The folder of the data is that of
the environment variable SK_JAE_DATA.

    python -m benchmarks.paper.reproduce [table0,...,all] [--quick] [--seeds 3]
        [--first-seed 0] [--only TEXT] [--minutes N]
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import torch

from benchmarks._command import is_there, make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.paper._branches import figure2
from benchmarks.paper._common import Options, Run
from benchmarks.paper._reconstruction import celeba, table0, table1
from benchmarks.paper._reproduce_tables import EXPERIMENTS
from benchmarks.paper._transfer import (
    figure3,
    freezing,
    half_transfer,
    table2,
    three_way,
)
from sk_jae.datasets import load_celeba, load_cifar10, load_mnist_usps, load_svhn

RUNS: dict[str, Callable[[Options, int], Iterator[Run]]] = {
    "table0": table0,
    "table1": table1,
    "fig2": figure2,
    "halves": half_transfer,
    "table2": table2,
    "fig3-mnist-usps": partial(figure3, "mnist", "usps"),
    "fig3-usps-mnist": partial(figure3, "usps", "mnist"),
    "fig3-svhn-mnist": partial(figure3, "svhn", "mnist"),
    "fig3d": freezing,
    "three-way": three_way,
    "celeba": celeba,
}

# What shows whether the data of an experiment are there, if not MNIST and USPS.
DATA: dict[str, Callable[[], Any]] = {
    "table1": load_cifar10,
    "fig3-svhn-mnist": load_svhn,
    "three-way": load_svhn,
    "celeba": load_celeba,
}


def key_of(run: Run) -> dict[str, Any]:
    """All that decides the outcome of a run."""
    parameters = run.estimator.get_params()
    # It does not change what is learned.
    parameters.pop("device")
    digest = hashlib.sha256(repr(sorted(parameters.items())).encode()).hexdigest()
    return {
        "row": run.row,
        "part": run.part,
        "seed": run.seed,
        "data": run.data,
        "parameters": digest[:12],
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


def run_experiment(
    name: str, args: argparse.Namespace, results: Results, deadline: float
) -> None:
    """The runs of an experiment that are not there yet, and its table."""
    options = Options(args.quick, args.device, results.path.parent)
    for seed in range(args.first_seed, args.first_seed + args.seeds):
        for run in RUNS[name](options, seed):
            key = key_of(run)
            wanted = args.only is None or args.only in f"{run.row}, {run.part}"
            if not wanted or time.monotonic() > deadline or results.find(key):
                continue
            outcome = results.add(key, carry_out(run))
            values = ", ".join(f"{k} {v:.2f}" for k, v in outcome["values"].items())
            label = ", ".join(filter(None, (name, run.row, run.part)))
            print(f"{label}, seed {seed}: {values} ({outcome['seconds']:.0f} s)")
    print(f"\n{render(EXPERIMENTS[name], results.read())}\n", flush=True)


def choose(args: argparse.Namespace) -> list[str]:
    """The experiments to run: the one that is asked for, or those that have data."""
    if args.experiment != "all":
        return [args.experiment]
    return [name for name in RUNS if is_there(name, DATA.get(name, load_mnist_usps))]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument(
        "experiment", nargs="?", choices=[*RUNS, "all"], default="all", metavar="result"
    )
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

    deadline = time.monotonic() + 60 * args.minutes
    for name in choose(args):
        with open_results(f"paper/{name}", quick=args.quick) as results:
            run_experiment(name, args, results, deadline)


if __name__ == "__main__":
    main()
