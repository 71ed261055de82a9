"""What `transfer_report` has found, task by task."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from sk_jae.inspection._figures import COLORS, GRAY, grid_inside

__all__ = ["TransferDisplay"]

_NUMBERS = {
    "effective_classes": "effective classes",
    "neighbor_agreement": "agreement of\nneighbors",
    "confidence": "confidence",
    "accuracy": "accuracy by\na few labels",
}
_LINE = 0.17  # of text, in inches


class TransferDisplay:
    """What :func:`sk_jae.metrics.transfer_report` has found, task by task.

    Each panel has one number of the report, and a point for each task. Those of tasks
    with labels are filled, and a gray line is their mean, with which the others are
    compared. Lines are the bounds of the accuracy (with a confidence of 95 %). A task
    with a warning has a cross, and the warning stands below.

    Make it with :meth:`from_report`.

    Parameters
    ----------
    report : dict of dict
        What `transfer_report` returns.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    axes_ : dict of {str: Axes}
        The panel of each number, by its name in the report.

    See Also
    --------
    sk_jae.metrics.transfer_report : Makes the report, and explains its numbers.

    Examples
    --------
    >>> from sk_jae import JointTransferClassifier
    >>> from sk_jae.datasets import load_digits_pair
    >>> from sk_jae.inspection import TransferDisplay
    >>> from sk_jae.metrics import transfer_report
    >>> X, y = load_digits_pair(return_X_y=True)
    >>> known = {"optical": y["optical"], "pen": None}
    >>> clf = JointTransferClassifier(max_epochs=1, random_state=0).fit(X, known)
    >>> display = TransferDisplay.from_report(transfer_report(clf, X, known))
    >>> list(display.axes_)
    ['effective_classes', 'neighbor_agreement', 'confidence']
    """

    def __init__(self, *, report: Mapping[str, Mapping[str, Any]]) -> None:
        self.report = report

    @classmethod
    def from_report(
        cls, report: Mapping[str, Mapping[str, Any]], *, ax: Any = None
    ) -> TransferDisplay:
        """Draw a report.

        Parameters
        ----------
        report : dict of dict
            What :func:`sk_jae.metrics.transfer_report` returns.
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : TransferDisplay

        Raises
        ------
        TypeError
            If `report` is not what `transfer_report` returns.
        """
        rows = list(report.values()) if isinstance(report, Mapping) else []
        if not rows or not all(
            isinstance(row, Mapping) and {"confidence", "n_labeled"} <= row.keys()
            for row in rows
        ):
            raise TypeError(
                f"report is a {type(report).__name__} without the numbers of a report, "
                "expected what sk_jae.metrics.transfer_report returns."
            )
        return cls(report=report).plot(ax=ax)

    def plot(self, ax: Any = None) -> TransferDisplay:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : TransferDisplay
        """
        rows = list(self.report.values())
        numbers = [name for name in _NUMBERS if name in rows[0]]
        warnings = [
            line
            for task, row in self.report.items()
            for line in textwrap.wrap(_warning(task, row), 92)
        ]
        heights = [0.5 + 0.28 * len(rows), max(0.01, _LINE * len(warnings))]
        figure, grid = grid_inside(
            type(self).__name__,
            ax,
            sum(heights) + 0.7,
            2,
            len(numbers),
            height_ratios=heights,
        )
        self.axes_: dict[str, Any] = {}
        for j, number in enumerate(numbers):
            first = self.axes_.get(numbers[0])
            panel = figure.add_subplot(grid[0, j], sharey=first)
            _draw_panel(panel, number, self.report)
            panel.tick_params(labelleft=j == 0)
            self.axes_[number] = panel
        if warnings:
            below = figure.add_subplot(grid[1, :])
            below.set_axis_off()
            text = "\n".join(warnings)
            below.text(0, 1, text, fontsize=8, va="top", transform=below.transAxes)
        self.figure_ = figure
        return self


def _warning(task: str, row: Mapping[str, Any]) -> str:
    return f"{task}: {row['warning']}" if row["warning"] else ""


def _draw_panel(ax: Any, number: str, report: Mapping[str, Mapping[str, Any]]) -> None:
    for place, row in enumerate(report.values()):
        is_labeled = row["n_labeled"] > 0
        color = COLORS[3] if row["warning"] else COLORS[0]
        if number == "accuracy" and np.isfinite(row["accuracy"]):
            ends = [row["accuracy_low"], row["accuracy_high"]]
            ax.plot(ends, [place, place], color=color, linewidth=1.5)
        ax.plot(
            row[number],
            place,
            marker="X" if row["warning"] else "o",
            markersize=5 if number == "accuracy" else 8,
            color=color,
            markerfacecolor=color if is_labeled or row["warning"] else "white",
        )
    known = [row[number] for row in report.values() if row["n_labeled"] > 0]
    if known and np.isfinite(known).all() and number != "accuracy":
        ax.axvline(np.mean(known), color=GRAY, linewidth=1, zorder=0)
    ax.set_title(_NUMBERS[number], fontsize=9)
    ax.tick_params(labelsize=8)
    ax.set_yticks(range(len(report)), [_task_label(*item) for item in report.items()])
    ax.set_ylim(len(report) - 0.5, -0.5)
    largest = max(row[number] for row in report.values())
    end = largest if number == "effective_classes" else 1
    ax.set_xlim(-0.08 * end, 1.1 * end)
    ax.locator_params(axis="x", nbins=4)


def _task_label(task: str, row: Mapping[str, Any]) -> str:
    return f"{task}\n({'labeled' if row['n_labeled'] else 'no labels'})"
