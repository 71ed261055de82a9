"""Results of benchmarks: a file of finished runs, and tables in Markdown."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).resolve().parents[1] / "results"


class Results:
    """Finished runs, each a dict, in the file results/<name>.json.

    A run is written as soon as it is added, also while other processes add theirs.
    Whether it is there already is asked by its key, all that decides its outcome.

    Examples
    --------
    >>> results = Results("speed")
    >>> key = {"n_samples": 1000, "seed": 0}
    >>> if results.find(key) is None:
    ...     results.add(key, {"seconds": 3.2})
    """

    def __init__(self, name: str, folder: Path = RESULTS) -> None:
        self.path = folder / f"{name}.json"

    def records(self) -> list[dict[str, Any]]:
        """All finished runs."""
        return json.loads(self.path.read_text()) if self.path.exists() else []

    def find(self, key: Mapping[str, Any]) -> dict[str, Any] | None:
        """The run that has all items of the key, or None."""
        wanted = json.loads(json.dumps(key)).items()  # as JSON gives it back
        return next((r for r in self.records() if wanted <= r.items()), None)

    def add(self, key: Mapping[str, Any], outcome: Mapping[str, Any]) -> None:
        """Write a finished run."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with open(self.path.with_suffix(".lock"), "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            records = [*self.records(), {**key, **outcome}]
            new = self.path.with_suffix(".new")
            new.write_text(json.dumps(records, indent=1))
            new.replace(self.path)


def mean_and_spread(values: Sequence[float], digits: int = 1) -> str:
    """Mean ± standard deviation over seeds (n - 1), the mean alone for one seed."""
    text = f"{np.mean(values):.{digits}f}"
    if len(values) > 1:
        text += f" ± {np.std(values, ddof=1):.{digits}f}"
    return text


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
