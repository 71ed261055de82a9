"""Transfer to digits with no labels or few: the joint autoencoder and other methods.

Every column is a source with all its labels and one or more targets; every row a
method. What is measured is the accuracy on the targets' test samples after the last
epoch, mean and standard deviation over seeds, which decide both the training samples
and the weights. Nothing is chosen by target labels that training does not see.

Every fit is added to benchmarks/transfer/results/digits.json as soon as it is done, and
those that are there are not repeated. The folder of the data is that of the environment
variable SK_JAE_DATA; the columns "dense" and "dense-5" need none. The rows of skada
need that package.

    python -m benchmarks.transfer.digits --columns dense --rows ours MCC --seeds 0 1
    python -m benchmarks.transfer.digits --quick
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import torch

from benchmarks._command import is_there, make_parser, processor_seconds
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.transfer._columns import COLUMNS, Column
from benchmarks.transfer._digits_tables import DIGITS_ROWS, SKADA_ROWS, TABLES
from sk_jae import JointTransferClassifier
from sk_jae.architecture import common_view
from sk_jae.datasets import load_mnist_usps
from sk_jae.nn import CommonView

SOURCE_ONLY = {
    "n_private": 0,
    "reconstruction_weight": 0.0,
    "infomax_weight": 0.0,
    "consistency_weight": 0.0,
}

# Trained on all tasks; of the target, the source-only rows see the batch statistics.
JOINT: dict[str, dict[str, Any]] = {
    "ours": {},
    "no reconstruction": {"reconstruction_weight": 0.0},
    "no private branch": {"n_private": 0},
    "no infomax": {"infomax_weight": 0.0},
    "no consistency": {"consistency_weight": 0.0},
    "no augmentation": {"augmentation": None},
    "the paper's losses": {
        "infomax_weight": 0.0,
        "consistency_weight": 0.0,
        "augmentation": None,
    },
    "source only": {**SOURCE_ONLY, "augmentation": None},
    "source only, augmented": SOURCE_ONLY,
}
QUICK_COLUMNS = ("dense", "dense-5", "mnist-usps")
QUICK_ROWS = ("ours", "source only", "target only", "target supervised", "MCC")


def run_one(
    row: str, column: Column, data: tuple, common: dict[str, Any], n_epochs: Any
) -> dict[str, Any]:
    """Accuracy on each target and seconds of the fit; nothing if the row cannot be.

    `n_epochs` gives the number of epochs of the row "ours".
    """
    X, known, y, X_test, y_test = data
    tests = {name: X_test[name] for name in column.targets}
    if row in SKADA_ROWS:
        predicted, seconds, epochs = fit_skada_row(
            row, X, known, tests, common, n_epochs
        )
    elif row in JOINT:
        clf = JointTransferClassifier(**common, **JOINT[row])
        if row.startswith("source only"):
            known = {column.source: y[column.source]}
        seconds = processor_seconds(clf.fit, X, known)
        predicted, epochs = clf.predict(tests), clf.n_iter_
    else:
        labels = y if row == "target supervised" else known
        predicted, seconds, epochs = fit_targets_alone(X, labels, tests, common)
    accuracy = {
        name: round(float(np.mean(p == y_test[name])), 5)
        for name, p in predicted.items()
    }
    if not accuracy:
        return {}
    return {"accuracy": accuracy, "seconds": round(seconds, 1), "epochs": epochs}


def fit_targets_alone(X: dict, labels: dict, tests: dict, common: dict) -> tuple:
    """Each target by itself, on the labels that there are."""
    predicted, seconds, epochs = {}, 0.0, 0
    for target, samples in tests.items():
        if target not in labels:
            return {}, 0.0, 0
        clf = JointTransferClassifier(**common)
        seconds += processor_seconds(clf.fit, X[target], labels[target])
        predicted[target] = clf.predict(samples)
        epochs = clf.n_iter_
    return predicted, seconds, epochs


def fit_skada_row(
    method: str, X: dict, known: dict, tests: dict, common: dict, n_epochs: Any
) -> tuple:
    """A method of skada on what our shared branch sees, for as many epochs as ours."""
    from benchmarks.transfer._skada import fit_skada

    views = in_common_view(X)
    if views is None:
        return {}, 0.0, 0
    tests = in_common_view(tests, like=X)
    labels = [known.get(name, np.full(len(x), -1)) for name, x in X.items()]
    clf = JointTransferClassifier(**common)
    epochs, nets = n_epochs(), []
    seconds = processor_seconds(
        lambda: nets.append(fit_skada(method, [*views.values()], labels, clf, epochs))
    )
    return {name: nets[0].predict(x) for name, x in tests.items()}, seconds, epochs


def in_common_view(arrays: dict, like: dict | None = None) -> dict | None:
    """Float32 arrays of one shape, as the shared branch sees tasks of both kinds."""
    like = arrays if like is None else like
    if all(a.ndim == 2 for a in like.values()):
        same = len({a.shape[1] for a in like.values()}) == 1
        return arrays if same else None
    view = common_view([images(a[:1]).shape[1:] for a in like.values()])
    assert view is not None
    resize = CommonView(view)
    resized = {}
    for name, a in arrays.items():
        parts = [resize(images(part)) for part in np.array_split(a, 50)]
        resized[name] = torch.cat(parts).numpy()
    return resized


def images(a: np.ndarray) -> torch.Tensor:
    """Images (n, channels, height, width) in [0, 1]."""
    x = torch.from_numpy(a).float() / 255
    return x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)


def run_column(
    name: str, seed: int, args: argparse.Namespace, results: Results
) -> None:
    """All rows of a column for one seed, but for those that are there."""
    column = COLUMNS[name]
    key = {"column": name, "seed": seed}
    left = [row for row in args.rows if results.find({**key, "row": row}) is None]
    if not left:
        return
    data = column.data(seed, quick=args.quick)
    common: dict[str, Any] = {"random_state": seed, "precision": args.precision}
    if args.quick:
        common["max_epochs"] = 2

    def n_epochs() -> int:
        run = results.find({**key, "row": "ours"})
        if run is not None:
            return run["epochs"]
        return JointTransferClassifier(**common).fit(*data[:2]).n_iter_

    for row in left:
        found = run_one(row, column, data, common, n_epochs)
        if found:
            print(results.add({**key, "row": row}, found), flush=True)


def choose_for_a_trial(args: argparse.Namespace) -> None:
    """One seed, and by default few columns and rows, of what is there."""
    args.seeds = args.seeds[:1]
    if args.columns == [*COLUMNS]:
        args.columns = [*QUICK_COLUMNS]
    if args.rows == [*DIGITS_ROWS]:
        args.rows = [*QUICK_ROWS]
    if not is_there("Columns of MNIST and USPS", load_mnist_usps):
        args.columns = [name for name in args.columns if name.startswith("dense")]
    if not is_there("Rows of skada", lambda: __import__("skada")):
        args.rows = [row for row in args.rows if row not in SKADA_ROWS]


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=[*COLUMNS])
    parser.add_argument(
        "--rows", nargs="+", choices=DIGITS_ROWS, default=[*DIGITS_ROWS]
    )
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--precision", default="auto")
    args = parser.parse_args()
    if args.quick:
        choose_for_a_trial(args)
    with open_results("transfer/digits", quick=args.quick) as results:
        for seed in args.seeds:
            for name in args.columns:
                run_column(name, seed, args, results)
        print(render(TABLES["transfer/digits"], results.read()))


if __name__ == "__main__":
    main()
