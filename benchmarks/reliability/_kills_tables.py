"""The table of the kills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks._tables import Cell, Column, Table
from benchmarks.reliability._kills import KINDS

_COUNTS = {
    "kills": "kills",
    "of these while a file was written": "while_writing",
    "fits that came to their end": "ends",
    "equal to the last bit": "equal",
    "files left over": "left_over",
}


def kill_cells(runs: Sequence[dict[str, Any]]) -> Iterator[Cell]:
    """Sums over the parts."""
    for kind in KINDS:
        counts: Counter[str] = Counter()
        for part in runs:
            if part["kind"] == kind:
                counts.update({name: part[name] for name in _COUNTS.values()})
        if counts:
            yield {"row": kind, "column": "fits", "seed": None, "values": dict(counts)}


TABLES = {
    "reliability/kills": Table(
        results="reliability/kills",
        corner="what is trained",
        columns=[
            Column(header, "fits", f"{{{name}:.0f}}")
            for header, name in _COUNTS.items()
        ],
        rows={kind: kind for kind in KINDS},
        derive=kill_cells,
    )
}
