"""What a logistic regression makes of the problems of signals.

The problems, the rows and the seeds are those of `benchmarks.transfer.signals`. The
plain model is what one would try first: `StandardScaler` and `LogisticRegression`, both
at their defaults but for more iterations, on the values of the signals, and on the
magnitudes of their Fourier transforms. It learns from the labeled rows of the source.
The target is scaled as the source is, or by its own unlabeled rows. A linear model
takes one number of columns, so signals are first brought to the lower rate, and cut to
the shorter length.

Every outcome is added to benchmarks/transfer/results/signals_linear.json, and those
that are there are not repeated.

    python -m benchmarks.transfer.signals_linear [--quick] [--bearings PATH]
        [--seeds 0 1 2] [--series BasicMotions]
"""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy.signal import resample
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from benchmarks._command import make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._signals_tables import TABLES
from benchmarks.transfer.signals import Problem, chosen_problems, thirds

FEATURES = ("values", "spectra")
SCALES = ("of the source", "of each")


def run_one(problem: Problem, features: str, scale: str, seed: int) -> dict:
    X, X_other = in_common(problem)
    (_, y), (_, y_other) = problem.source, problem.target
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    other_order = order if problem.same_rows else rng.permutation(len(y_other))
    labeled, _, test = thirds(order)
    _, unlabeled, other_test = thirds(other_order)
    rows, other_rows = as_rows(X, features), as_rows(X_other, features)
    scaler = StandardScaler().fit(rows[labeled])
    own = StandardScaler().fit(other_rows[unlabeled]) if scale == "of each" else scaler
    model = LogisticRegression(max_iter=1000)
    model.fit(scaler.transform(rows[labeled]), y[labeled])
    found = model.predict(own.transform(other_rows[other_test]))
    of_source = model.predict(scaler.transform(rows[test]))
    return {
        "accuracy": round(float(np.mean(found == y_other[other_test])), 5),
        "source_accuracy": round(float(np.mean(of_source == y[test])), 5),
    }


def in_common(problem: Problem) -> list[np.ndarray]:
    """The signals of both tasks at one rate and of one length."""
    signals = [problem.source[0], problem.target[0]]
    rates = problem.params.get("sampling_rate", [1, 1])
    signals = [
        X
        if rate == min(rates)
        else resample(X, X.shape[2] * min(rates) // rate, axis=2)
        for X, rate in zip(signals, rates, strict=True)
    ]
    n_steps = min(X.shape[2] for X in signals)
    return [X[:, :, :n_steps] for X in signals]


def as_rows(X: np.ndarray, features: str) -> np.ndarray:
    values = np.abs(np.fft.rfft(X)) if features == "spectra" else X
    return values.reshape(len(X), -1).astype(np.float64)


def main() -> None:
    problems, is_quick = chosen_problems(make_parser(__doc__))
    with open_results("transfer/signals_linear", quick=is_quick) as results:
        for (seed, problem), features, scale in product(problems, FEATURES, SCALES):
            key = {"direction": problem.direction, "features": features}
            key |= {"scale": scale, "seed": seed}
            if results.find(key) is None:
                found = run_one(problem, features, scale, seed)
                print(results.add(key, found), flush=True)
        print(f"\n{render(TABLES['transfer/signals'], results.read())}")


if __name__ == "__main__":
    main()
