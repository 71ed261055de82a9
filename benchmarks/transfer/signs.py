"""Whether signs without labels tell where transfer between tables fails.

Every problem of `benchmarks/transfer/tables.py` is learned from 100 labeled and 60
unlabeled samples, as it is and made harder: with 30 samples of each task; with a target
of which 80 % are of two fifths of the classes, or all; and with the target's columns
shuffled, so that it has nothing to do with the source. A fit failed if its accuracy on
the target's test half is more than 3 points below the better of two logistic
regressions on the labels, on a common scale and each on its own, and it is a success
if it is not below that. Shown is for every sign the area under the curve: 0.5 is a
guess, and 1 tells all failures from all successes.

Every fit is added to benchmarks/transfer/results/signs.json, and those that are there
are not repeated. The folder of the data is that of the environment variable
SK_JAE_DATA, with the sets in its folder real/.

    python -m benchmarks.transfer.signs [--quick] [--seeds 0]
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._methods import plain_model, scalers
from benchmarks.transfer._problems import PROBLEMS, TRIAL, Split
from benchmarks.transfer._signs_tables import CASES, TABLES
from sk_jae import JointTransferClassifier
from sk_jae.exceptions import TransferWarning
from sk_jae.metrics import transfer_report

_N_STARTS = 3


def make_case(problem: str, case: str, seed: int) -> Split:
    """The small split of a problem, or a harder one."""
    split = PROBLEMS[problem].split(seed, "small")
    rng = np.random.default_rng(seed)
    if case == "30 samples of each task":
        rows = rng.permutation(len(split.X))[:30]
        X_adapt = split.X_adapt[:30]
        return replace(split, X=split.X[rows], y=split.y[rows], X_adapt=X_adapt)
    if case == "unrelated":
        order = rng.permutation(split.X.shape[1])
        return replace(
            split, X_adapt=split.X_adapt[:, order], X_test=split.X_test[:, order]
        )
    if case == "as it is":
        return split
    share = 0.25 if case == "80 % in two fifths of the classes" else 0.0
    return _with_shares(split, share, rng)


def _with_shares(split: Split, share: float, rng: np.random.Generator) -> Split:
    """A target with some classes, and of the others so many samples per one of them.

    The labels of the target choose the samples, as those who collect them would.
    """
    classes = np.unique(split.y)
    kept = rng.choice(classes, max(1, round(0.4 * len(classes))), replace=False)
    first, second = np.array_split(rng.permutation(len(split.X_test)), 2)

    def drawn(rows: np.ndarray) -> np.ndarray:
        own = np.isin(split.y_test[rows], kept)
        others = rows[~own]
        return np.concatenate([rows[own], others[: round(share * own.sum())]])

    adapt, test = drawn(first)[-60:], drawn(second)
    X, y = split.X_test, split.y_test
    return replace(split, X_adapt=X[adapt], X_test=X[test], y_test=y[test])


def run_one(problem: str, case: str, seed: int) -> dict[str, Any]:
    split = make_case(problem, case, seed)
    plain = [_plain(split, own=own) for own in (False, True)]
    X = {"source": split.X, "target": split.X_adapt}
    fits, warned = [], False
    for start in range(_N_STARTS):
        clf = JointTransferClassifier(random_state=seed + 100 * start)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fits.append(clf.fit(X, {"source": split.y}))
        warned |= any(issubclass(w.category, TransferWarning) for w in caught)
    clf = fits[0]
    p = clf.predict_proba({"target": split.X_adapt})["target"]
    predicted = [f.predict({"target": split.X_adapt})["target"] for f in fits]
    found = clf.predict({"target": split.X_test})["target"]
    report = transfer_report(clf, X, {"source": split.y})
    shares = np.bincount(np.searchsorted(clf.classes_, split.y)) / len(split.y)
    signs = {
        "confidence": p.max(axis=1).mean(),
        "starts": np.mean([np.mean(predicted[0] == other) for other in predicted[1:]]),
        "plain models": np.mean(plain[0][1] == plain[1][1]),
        "plain": min(np.mean(predicted[0] == labels) for _, labels in plain),
        "neighbors": report["target"]["neighbor_agreement"]
        / max(report["source"]["neighbor_agreement"], 0.01),
        "shares": -np.abs(p.mean(axis=0) - shares).sum() / 2,
        "start of the terms": clf.transfer_["target"]["agreement"],
        "no warning of the report": float(not report["target"]["warning"]),
    }
    return {
        "accuracy": round(float(np.mean(found == split.y_test)), 5),
        "plain": round(max(accuracy for accuracy, _ in plain), 5),
        "warned": warned,
        "signs": {name: round(float(value), 5) for name, value in signs.items()},
    }


def _plain(split: Split, *, own: bool) -> tuple[float, np.ndarray]:
    """Accuracy of a logistic regression, and its classes of the unlabeled samples."""
    of_source, of_target = scalers(split, own=own)
    model = plain_model().fit(of_source.transform(split.X), split.y)
    found = model.predict(of_target.transform(split.X_test))
    accuracy = float(np.mean(found == split.y_test))
    return accuracy, model.predict(of_target.transform(split.X_adapt))


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    args = parser.parse_args()
    problems, cases = list(PROBLEMS), CASES
    if args.quick:
        problems, cases = [TRIAL], CASES[:1]
    elif not is_there(
        "Sets of the data folder", lambda: PROBLEMS[problems[0]].split(0)
    ):
        return
    with open_results("transfer/signs", quick=args.quick) as results:
        for seed in args.seeds:
            for case in cases:
                for problem in problems:
                    key = {"problem": problem, "case": case, "seed": seed}
                    if results.find(key) is None:
                        found = run_one(problem, case, seed)
                        print(results.add(key, found), flush=True)
        for table in TABLES.values():
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
