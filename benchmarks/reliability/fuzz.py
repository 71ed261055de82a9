"""Hostile parameters, functions and callbacks: how fits with them end.

Each attempt is a small fit, with an earlier one or without, and with a few parameters
that are right, at an edge or hostile; see `_values.py`, `_functions.py` and
`_callbacks.py`. It may end in one of four ways:

    trained     fitted, and all outputs are finite
    refused     a ValueError, TypeError or NotFittedError of this package before any
                training, which names the parameter
    stopped     the same for the results of a function of the user, or for a loss, a
                weight or an output that is not finite
    own error   the error of a function, module or callback of the user, as it is

In the last three, the estimator has to be as it was before, to the bit. Anything else
is a fault. Attempts run with ``np.errstate(all="raise")``, and each has a minute. An
attempt is made from its kind and its number, so that a fault can be looked at again.

    python -m benchmarks.reliability.fuzz [--quick] [--attempts 4000]
    python -m benchmarks.reliability.fuzz --show parameters 1234
"""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from benchmarks._command import make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import render
from benchmarks.reliability._attempts import KINDS, make_attempt
from benchmarks.reliability._endings import OUTCOMES, run
from benchmarks.reliability._fuzz_tables import TABLES

PART = 250  # attempts in one record


def run_part(kind: str, first: int, n: int) -> dict[str, Any]:
    """Make some attempts, and count how they end."""
    found: Counter[str] = Counter()
    faults = []
    start = time.perf_counter()
    for number in range(first, first + n):
        ending = run(make_attempt(kind, number))
        found[ending.outcome] += 1
        if ending.outcome == "fault":
            faults.append(f"{number}: {ending.message}")
            print(f"{kind} {number}: {ending.message}", flush=True)
    seconds = round(time.perf_counter() - start, 1)
    counts = {outcome: found[outcome] for outcome in OUTCOMES}
    return {"counts": counts, "faults": faults, "seconds": seconds}


def run_all(results: Results, n_attempts: int) -> None:
    for kind in KINDS:
        for first in range(0, n_attempts, PART):
            key = {"kind": kind, "first": first, "n": min(PART, n_attempts - first)}
            if results.find(key) is None:
                results.add(key, run_part(**key))


def show(kind: str, number: int) -> None:
    """Print one attempt, and how it ends."""
    attempt = make_attempt(kind, number)
    print(type(attempt.estimator).__name__)
    for name, value in attempt.tried.items():
        print(f"  {name}={value!r}"[:300])
    print(run(attempt))


def main() -> None:
    parser = make_parser(__doc__)
    parser.add_argument("--attempts", type=int, default=4000, help="of each kind")
    parser.add_argument("--show", nargs=2, metavar=("KIND", "NUMBER"))
    args = parser.parse_args()
    if args.show:
        show(args.show[0], int(args.show[1]))
        return
    with open_results("reliability/fuzz", quick=args.quick) as results:
        run_all(results, PART if args.quick else args.attempts)
        print(render(TABLES["reliability/fuzz"], results.read()))


if __name__ == "__main__":
    main()
