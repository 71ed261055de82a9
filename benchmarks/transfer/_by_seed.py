"""The command line of benchmarks whose problems are drawn by a seed."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from benchmarks._command import is_there, make_parser
from benchmarks._results import Results, open_results
from benchmarks._tables import Table, render

_FRESH_SEEDS = [100, 101, 102, 103, 104]

RunOne = Callable[[Namespace, str, int, Results], None]


def run_by_seed(
    description: str | None,
    name: str,
    problems: Sequence[str],
    run: RunOne,
    tables: Mapping[str, Table],
    *,
    quick: Sequence[str],
    load: Callable[[], Any],
    rows: Sequence[str] | None = None,
    n_seeds: int = 5,
) -> None:
    """Run every problem for every seed, and print the tables.

    Parameters
    ----------
    description : str
        What the benchmark does, for ``--help``.
    name : str
        That of the results.
    problems : sequence of str
    run : callable
        Runs one problem for one seed, given the arguments of the command line, and adds
        what is not in the results yet.
    tables : dict of {str: Table}
    quick : sequence of str
        The problems of ``--quick``.
    load : callable
        Fails if the data are not there.
    rows : sequence of str or None, default=None
        What ``--rows`` can choose; None gives no such option.
    n_seeds : int, default=5
        The number of seeds without ``--seeds``.
    """
    parser = make_parser(description)
    parser.add_argument("--problems", nargs="+", choices=problems, default=[*problems])
    parser.add_argument("--seeds", nargs="+", type=int, default=_FRESH_SEEDS[:n_seeds])
    if rows is not None:
        parser.add_argument("--rows", nargs="+", choices=rows, default=[*rows])
    args = parser.parse_args()
    if args.quick:
        args.seeds, args.problems = args.seeds[:1], quick
        if not is_there("Sets of the data folder", load):
            args.problems = []
    with open_results(name, quick=args.quick) as results:
        for seed in args.seeds:
            for problem in args.problems:
                run(args, problem, seed, results)
        for table in tables.values():
            print(f"\n{render(table, results.read())}")
