"""When transfer to an unlabeled task fails, and whether it can be seen without labels.

A labeled task of digits is learned together with an unlabeled one that breaks what
`JointTransferClassifier` supposes: classes that are rarer in it or missing, classes of
its own, or no relation to digits at all. Every case is fitted with the defaults and
without information maximization, in both directions. Columns: the accuracy on the
unlabeled samples, which no fit sees the labels of; the accuracy on held-out samples of
the labeled task, beside that of a fit on this task alone; and what
`sk_jae.metrics.transfer_report` makes of the unlabeled task.

The data are scikit-learn's embedded digits (`--data digits`, no download) or MNIST and
USPS with CIFAR-10 as the unrelated task (`--data mnist-usps`, from the folder of the
environment variable SK_JAE_DATA). Every fit is added to
benchmarks/transfer/results/negative.json, and those that are there are not repeated.
The table is that of the small network on the embedded digits.

    python -m benchmarks.transfer.negative [--quick] [--data digits] [--small]
        [--seeds 3]
"""

from __future__ import annotations

import json
import time

import numpy as np
from sklearn.datasets import load_sample_images

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._negative_tables import NEGATIVE_CASES, negative_table
from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_cifar10, load_digits_pair, load_mnist_usps
from sk_jae.metrics import transfer_report

TASKS = {"digits": ("optical", "pen"), "mnist-usps": ("mnist", "usps")}
SETTINGS = {"defaults": {}, "infomax_weight=0": {"infomax_weight": 0.0}}
# A fit takes two seconds of one core.
SMALL = {
    "encoder": "Conv 8x(3x3), BN, MP 2x2, Conv 16x(3x3), BN, MP 2x2, FC 64, BN",
    "decoder": (64,),
    "n_private": 0,
    "batch_size": 128,
    "max_epochs": 30,
    "lr": 0.003,
    "precision": "float32",
}


def load(data: str, seed: int) -> tuple[dict, dict, dict, dict]:
    """Training and held-out samples of both tasks."""
    function = {"digits": load_digits_pair, "mnist-usps": load_mnist_usps}[data]
    X, y = function(random_state=seed, return_X_y=True)
    X_test, y_test = function(subset="test", random_state=seed, return_X_y=True)
    return X, y, X_test, y_test


def draw_classes(y: np.ndarray, case: str, rng: np.random.Generator) -> np.ndarray:
    """The rows that are left when classes are rarer or missing."""
    frequent = rng.choice(10, 3 if case == "unbalanced" else 5, replace=False)
    # With these, 7 classes make up 20 % of the samples.
    share = 0.25 * 3 / 7 if case == "unbalanced" else 0.0
    rows = []
    for label in range(10):
        of_label = rng.permutation(np.flatnonzero(y == label))
        n = len(of_label) if label in frequent else round(share * len(of_label))
        rows.append(of_label[:n])
    return np.sort(np.concatenate(rows))


def photographs(data: str, shape: tuple, rng: np.random.Generator) -> np.ndarray:
    """As many photographs as there were samples, or parts of two of them."""
    if data == "mnist-usps":
        X = load_cifar10(return_X_y=True)[0]
        return X[rng.permutation(len(X))[: shape[0]]]
    images = [image.mean(axis=2) for image in load_sample_images().images]
    n, height, width = shape
    parts = []
    for i in range(n):
        image = images[i % 2]
        row = rng.integers(image.shape[0] - 4 * height)
        column = rng.integers(image.shape[1] - 4 * width)
        part = image[row : row + 4 * height, column : column + 4 * width]
        parts.append(part.reshape(height, 4, width, 4).mean(axis=(1, 3)))
    return np.array(parts).astype(np.uint8)


def make_case(data: str, source: str, target: str, case: str, seed: int) -> tuple:
    """Samples and labels of both tasks, and held-out ones of the labeled task."""
    X, y, X_test, y_test = load(data, seed)
    rng = np.random.default_rng(seed)
    test = X_test[source], y_test[source]
    hidden = y[target]
    if case in ("unbalanced", "missing classes"):
        rows = draw_classes(hidden, case, rng)
        X[target], hidden = X[target][rows], hidden[rows]
    elif case == "new classes":
        kept = rng.choice(10, 7, replace=False)
        known = np.isin(y[source], kept)
        X[source], y[source] = X[source][known], y[source][known]
        known = np.isin(test[1], kept)
        test = test[0][known], test[1][known]
    elif case in ("photographs", "noise"):
        shape = X[target].shape
        if case == "noise":
            X[target] = rng.integers(256, size=shape, dtype=np.uint8)
        else:
            X[target] = photographs(data, shape, rng)
        hidden = None
    return X, y, hidden, test


def run_one(case: str, settings: dict, source: str, target: str, made: tuple) -> dict:
    X, y, hidden, (X_test, y_test) = made
    start = time.perf_counter()
    clf = JointTransferClassifier(**settings)
    known = {source: y[source]}
    clf.fit(X if case != "alone" else {source: X[source]}, known)
    record = {"fit_seconds": round(time.perf_counter() - start, 1)}
    predicted = clf.predict({source: X_test})[source]
    record["source_accuracy"] = float(np.mean(predicted == y_test))
    if case != "alone":
        record |= transfer_report(clf, X, known)[target]
    if case != "alone" and hidden is not None:
        predicted = clf.predict({target: X[target]})[target]
        record["accuracy"] = float(np.mean(predicted == hidden))
    return {
        name: round(value, 5) if isinstance(value, float) else value
        for name, value in record.items()
    }


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--data", choices=list(TASKS), default="digits")
    parser.add_argument("--small", action="store_true", help="a small, fast network")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="auto")
    args = parser.parse_args()
    args.small = args.small or args.quick

    common = {"device": args.device, **(SMALL if args.small else {})}
    if args.quick:
        common["max_epochs"] = 2
    pair = TASKS[args.data]
    table = negative_table(args.data, small=args.small)
    planned = [
        (seed, source, target, case, setting)
        for seed in range(1 if args.quick else args.seeds)
        for source, target in (pair, pair[::-1])
        for case in ("alone", *NEGATIVE_CASES)
        for setting in (SETTINGS if case != "alone" else ("defaults",))
    ]
    with open_results("transfer/negative", quick=args.quick) as results:
        for seed, source, target, case, setting in planned:
            key = {"data": args.data, "small": args.small, "seed": seed}
            key |= {"source": source, "case": case, "setting": setting}
            if results.find(key) is not None:
                continue
            made = make_case(args.data, source, target, case, seed)
            settings = {**common, **SETTINGS[setting], "random_state": seed}
            found = run_one(case, settings, source, target, made)
            print(json.dumps(results.add(key, found)), flush=True)
        print(render(table, results.read()))


if __name__ == "__main__":
    main()
