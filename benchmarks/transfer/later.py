"""A task that joins a fitted estimator, beside a fit of all tasks anew, on real data.

The first task has all its labels, the second none, and a third one comes later: gas
sensors whose later batch comes (the first batch is labeled, the second is not), and
phones on other subjects (three groups). `add_task` sees the third task alone. Half of
it is there, without labels, with 15 of them or with all, and the accuracy is that on
the other half. The seconds are those of `add_task`, or of the fit anew, which needs the
data of all tasks. The seed decides the halves, which samples have labels, and the
weights.

Every fit is added to benchmarks/transfer/results/later.json as soon as it is done, and
those that are there are not repeated. The folder of the data is that of the environment
variable SK_JAE_DATA, with the sets in its folder real/.

    python -m benchmarks.transfer.later
    python -m benchmarks.transfer.later --quick
"""

from __future__ import annotations

import pickle
from argparse import Namespace
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from benchmarks._command import processor_seconds
from benchmarks._results import Results
from benchmarks.transfer._by_seed import run_by_seed
from benchmarks.transfer._later_problems import LABELS, PROBLEMS, Later
from benchmarks.transfer._later_tables import TABLES
from benchmarks.transfer._methods import plain_model
from sk_jae import JointTransferClassifier

QUICK = ["gas, batch 3"]


def rows_of(split: Later, seed: int) -> dict[str, Callable[[], Any]]:
    """Every row of the table, as a function without arguments that predicts."""
    first = JointTransferClassifier(random_state=seed)
    kept = pickle.dumps(first.fit([split.X, split.X_second], [split.y, None]))

    def added(labels: Any) -> Any:
        clf = pickle.loads(kept).add_task(split.X_later, labels)
        return clf.predict([None, None, split.X_test])[2]

    def anew(labels: Any) -> Any:
        clf = JointTransferClassifier(random_state=seed)
        X = [split.X, split.X_second, split.X_later]
        clf.fit(X, [split.y, None, labels])
        return clf.predict([None, None, split.X_test])[2]

    def plain(labels: Any) -> Any:
        if labels is None:
            model = plain_model().fit(split.scaled(split.X, split.X), split.y)
        else:
            known = np.array([label is not None for label in labels])
            x = split.scaled(split.X_later[known], split.X_later)
            model = plain_model().fit(x, labels[known].astype(split.y.dtype))
        return model.predict(split.scaled(split.X_test, split.X_later))

    methods = {"add_task": added, "fit": anew, "LR": plain}
    return {
        f"{name}, {amount}": partial(method, split.labels(n))
        for amount, n in LABELS.items()
        for name, method in methods.items()
    }


def _kept_in(found: list[Any], predict: Callable[[], Any]) -> Callable[[], None]:
    return lambda: found.append(predict())


def run_problem(args: Namespace, problem: str, seed: int, results: Results) -> None:
    """All rows of a problem for one seed, but for those that are there."""
    split = PROBLEMS[problem](seed)
    keys = {"problem": problem, "seed": seed}
    n_rows = 3 * len(LABELS)
    if len(results.runs(**keys)) >= n_rows:
        return
    for row, predict in rows_of(split, seed).items():
        if results.find({**keys, "row": row}) is None:
            found: list[Any] = []
            seconds = processor_seconds(_kept_in(found, predict))
            accuracy = float(np.mean(found[0] == split.y_test))
            outcome = {"accuracy": round(accuracy, 5), "seconds": round(seconds, 2)}
            print(results.add({**keys, "row": row}, outcome), flush=True)


def main() -> None:
    run_by_seed(
        __doc__,
        "transfer/later",
        [*PROBLEMS],
        run_problem,
        TABLES,
        quick=QUICK,
        load=lambda: PROBLEMS[QUICK[0]](0),
        n_seeds=3,
    )


if __name__ == "__main__":
    main()
