"""The table of the epochs that a fit prints."""

from __future__ import annotations

import math
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any

from tqdm import tqdm

from sk_jae.training.objective import TERMS, Phase
from sk_jae.training.skorch_types import PrintLog
from sk_jae.training.validation_scores import SCORES

__all__ = ["EpochTable", "planned_terms"]

# In seconds. Who waits longer wants to know how long.
_LONG = 60.0

# The longest line with all tasks where there is no terminal that limits it.
_LINE = 160

_MIN_WIDTH = 7  # that of -0.0012 and 1.2e-05

# For terminals in which a line with the whole names would not fit.
_SHORT = {
    "train_loss": "train",
    "reconstruction": "reconst",
    "classification": "classif",
    "regression": "regress",
    "consistency": "consist",
    "valid_loss": "valid",
    "valid_accuracy": "valid_acc",
}


def planned_terms(
    phases: Iterable[Phase], augment: Sequence[object]
) -> dict[str, tuple[int, ...]]:
    """The terms that a training computes at some time, each with its tasks."""
    found: dict[str, set[int]] = {}
    for phase in phases:
        for term, weights in phase.weights.items():
            used = {t for t, weight in enumerate(weights) if weight}
            if term == "consistency":  # there is none of plain samples
                used = {t for t in used if augment and augment[t] is not None}
            if used:
                found.setdefault(term, set()).update(used)
    return {term: tuple(sorted(found[term])) for term in TERMS if term in found}


class EpochTable(PrintLog):
    """A table of the epochs as plain text.

    There is a column for each task of every term of the training loss, from the
    beginning also for one that starts later, and for what callbacks record. Where a
    line would not fit, there is one for the mean over tasks of each term. The other
    numbers are in `history_`.
    """

    # skorch puts callbacks of this class behind all others, so that the table has what
    # these record.

    def initialize(self) -> EpochTable:
        self.widths_: dict[str, int] = {}  # by the key of the column in the history
        self.n_printed_ = 0
        self.is_first_ = True
        self.by_task_ = True
        return self

    def on_epoch_end(self, net: Any, **kwargs: Any) -> None:
        self._print_last(net)
        if self.is_first_:
            self.is_first_ = False
            self._print_time_left(net)

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        # skorch's EarlyStopping ends the last epoch before it is printed.
        if self.n_printed_ < net.n_epochs and "train_loss" in net.history[-1]:
            self._print_last(net)

    def _print_last(self, net: Any) -> None:
        row = net.history[-1]
        if self._keys(net, by_task=self.by_task_) != list(self.widths_):
            self._print_header(net)
        widths = self.widths_
        self._print({key: _text(row.get(key), widths[key]) for key in widths})
        self.n_printed_ = net.n_epochs

    def _keys(self, net: Any, *, by_task: bool) -> list[str]:
        found = {**self.widths_, **net.history[-1]}
        return _columns(found, net.terms_, net.module_.names, by_task=by_task)

    def _print_time_left(self, net: Any) -> None:
        """Tell once how long a long training will take, by its first epoch."""
        n_left = net.max_epochs - 1
        seconds = n_left * net.history[-1, "dur"]
        if seconds > _LONG:
            self._write(f"About {_duration(seconds)} for the next {n_left} epochs.")

    def _print_header(self, net: Any) -> None:
        names = net.module_.names
        self.by_task_ = len(names) > 1
        keys = self._keys(net, by_task=self.by_task_)
        pairs = {key: _title_of_task(key, net.terms_, names) for key in keys}
        titles = {key: own for key, (_, own) in pairs.items()}
        terms = {key: term for key, (term, _) in pairs.items()}
        row = net.history[-1]
        if self.by_task_:
            self.widths_ = _widths(titles, row, terms)
            self.by_task_ = _total(self.widths_) <= _terminal_width(_LINE)
        if self.by_task_:
            self._print_terms(terms)
        else:
            titles = {key: _title(key) for key in self._keys(net, by_task=False)}
            self.widths_ = _widths(titles, row)
            if _total(self.widths_) > _terminal_width(math.inf):
                titles = {k: _SHORT.get(title, title) for k, title in titles.items()}
                self.widths_ = _widths(titles, row)
        self._print(titles)
        self._print({key: "-" * width for key, width in self.widths_.items()})

    def _print_terms(self, terms: Mapping[str, str]) -> None:
        """The line above the names of the tasks."""
        line, start = "", 0
        for key, width in self.widths_.items():
            if terms[key]:
                line = line.ljust(start) + terms[key]
            start += width + 2
        self._write(line)

    def _print(self, cells: Mapping[str, str]) -> None:
        self._write(
            "  ".join(cell.rjust(self.widths_[key]) for key, cell in cells.items())
        )

    def _write(self, line: str) -> None:
        if sys.stdout is not None:
            tqdm.write(line)  # not into a bar that the user shows meanwhile
            sys.stdout.flush()


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    return f"{minutes // 60} h {minutes % 60} min"


def _columns(
    found: Iterable[str],
    terms: Mapping[str, Sequence[int]],
    names: Sequence[str],
    *,
    by_task: bool,
) -> list[str]:
    """The keys of the history that are shown, in order."""
    parts = [f"{part}_{term}" for part in ("train", "valid") for term in TERMS + SCORES]
    hidden = {"batches", "train_batch_count", "valid_batch_count", *parts}
    hidden |= {f"{part}_{name}" for part in parts for name in names}
    shown = [
        key
        for term, tasks in terms.items()
        for key in (_of_tasks(term, tasks, names) if by_task else [f"train_{term}"])
    ]
    first = ["epoch", "phase", "train_loss", *shown]
    first += ["valid_loss", *(f"valid_{score}" for score in SCORES)]
    present = {*found, *shown}
    others = sorted(
        key for key in present - {*first, *hidden, "dur"} if not key.endswith("_best")
    )
    events = [key for key in others if key.startswith("event_")]
    others = [key for key in others if key not in events]
    return [key for key in [*first, *others, *events, "dur"] if key in present]


def _of_tasks(term: str, tasks: Iterable[int], names: Sequence[str]) -> list[str]:
    """The keys of the history of a term."""
    return [f"train_{term}_{names[t]}" for t in tasks]


def _title(key: str) -> str:
    term = key.removeprefix("train_")
    return term if term in TERMS else key.removeprefix("event_")


def _title_of_task(
    key: str, terms: Mapping[str, Sequence[int]], names: Sequence[str]
) -> tuple[str, str]:
    """The term above a column, if it is the first of the term, and the task."""
    for term, tasks in terms.items():
        keys = _of_tasks(term, tasks, names)
        if key in keys:
            place = keys.index(key)
            return "" if place else term, names[tasks[place]]
    return "", _title(key)


def _widths(
    titles: Mapping[str, str],
    row: Mapping[str, object],
    above: Mapping[str, str] | None = None,
) -> dict[str, int]:
    """The widths of the columns, in which numbers and the text of this row fit."""
    widths = {}
    for key, title in titles.items():
        least = 0 if key == "epoch" else _MIN_WIDTH
        shown = len(_text(row.get(key), _MIN_WIDTH))
        widths[key] = max(len(title), least, shown, len(above[key]) if above else 0)
    return widths


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + 2 * len(widths) - 2


def _text(value: object, width: int) -> str:
    if value is None or isinstance(value, bool):
        return "+" if value else ""
    if isinstance(value, Integral) or not isinstance(value, Real):
        return str(value)
    number = float(value)
    digits = [".4f", ".1f", ".1e", ".0e"]
    if 0 < abs(number) < 1e-3:
        digits = [".1e", ".0e"]
    texts = [format(number, form) for form in digits]
    return next((text for text in texts if len(text) <= width), texts[-1])


def _terminal_width(elsewhere: float) -> float:
    if not (sys.stdout and sys.stdout.isatty()):
        return elsewhere
    return shutil.get_terminal_size((0, 0)).columns or elsewhere
