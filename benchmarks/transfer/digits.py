"""Transfer to tasks with no labels or few: the joint autoencoder and other methods.

Every column is a source with all its labels and one or more targets; every row a
method. What is measured is the accuracy on the targets' test samples after the last
epoch, mean and standard deviation over seeds, which decide both the training samples
and the weights. Nothing is chosen by target labels that training does not see.

Every fit is appended to results/transfer.json as soon as it is done, and those that
are there are not repeated, so that the run can be cut into pieces and broken off at any
time. The folder of the data is that of the environment variable SK_JAE_DATA.

    python benchmarks/transfer.py run --columns mnist-usps --rows ours MCC --seeds 0 1
    python benchmarks/transfer.py table --output results/transfer.md
    python benchmarks/transfer.py run --quick
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from _results import Results, markdown, mean_and_spread
from _transfer_data import COLUMNS, Column
from _transfer_published import PUBLISHED
from _transfer_skada import METHODS, fit_skada

from sk_jae import JointTransferClassifier
from sk_jae._setup import n_epochs
from sk_jae.architecture import common_view
from sk_jae.blocks import View
from sk_jae.training import TaskData

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
# Trained on the target alone: on the few labels that there are, or on all.
ALONE = ("target only", "target supervised")
ROWS = (*JOINT, *ALONE, *METHODS)


def run_one(
    row: str, column: Column, data: tuple, seed: int, args: argparse.Namespace
) -> dict:
    """Accuracy on each target and seconds of the fit; nothing if the row cannot be."""
    X, known, y, X_test, y_test = data
    common: dict[str, Any] = {"random_state": seed, "precision": args.precision}
    if args.quick:
        common["max_epochs"] = 2
    tests = {name: X_test[name] for name in column.targets}
    if row in METHODS:
        views = in_common_view(X)
        if views is None:
            return {}
        tests, X = in_common_view(tests, like=X), views
    predicted: dict[str, np.ndarray] = {}
    epochs, seconds = 0, 0.0
    if row in JOINT:
        clf = JointTransferClassifier(**common, **JOINT[row])
        if row.startswith("source only"):
            known = {column.source: y[column.source]}
        seconds = timed(clf.fit, X, known)
        predicted = clf.predict(tests)
        epochs = clf.n_iter_
    elif row in METHODS:
        clf = JointTransferClassifier(**common)
        labels = [known.get(name, np.full(len(x), -1)) for name, x in X.items()]
        rows = tuple(np.arange(len(x)) for x in X.values())
        train = TaskData(tuple(X.values()), (), (None,) * len(X), tuple(X), rows)
        epochs = n_epochs(clf, train)
        start = time.process_time()
        net = fit_skada(row, [*X.values()], labels, clf, epochs)
        seconds = time.process_time() - start
        predicted = {name: net.predict(x) for name, x in tests.items()}
    else:
        for target in column.targets:
            labels = y if row == "target supervised" else known
            if target not in labels:
                return {}
            clf = JointTransferClassifier(**common)
            seconds += timed(clf.fit, X[target], labels[target])
            predicted[target] = clf.predict(tests[target])
            epochs = clf.n_iter_
    accuracy = {
        name: round(float(np.mean(p == y_test[name])), 5)
        for name, p in predicted.items()
    }
    return {"accuracy": accuracy, "seconds": round(seconds, 1), "epochs": epochs}


def timed(function: Any, *args: Any) -> float:
    """Seconds of processor time, which other work on the machine does not change."""
    start = time.process_time()
    function(*args)
    return time.process_time() - start


def in_common_view(arrays: dict, like: dict | None = None) -> dict | None:
    """Float32 arrays of one shape, as the shared branch sees tasks of both kinds."""
    like = arrays if like is None else like
    if all(a.ndim == 2 for a in like.values()):
        same = len({a.shape[1] for a in like.values()}) == 1
        return arrays if same else None
    view = common_view([images(a[:1]).shape[1:] for a in like.values()])
    assert view is not None
    resize = View(view)
    resized = {}
    for name, a in arrays.items():
        parts = [resize(images(part)) for part in np.array_split(a, 50)]
        resized[name] = torch.cat(parts).numpy()
    return resized


def images(a: np.ndarray) -> torch.Tensor:
    """Images (n, channels, height, width) in [0, 1]."""
    x = torch.from_numpy(a).float() / 255
    return x[:, None] if x.ndim == 3 else x.permute(0, 3, 1, 2)


def run(args: argparse.Namespace, results: Results) -> None:
    for seed in args.seeds:
        for column in args.columns:
            keys = [{"column": column, "row": r, "seed": seed} for r in args.rows]
            left = [key for key in keys if results.find(key) is None]
            if left:
                data = COLUMNS[column].data(seed, quick=args.quick)
            for key in left:
                found = run_one(key["row"], COLUMNS[column], data, seed, args)
                if found:
                    results.add(key, found)
                    print(key | found, flush=True)


def table(records: list[dict], columns: Sequence[str]) -> str:
    """Markdown: a row per method, a column per experiment and, of two, target."""
    done = {r["column"] for r in records}
    keys: list[tuple[str, tuple[str, ...]]] = []
    header = [""]
    for name in columns:
        targets = COLUMNS[name].targets
        if name not in done:
            continue
        if len(targets) == 2:
            keys += [(name, (target,)) for target in targets]
            header += [f"{name}: {target}" for target in targets]
        else:
            keys.append((name, targets))
            header.append(name)
    lines = []
    for row in ROWS:
        cells = [cell(records, row, *key) for key in keys]
        if any(cells):
            lines.append([row, *cells])
    sources: list[str] = []
    for row, values, source in PUBLISHED:
        cells = [f"{values[c]:.1f}" if c in values else "" for c, _ in keys]
        if any(cells):
            if source not in sources:
                sources.append(source)
            lines.append([f"*{row}* [{sources.index(source) + 1}]", *cells])
    notes: dict[str, list[str]] = {}
    for name in dict.fromkeys(name for name, _ in keys):
        notes.setdefault(COLUMNS[name].note, []).append(name)
    text = [
        "Accuracy in %, mean ± standard deviation (seeds, processor seconds per fit).",
        "",
        markdown(header, lines),
        "",
        *(f"- {', '.join(names)}: {note}" for note, names in notes.items()),
        *(f"- [{i}] {source}" for i, source in enumerate(sources, 1)),
    ]
    return "\n".join(text)


def cell(records: list[dict], row: str, column: str, targets: Sequence[str]) -> str:
    """Mean over targets, then over seeds."""
    found = [r for r in records if (r["row"], r["column"]) == (row, column)]
    if not found:
        return ""
    accuracy = mean_and_spread(
        [100 * np.mean([r["accuracy"][t] for t in targets]) for r in found]
    )
    seconds = np.mean([r["seconds"] for r in found])
    return f"{accuracy} ({len(found)}, {seconds:.0f} s)"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=["run", "table"])
    parser.add_argument("--columns", nargs="+", choices=COLUMNS, default=[*COLUMNS])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=ROWS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2, 3, 4])
    parser.add_argument("--precision", default="auto")
    parser.add_argument("--quick", action="store_true", help="small, for a trial")
    parser.add_argument("--output", type=Path, help="where to write the table")
    args = parser.parse_args()
    if args.quick:
        args.seeds = args.seeds[:1]
    results = Results("transfer_quick" if args.quick else "transfer")
    if args.command == "run":
        run(args, results)
    text = table(results.records(), args.columns)
    print(text)
    if args.output:
        args.output.write_text(text + "\n")


if __name__ == "__main__":
    main()
