"""Every term of the loss, epoch by epoch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.inspection._figures import COLORS, GRAY, grid_inside
from sk_jae.inspection._task_samples import fitted_joint

__all__ = ["HistoryDisplay"]

_LINES = ["-", (0, (5, 2)), (0, (1, 1.5)), "-."]
_PANEL_HEIGHT = 1.9
_LABELS = {
    "loss": "loss of all terms",
    "accuracy": "accuracy\n(held-out samples)",
    "r2": "R²\n(held-out samples)",
}


class HistoryDisplay:
    """Every term of every task, epoch by epoch, a small panel for each term.

    A dotted line marks the epoch in which a term starts. Samples that `early_stopping`
    holds out are drawn as thin lines. A term may be below 0: that of `infomax_weight`
    is the entropy of each prediction minus twice that of all together, so that its best
    value is about -2.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    history : list of dict
        The `history_` of a joint estimator.
    task_names : sequence of str
        Its `task_names_`.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    axes_ : dict of {str: Axes}
        The panel of each term, by its name, such as "loss" or "reconstruction".

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae import JointAutoencoder
    >>> from sk_jae.inspection import HistoryDisplay
    >>> rng = np.random.default_rng(0)
    >>> X = [rng.normal(size=(60, 8)), rng.normal(size=(40, 5))]
    >>> jae = JointAutoencoder(max_epochs=3, random_state=0).fit(X)
    >>> list(HistoryDisplay.from_estimator(jae).axes_)
    ['loss', 'reconstruction']
    """

    def __init__(
        self, *, history: list[dict[str, Any]], task_names: Sequence[str]
    ) -> None:
        self.history = history
        self.task_names = task_names

    @classmethod
    def from_estimator(cls, estimator: Any, *, ax: Any = None) -> HistoryDisplay:
        """Draw the history of a fit.

        Parameters
        ----------
        estimator : estimator
            A fitted joint estimator, or a search around one.
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : HistoryDisplay

        Raises
        ------
        TypeError
            If `estimator` is no fitted joint estimator.
        """
        joint = fitted_joint(estimator, cls.__name__, "transform")
        display = cls(history=joint.history_, task_names=joint.task_names_)
        return display.plot(ax=ax)

    def plot(self, ax: Any = None) -> HistoryDisplay:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : HistoryDisplay
        """
        panels = _panels(self.history, self.task_names)
        n_columns = min(len(panels), 3 if len(panels) != 4 else 2)
        n_rows = -(-len(panels) // n_columns)
        height = _PANEL_HEIGHT * n_rows + 0.3
        figure, grid = grid_inside(type(self).__name__, ax, height, n_rows, n_columns)
        self.axes_ = {}
        for k, (term, lines) in enumerate(panels.items()):
            panel = figure.add_subplot(grid[divmod(k, n_columns)])
            _draw_panel(panel, term, lines, self.task_names)
            self.axes_[term] = panel
        _legend(list(self.axes_.values()), panels, self.task_names)
        self.figure_ = figure
        return self


def _panels(
    history: list[dict[str, Any]], names: Sequence[str]
) -> dict[str, dict[tuple[str, str | None], NDArray[Any]]]:
    """The lines of each term: by part ("train" or "valid") and task, None for all."""
    keys = dict.fromkeys(key for row in history for key in row)
    panels: dict[str, dict[tuple[str, str | None], NDArray[Any]]] = {}
    for key in keys:
        part, _, rest = key.partition("_")
        if part not in ("train", "valid") or rest.endswith(("_best", "batch_count")):
            continue
        # A name of a task may end like another one; the longest is meant.
        task = max((n for n in names if rest.endswith(f"_{n}")), key=len, default=None)
        term = rest if task is None else rest.removesuffix(f"_{task}")
        if term != "loss" and task is None:
            continue  # the mean over tasks
        values = np.array([row.get(key, np.nan) for row in history], dtype=float)
        panels.setdefault(term, {})[part, task] = values
    return panels


def _draw_panel(
    ax: Any,
    term: str,
    lines: dict[tuple[str, str | None], NDArray[Any]],
    names: Sequence[str],
) -> None:
    starts = []
    for (part, task), values in lines.items():
        epochs = np.arange(1, len(values) + 1)
        k = 0 if task is None else list(names).index(task)
        ax.plot(
            epochs,
            values,
            color="black" if task is None else COLORS[k % len(COLORS)],
            linestyle="-" if task is None else _LINES[k % len(_LINES)],
            linewidth=1.8 if part == "train" else 0.8,
            marker="o" if np.isfinite(values).sum() == 1 else None,
        )
        starts.append(int(np.isfinite(values).argmax()) + 1)
    title = _LABELS.get(term, term)
    if min(starts) > 1:
        title = f"{title}\n(from epoch {min(starts)})"
        ax.axvline(min(starts), color=GRAY, linestyle=":", linewidth=1.2)
    n_epochs = len(next(iter(lines.values())))
    ax.set_xlim(1 - 0.02 * n_epochs, n_epochs * 1.02)
    ax.set_title(title, fontsize=9)
    ax.tick_params(labelsize=8)
    ax.locator_params(axis="x", integer=True, nbins=5)
    ax.set_xlabel("epoch", fontsize=8)


def _legend(axes: list[Any], panels: dict[str, Any], names: Sequence[str]) -> None:
    """Name the tasks once, in a panel that has lines of them."""
    ax = axes[min(1, len(axes) - 1)]
    for k, name in enumerate(names):
        style = {"color": COLORS[k % len(COLORS)], "linestyle": _LINES[k % len(_LINES)]}
        ax.plot([], [], label=name, **style)
    if any(part == "valid" for lines in panels.values() for part, _ in lines):
        ax.plot([], [], color="black", linewidth=0.8, label="held out")
    ax.figure.legend(
        *ax.get_legend_handles_labels(),
        loc="outside upper center" if ax.figure.get_layout_engine() else "upper center",
        ncols=5,
        frameon=False,
        fontsize=9,
    )
