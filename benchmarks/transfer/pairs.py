"""Paired samples of real data: ours and plain models.

Patients of TCGA breast cancer. mRNA has the subtypes of all 150 patients, and miRNA of
the same patients none; all, half or 10 % of the patients are told by ids. The accuracy
is that on miRNA of the 70 patients of the file's own test part. Proteins are translated
from mRNA: 100 patients have both, and R^2 is the mean over all proteins of the other
50. The seed decides which patients are paired, or held out, and the weights of a
network.

Every fit is added to benchmarks/transfer/results/pairs.json as soon as it is done, and
those that are there are not repeated. The folder of the data is that of the environment
variable SK_JAE_DATA, with the set in its folder real/.

    python -m benchmarks.transfer.pairs
    python -m benchmarks.transfer.pairs --quick
"""

from __future__ import annotations

from argparse import Namespace
from typing import Any

import numpy as np
from sklearn.metrics import r2_score

from benchmarks._command import processor_seconds
from benchmarks._results import Results
from benchmarks.transfer._by_seed import run_by_seed
from benchmarks.transfer._pairs_methods import OF_SUBTYPES, OF_TRANSLATION
from benchmarks.transfer._pairs_problems import SUBTYPES, proteins
from benchmarks.transfer._pairs_tables import TABLES

TRANSLATED = "proteins"
PROBLEMS = [*SUBTYPES, TRANSLATED]
QUICK = ["subtypes, 10 %", TRANSLATED]


def run_subtypes(row: str, problem: str, seed: int) -> dict[str, Any]:
    """The accuracy on the unlabeled task of other patients."""
    split = SUBTYPES[problem](seed)
    found: list[Any] = []
    seconds = processor_seconds(lambda: found.append(OF_SUBTYPES[row](split, seed)))
    accuracy = float(np.mean(found[0] == split.y_test))
    return {"accuracy": round(accuracy, 5), "seconds": round(seconds, 2)}


def run_translation(row: str, seed: int) -> dict[str, Any]:
    """R^2 of the proteins of other patients."""
    split = proteins(seed)
    found: list[Any] = []
    seconds = processor_seconds(lambda: found.append(OF_TRANSLATION[row](split, seed)))
    r2 = float(r2_score(split.Y_test, found[0]))
    return {"r2": round(r2, 5), "seconds": round(seconds, 2)}


def run_problem(args: Namespace, problem: str, seed: int, results: Results) -> None:
    """All rows of a problem for one seed, but for those that are there."""
    translates = problem == TRANSLATED
    for row in OF_TRANSLATION if translates else OF_SUBTYPES:
        key = {"problem": problem, "seed": seed, "row": row}
        if results.find(key) is None:
            outcome = (
                run_translation(row, seed)
                if translates
                else run_subtypes(row, problem, seed)
            )
            print(results.add(key, outcome), flush=True)


def main() -> None:
    run_by_seed(
        __doc__,
        "transfer/pairs",
        PROBLEMS,
        run_problem,
        TABLES,
        quick=QUICK,
        load=lambda: proteins(0),
    )


if __name__ == "__main__":
    main()
