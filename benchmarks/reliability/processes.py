"""Fits of one process beside those of two that train together.

The same model is trained with five seeds by one process, and by two with
`sk_jae.callbacks.Distributed`, each with one thread. The table has the mean of the
scores over the seeds and their spread (the standard deviation), and how many of the
fits of two processes ended with weights and scores that are equal to the last bit in
both. The autoencoder is scored by R^2 of its reconstructions, the predictors by the
accuracy and by R^2 on the task without labels.

    python -m benchmarks.reliability.processes [--quick]
"""

from __future__ import annotations

from benchmarks._command import make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.reliability._processes import KINDS, fit_together
from benchmarks.reliability._processes_tables import TABLES

SEEDS, EPOCHS = 5, 20


def run_all(results: Results, seeds: int, epochs: int) -> None:
    for kind in KINDS:
        for seed in range(seeds):
            for n in (1, 2):
                key = {"kind": kind, "seed": seed, "n_processes": n, "epochs": epochs}
                if results.find(key) is None:
                    results.add(key, fit_together(**key))


def main() -> None:
    args = make_parser(__doc__).parse_args()
    with open_results("reliability/processes", quick=args.quick) as results:
        run_all(results, *((1, 2) if args.quick else (SEEDS, EPOCHS)))
        print(render(TABLES["reliability/processes"], results.read()))


if __name__ == "__main__":
    main()
