"""How well scorers that need no labels of the target rank hyper-parameters.

Twelve settings of `JointTransferClassifier` learn MNIST and USPS, one of them without
labels: 2,000 and 1,800 training samples. Every scorer sees as many others that were
held out from the official training sets, with labels for the source alone; what it
should rank by is the accuracy on the target's official test set.

Every fit is added to benchmarks/transfer/results/scorers.json, and those that are there
are not repeated. The folder of the data is that of the environment variable
SK_JAE_DATA; a quick run takes the embedded digits.

    python -m benchmarks.transfer.scorers [--quick] [--epochs 10] [--seed 0]
"""

from __future__ import annotations

import time

import numpy as np

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._scorers_tables import ranking_table, settings_table
from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair, load_mnist_usps
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)

PAPER = {"infomax_weight": 0.0, "consistency_weight": 0.0, "augmentation": None}


def settings(epochs: int) -> dict[str, dict]:
    """Hyper-parameters from good to bad, for what their target accuracy is."""
    return {
        "defaults": {},
        "the paper's losses": PAPER,
        "the paper's losses, shared from the bottleneck": {**PAPER, "shared_depth": -1},
        "few epochs": {"max_epochs": max(epochs // 5, 1)},
        "no information maximization": {"infomax_weight": 0.0},
        "no consistency": {"consistency_weight": 0.0},
        "neither, but augmentation": {**PAPER, "augmentation": "auto"},
        "strong information maximization": {"infomax_weight": 10.0},
        "strong reconstruction": {"reconstruction_weight": 100.0},
        "small shared code": {"n_shared": 3},
        "dense": {"encoder": (256,), "augmentation": None, "consistency_weight": 0.0},
        "large steps": {"lr": 0.01},
    }


def scorers(source: str, target: str) -> dict:
    return {
        "accuracy on the source": LabeledScorer(task=source),
        "entropy": EntropyScorer(target),
        "information maximization": InformationMaximizationScorer(target),
        "soft neighborhood density": SoftNeighborhoodDensityScorer(target),
        "reverse validation": ReverseValidationScorer(target),
    }


def load(seed: int) -> tuple:
    """Training, held-out and test samples of both tasks."""
    sizes = {"mnist": 2000, "usps": 1800}
    X, y = load_mnist_usps(
        n_mnist=2 * sizes["mnist"],
        n_usps=2 * sizes["usps"],
        random_state=seed,
        return_X_y=True,
    )
    test = load_mnist_usps(subset="test", return_X_y=True)
    return *deal(X, y, sizes, seed), test


def load_embedded(seed: int) -> tuple:
    """The same of the embedded digits, fewer of them."""
    X, y = load_digits_pair(random_state=seed, return_X_y=True)
    test = load_digits_pair(subset="test", random_state=seed, return_X_y=True)
    return *deal(X, y, dict.fromkeys(X, 200), seed), test


def deal(X: dict, y: dict, sizes: dict[str, int], seed: int) -> tuple[tuple, tuple]:
    """Parts of so many samples per task, and the rest of each."""
    rng = np.random.default_rng(seed)
    first, rest = ({}, {}), ({}, {})
    for name, n in sizes.items():
        order = rng.permutation(len(X[name]))
        for part, rows in ((first, order[:n]), (rest, order[n:])):
            part[0][name], part[1][name] = X[name][rows], y[name][rows]
    return first, rest


def run_one(params: dict, source: str, target: str, data: tuple, common: dict) -> dict:
    (X, y), (X_held_out, y_held_out), (X_test, y_test) = data
    start = time.perf_counter()
    estimator = JointTransferClassifier(**{**common, **params})
    estimator.fit(X, {source: y[source]})
    seconds = time.perf_counter() - start
    known = {source: y_held_out[source]}
    scores = {
        name: round(float(scorer(estimator, X_held_out, known)), 5)
        for name, scorer in scorers(source, target).items()
    }
    predicted = estimator.predict({target: X_test[target]})[target]
    accuracy = round(float(np.mean(predicted == y_test[target])), 5)
    return {"accuracy": accuracy, "scores": scores, "fit_seconds": round(seconds, 1)}


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()

    grid, epochs = settings(2 if args.quick else 10), 2 if args.quick else 10
    if args.quick:
        grid = dict(list(grid.items())[:4])
    with open_results("transfer/scorers", quick=args.quick) as results:
        for seed in args.seeds:
            data = load_embedded(seed) if args.quick else load(seed)
            pair = tuple(data[0][0])
            common = {
                "max_epochs": epochs,
                "random_state": seed,
                "device": args.device,
            }
            for source, target in (pair, pair[::-1]):
                for setting, params in grid.items():
                    key = {"source": source, "target": target, "setting": setting}
                    key |= {"params": params, "seed": seed}
                    if results.find(key) is not None:
                        continue
                    found = run_one(params, source, target, data, common)
                    print(results.add(key, found), flush=True)
        tables = [settings_table(*pair), settings_table(*pair[::-1])]
        for table in (*tables, ranking_table(pair)):
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
