"""How well scorers that need no labels of the target rank hyper-parameters.

Twelve settings of `JointTransferClassifier` learn MNIST and USPS, one of them without
labels: 2,000 and 1,800 training samples. Every scorer sees as many others that were
held out from the official training sets, with labels for the source alone; what it
should rank by is the accuracy on the target's official test set.

Every fit is appended to results/label_free_scorers.json, and those that are there are
not repeated, so that the run can be broken off at any time. A table in Markdown is
printed at the end. The folder of the data is that of the environment variable
SK_JAE_DATA.

    python benchmarks/label_free_scorers.py [--quick] [--epochs 10] [--seed 0]
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from _results import Results, markdown
from scipy.stats import spearmanr

from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_mnist_usps
from sk_jae.metrics import (
    EntropyScorer,
    InformationMaximizationScorer,
    LabeledScorer,
    ReverseValidationScorer,
    SoftNeighborhoodDensityScorer,
)

DIRECTIONS = [("mnist", "usps"), ("usps", "mnist")]
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


def load(sizes: dict[str, int], n_test: int | None, seed: int) -> tuple:
    """Training, held-out and test samples of both tasks."""
    X, y = load_mnist_usps(
        n_mnist=2 * sizes["mnist"],
        n_usps=2 * sizes["usps"],
        random_state=seed,
        return_X_y=True,
    )
    rng = np.random.default_rng(seed)
    train, rest = ({}, {}), ({}, {})
    for name, n in sizes.items():
        order = rng.permutation(len(X[name]))
        for part, rows in ((train, order[:n]), (rest, order[n:])):
            part[0][name], part[1][name] = X[name][rows], y[name][rows]
    X, y = load_mnist_usps(subset="test", return_X_y=True)
    test = {k: v[:n_test] for k, v in X.items()}, {k: v[:n_test] for k, v in y.items()}
    return train, rest, test


def run_one(params: dict, source: str, target: str, data: tuple, common: dict) -> dict:
    (X, y), (X_held_out, y_held_out), (X_test, y_test) = data
    start = time.perf_counter()
    estimator = JointTransferClassifier(**{**common, **params})
    estimator.fit(X, {source: y[source]})
    seconds = time.perf_counter() - start
    known = {source: y_held_out[source]}
    scores = {
        name: scorer(estimator, X_held_out, known)
        for name, scorer in scorers(source, target).items()
    }
    predicted = estimator.predict({target: X_test[target]})[target]
    accuracy = float(np.mean(predicted == y_test[target]))
    return {"accuracy": accuracy, "scores": scores, "fit_seconds": round(seconds, 1)}


def table(records: list[dict]) -> str:
    """Markdown: how each scorer ranks, and what it would have chosen."""
    lines = []
    for source, target in DIRECTIONS:
        chosen = [r for r in records if (r["source"], r["target"]) == (source, target)]
        if len(chosen) < 3:
            continue
        accuracy = np.array([r["accuracy"] for r in chosen])
        lines += [
            f"### {source} -> {target}, {len(chosen)} settings",
            "",
            f"Accuracy on the target: best {accuracy.max():.4f}, mean "
            f"{accuracy.mean():.4f}, worst {accuracy.min():.4f}.",
            "",
        ]
        header = [
            "scorer",
            "Spearman's rho",
            "accuracy of its choice",
            "below the best",
        ]
        rows = []
        for name in chosen[0]["scores"]:
            values = np.array([r["scores"][name] for r in chosen])
            rho = spearmanr(values, accuracy).statistic
            choice = accuracy[np.argmax(values)]
            lost = accuracy.max() - choice
            rows.append([name, f"{rho:.2f}", f"{choice:.4f}", f"{lost:.4f}"])
        lines += [markdown(header, rows), ""]
        names = list(chosen[0]["scores"])
        rows = [
            [
                r["setting"],
                *(f"{v:.4f}" for v in (r["accuracy"], *r["scores"].values())),
            ]
            for r in sorted(chosen, key=lambda r: -r["accuracy"])
        ]
        lines += [markdown(["setting", "accuracy", *names], rows), ""]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="small, for a trial")
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()

    sizes, n_test, epochs = {"mnist": 2000, "usps": 1800}, None, args.epochs
    if args.quick:
        sizes, n_test, epochs = {"mnist": 200, "usps": 180}, 500, 2
    grid = settings(epochs)
    if args.quick:
        grid = dict(list(grid.items())[:4])
    data = load(sizes, n_test, args.seed)
    common = {"max_epochs": epochs, "random_state": args.seed, "device": args.device}

    results = Results(f"label_free_scorers{'_quick' if args.quick else ''}")
    protocol = {"sizes": sizes, "epochs": epochs, "seed": args.seed}
    for source, target in DIRECTIONS:
        for setting, params in grid.items():
            key = {
                "source": source,
                "target": target,
                "setting": setting,
                "params": params,
                **protocol,
            }
            if results.find(key) is not None:
                continue
            found = run_one(params, source, target, data, common)
            results.add(key, found)
            print(
                f"{source} -> {target}, {setting}: accuracy {found['accuracy']:.4f}, "
                f"fit {found['fit_seconds']:.0f} s",
                flush=True,
            )
    same = [r for r in results.records() if protocol.items() <= r.items()]
    print(table(same))


if __name__ == "__main__":
    main()
