"""How well signals are read by the labels of another sensor, load or sampling rate.

Everything is at its default, and the target has no labels. The rows of each problem
are dealt at random: 40 % with labels from the source, 40 % others without labels from
the target, and the rest of both is the test, of which nothing is seen before, not in
scales nor in spectra.

- Bearings: recordings of Case Western Reserve University, windows of 1,024 steps of the
  sensors at the drive end and at the fan end, 9 kinds of damage at 4 loads. The option
  --bearings is the path of a file of numpy with X (n, 2, 1024), y and load.
- Waveforms: 4 frequencies with noise, made here; windows of twice the length, and of
  half the rate.
- Five sets that come with the package aeon, both halves of each, at the full rate and
  with every second step of what a filter leaves; left out without aeon.

Every fit is added to benchmarks/transfer/results/signals.json, and those that are there
are not repeated.

    python -m benchmarks.transfer.signals [--quick] [--bearings PATH] [--seeds 0 1 2]
        [--series BasicMotions]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib import import_module

import numpy as np
from scipy.signal import decimate

from benchmarks._command import is_there, make_parser
from benchmarks._results import open_results
from benchmarks._tables import render
from benchmarks.transfer._signals_tables import HALVED, TABLES
from benchmarks.transfer.series import load
from sk_jae import JointTransferClassifier

Samples = tuple[np.ndarray, np.ndarray]

_FREQUENCIES = np.array([2.0, 5.0, 9.0, 14.0])


@dataclass
class Problem:
    """Signals and classes of a source and of a target, rows that may be dealt alike."""

    name: str
    direction: str
    source: Samples
    target: Samples
    params: dict = field(default_factory=dict)
    same_rows: bool = False


def bearings(path: str) -> Iterator[Problem]:
    with np.load(path) as file:
        X, y, load = file["X"].astype(np.float32), file["y"], file["load"]
    ends = {"drive end": (X[:, :1], y), "fan end": (X[:, 1:], y)}
    loads = {n: (X[load == n], y[load == n]) for n in (0, 3)}
    for one, other in (tuple(ends), tuple(ends)[::-1]):
        direction = f"{one} -> {other}"
        yield Problem(
            "bearings, sensors", direction, ends[one], ends[other], same_rows=True
        )
    for low, high in ((0, 3), (3, 0)):
        direction = f"load {low} -> {high}"
        yield Problem("bearings, loads", direction, loads[low], loads[high])


def waveforms(seed: int) -> Iterator[Problem]:
    one = waves(300, 128, 64, seed)
    for n_steps, rate in ((256, 64), (64, 32)):
        other = waves(300, n_steps, rate, seed + 1000)
        params = {"sampling_rate": [64, rate]}
        direction = f"128 steps at 64/s -> {n_steps} at {rate}/s"
        yield Problem("waveforms", direction, one, other, params)


def has_series() -> bool:
    return is_there("Series of aeon", lambda: import_module("aeon"))


def half_rates(names: Sequence[str]) -> Iterator[Problem]:
    for name in names:
        X, y, X_other, y_other = load(name)
        X, y = np.concatenate([X, X_other]), np.concatenate([y, y_other])
        if X.shape[2] < 50:  # too short for the filter of decimate
            X = X[:, :, : X.shape[2] // 2 * 2]
            half = (X[:, :, ::2] + X[:, :, 1::2]) / 2
        else:
            half = decimate(X, 2, axis=2)
        params = {"sampling_rate": [2, 1], "layout": "signal"}
        direction = f"{name}, full rate -> half rate"
        yield Problem("series", direction, (X, y), (half, y), params, same_rows=True)


def waves(n: int, n_steps: int, rate: int, seed: int) -> Samples:
    """Four frequencies at random phases in three channels, with noise."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 4
    t = np.arange(n_steps) / rate
    phase = rng.uniform(0, 2 * np.pi, (n, 3, 1))
    wave = np.sin(2 * np.pi * _FREQUENCIES[y][:, None, None] * t + phase)
    return (wave + 0.2 * rng.normal(size=wave.shape)).astype(np.float32), y


def run_one(problem: Problem, seed: int, common: dict) -> dict:
    (X, y), (X_other, y_other) = problem.source, problem.target
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(y))
    other_order = order if problem.same_rows else rng.permutation(len(y_other))
    labeled, _, test = thirds(order)
    _, unlabeled, other_test = thirds(other_order)
    clf = JointTransferClassifier(random_state=seed, **problem.params, **common)
    start = time.process_time()
    clf.fit([X[labeled], X_other[unlabeled]], [y[labeled], None])
    seconds = time.process_time() - start
    own, found = clf.predict([X[test], X_other[other_test]])
    return {
        "accuracy": round(float(np.mean(found == y_other[other_test])), 5),
        "source_accuracy": round(float(np.mean(own == y[test])), 5),
        "fit_seconds": round(seconds, 1),
    }


def thirds(order: np.ndarray) -> list[np.ndarray]:
    """Two fifths of the rows, the next two fifths, and the rest."""
    n = len(order)
    return np.split(order, [2 * n // 5, 4 * n // 5])


def chosen_problems(
    parser: argparse.ArgumentParser,
) -> tuple[list[tuple[int, Problem]], bool]:
    """The problems that the command line asks for, and whether it is a trial."""
    parser.add_argument("--bearings", help="path of the recordings, left out if none")
    parser.add_argument("--seeds", nargs="+", type=int, default=list(range(5)))
    parser.add_argument(
        "--series", nargs="+", choices=HALVED, help="these sets of aeon, nothing else"
    )
    args = parser.parse_args()
    found: list[tuple[int, Problem]] = []
    with_series = has_series() and not args.quick
    for seed in [0] if args.quick else args.seeds:
        problems = [] if args.series else [*waveforms(seed)]
        if args.bearings and not args.quick:
            problems += bearings(args.bearings)
        if with_series:
            problems += half_rates(args.series or HALVED)
        found += [(seed, problem) for problem in problems]
    return found, args.quick


def main() -> None:
    problems, is_quick = chosen_problems(make_parser(__doc__))
    common = {"device": "cpu"} | ({"max_epochs": 2} if is_quick else {})
    with open_results("transfer/signals", quick=is_quick) as results:
        for seed, problem in problems:
            key = {"problem": problem.name, "direction": problem.direction}
            key |= {"params": problem.params, "seed": seed}
            if results.find(key) is None:
                found = run_one(problem, seed, common)
                print(results.add(key, found), flush=True)
        for table in TABLES.values():
            print(f"\n{render(table, results.read())}")


if __name__ == "__main__":
    main()
