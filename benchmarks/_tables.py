"""Tables in Markdown, all made by `render` from results.

What a table shows is a `Table`, and what it shows of results are cells: dicts with a
"row", a "column", a "seed" and "values". A cell of a summary has in place of one value
a list of a mean and, if it is known, a standard deviation over "n" seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Cell = dict[str, Any]


@dataclass(frozen=True)
class Statistic:
    """A mean over `n` seeds, with their standard deviation (n - 1) if it is known.

    Examples
    --------
    >>> f"{Statistic(96.72, 0.51, 5):±.1f}"
    '96.7 ± 0.5'
    >>> f"{Statistic(96.72, None, 1):±.1f}"
    '96.7'
    >>> f"{Statistic(0.75, None, 4):sum}"
    '3'
    """

    mean: float
    spread: float | None
    n: int

    def __format__(self, spec: str) -> str:
        if spec == "sum":
            return f"{self.mean * self.n:.0f}"
        digits = spec.removeprefix("±")
        text = format(self.mean, digits)
        if digits != spec and self.spread is not None:
            text += f" ± {format(self.spread, digits)}"
        return text


@dataclass(frozen=True)
class Column:
    """A column: its header, its name in the results, and how a cell is written.

    `cell` is a format string with the names of values and "n", the number of seeds;
    "±.1f" writes a mean with its spread, "sum" the sum over seeds.
    """

    header: str
    name: str
    cell: str


@dataclass(frozen=True)
class Table:
    """What is shown of which results.

    Parameters
    ----------
    results : str
        The name of the results, "<subject>/<name>".
    columns : sequence of Column
    rows : dict
        The label of each row by its name in the results. Rows without any cell are
        left out.
    derive : callable
        Makes cells of the runs in the file.
    other_results : sequence of str, default=()
        Files whose runs are shown beside those of the first.
    corner : str, default=""
        The header of the labels.
    missing : str, default=""
        What stands where nothing was measured.
    published : dict, default={}
        Values of others by (row, column), put in parentheses behind ours.
    quoted : sequence of (label, {column: text}), default=()
        Rows that are not measured.
    notes : sequence of str, default=()
        Lines below the table.
    """

    results: str
    columns: Sequence[Column]
    rows: Mapping[str, str]
    derive: Callable[[list[dict[str, Any]]], Iterable[Cell]]
    other_results: Sequence[str] = ()
    corner: str = ""
    missing: str = ""
    published: Mapping[tuple[str, str], float] = field(default_factory=dict)
    quoted: Sequence[tuple[str, Mapping[str, str]]] = ()
    notes: Sequence[str] = ()


def render(table: Table, content: Mapping[str, Any]) -> str:
    """The table of all that a file of results holds, as Markdown.

    Parameters
    ----------
    table : Table
    content : dict
        What `Results.read` gives.

    Returns
    -------
    text : str
        The table and the notes below it.
    """
    summaries = content.get("summaries", {}).get("cells", [])
    found = _statistics(summaries)
    # Where there are single runs, a summary of earlier ones is out of date.
    found |= _statistics(list(table.derive(content["runs"])))
    lines = []
    for row, label in table.rows.items():
        cells = [_cell(table, found, row, column) for column in table.columns]
        if any(cells):
            lines.append([label, *(cell or table.missing for cell in cells)])
    for label, texts in table.quoted:
        cells = [texts.get(column.name, "") for column in table.columns]
        if any(cells):
            lines.append([label, *cells])
    header = [table.corner, *(column.header for column in table.columns)]
    text = markdown(header, lines)
    return "\n".join([text, "", *table.notes]) if table.notes else text


def _cell(table: Table, found: Mapping[Any, Any], row: str, column: Column) -> str:
    values = found.get((row, column.name))
    try:
        text = column.cell.format_map(values or {})
    except KeyError:
        return ""  # not measured
    published = table.published.get((row, column.name))
    return text if published is None else f"{text} ({published:g})"


def _statistics(cells: Sequence[Cell]) -> dict[tuple[str, str], dict[str, Any]]:
    """The values of every cell, over all of its seeds."""
    grouped: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        grouped.setdefault((cell["row"], cell["column"]), []).append(cell)
    return {key: _over_seeds(group) for key, group in grouped.items()}


def _over_seeds(cells: Sequence[Cell]) -> dict[str, Any]:
    first = cells[0]
    if "n" in first:
        n = first["n"]
        values = {
            name: Statistic(value[0], value[1] if len(value) > 1 else None, n)
            for name, value in first["values"].items()
        }
        return {**values, "n": n}
    n = len({cell["seed"] for cell in cells})
    values = {}
    for name in first["values"]:
        of_seeds = [cell["values"][name] for cell in cells if name in cell["values"]]
        spread = float(np.std(of_seeds, ddof=1)) if len(of_seeds) > 1 else None
        values[name] = Statistic(float(np.mean(of_seeds)), spread, len(of_seeds))
    return {**values, "n": n}


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown.

    Examples
    --------
    >>> print(markdown(["model", "error"], [["JAE", "5.4"]]))
    | model | error |
    |---|---|
    | JAE | 5.4 |
    """
    lines = [f"| {' | '.join(line)} |" for line in [header, *rows]]
    lines.insert(1, "|" + "---|" * len(header))
    return "\n".join(lines)
