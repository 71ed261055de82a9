"""The scores of a search over one or two parameters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from sk_jae.inspection._figures import COLORS, grid_inside

__all__ = ["SearchDisplay"]

_CELL = 0.42  # inches


class SearchDisplay:
    """The scores of a search over one or two parameters, a panel for each score.

    Searches that score by several criteria show them beside each other, so that a
    criterion that needs no labels can be compared with the accuracy on labeled samples.
    The best candidate of each panel has a frame. Where the search has tried further
    parameters, each cell has the best score among them.

    Make it with :meth:`from_estimator`.

    Parameters
    ----------
    scores : dict of {str: ndarray of shape (n_rows, n_columns)}
        The mean test scores by the name of the score.
    parameters : tuple of str
        The parameter of the columns and, if there are two, that of the rows.
    values : tuple of list
        Their values, in order.

    Attributes
    ----------
    figure_ : Figure
        The figure.
    axes_ : dict of {str: Axes}
        The panel of each score, by its name.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import GridSearchCV
    >>> from sk_jae import JointAutoencoder, pack
    >>> from sk_jae.inspection import SearchDisplay
    >>> rng = np.random.default_rng(0)
    >>> X, _ = pack([rng.normal(size=(60, 8)), rng.normal(size=(40, 5))])
    >>> grid = {"n_shared": [2, 4], "lr": [0.001, 0.01]}
    >>> jae = JointAutoencoder(max_epochs=2, random_state=0)
    >>> search = GridSearchCV(jae, grid, cv=2).fit(X)
    >>> display = SearchDisplay.from_estimator(search)
    >>> display.scores["score"].shape
    (2, 2)
    """

    def __init__(
        self,
        *,
        scores: dict[str, NDArray[np.float64]],
        parameters: tuple[str, ...],
        values: tuple[list[Any], ...],
    ) -> None:
        self.scores = scores
        self.parameters = parameters
        self.values = values

    @classmethod
    def from_estimator(
        cls,
        search: Any,
        *,
        parameters: Sequence[str] | None = None,
        ax: Any = None,
    ) -> SearchDisplay:
        """Draw the scores of a fitted search.

        Parameters
        ----------
        search : estimator
            A fitted search of scikit-learn, such as
            :class:`~sklearn.model_selection.GridSearchCV`.
        parameters : sequence of 1 or 2 str, default=None
            The parameters of the columns and of the rows. None takes those with the
            most values.
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : SearchDisplay

        Raises
        ------
        ValueError, TypeError
            If `search` is no fitted search, or has not tried these parameters.
        """
        check_is_fitted(search)
        if not hasattr(search, "cv_results_"):
            raise TypeError(
                f"{cls.__name__} got a {type(search).__name__}, expected a fitted "
                "search such as GridSearchCV."
            )
        results = search.cv_results_
        tried = _values(results["params"])
        chosen = _chosen(parameters, tried)
        values = tuple(tried[name] for name in chosen)
        scores = {
            key.removeprefix("mean_test_"): _grid(results, key, chosen, values)
            for key in results
            if key.startswith("mean_test_")
        }
        return cls(scores=scores, parameters=chosen, values=values).plot(ax=ax)

    def plot(self, ax: Any = None) -> SearchDisplay:
        """Draw the panels.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            The axes in whose place the panels are drawn. None makes a new figure.

        Returns
        -------
        display : SearchDisplay
        """
        first = next(iter(self.scores.values()))
        n_panels = len(self.scores)
        n_columns = max(1, min(n_panels, 14 // (first.shape[1] + 2)))
        n_rows = -(-n_panels // n_columns)
        height = n_rows * (_CELL * len(first) + 1.0)
        figure, grid = grid_inside(type(self).__name__, ax, height, n_rows, n_columns)
        self.axes_ = {}
        for k, (name, scores) in enumerate(self.scores.items()):
            i, j = divmod(k, n_columns)
            panel = figure.add_subplot(grid[i, j])
            _draw_panel(panel, scores, self.parameters, self.values, is_first=j == 0)
            panel.set_title(name, fontsize=9)
            self.axes_[name] = panel
        self.figure_ = figure
        return self


def _values(candidates: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    """The values of each parameter, in the order in which they were tried or sorted."""
    found: dict[str, list[Any]] = {}
    for candidate in candidates:
        for name, value in candidate.items():
            values = found.setdefault(name, [])
            if not any(_same(value, other) for other in values):
                values.append(value)
    return found


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and repr(one) == repr(other)


def _chosen(
    asked: Sequence[str] | None, tried: dict[str, list[Any]]
) -> tuple[str, ...]:
    if asked is None:
        most = sorted(tried, key=lambda name: -len(tried[name]))[:2]
        # The one with fewer values makes the rows, and one that never varied no row.
        return tuple(most if len(most) < 2 or len(tried[most[1]]) > 1 else most[:1])
    names = (asked,) if isinstance(asked, str) else tuple(asked)
    if not 1 <= len(names) <= 2 or not set(names) <= tried.keys():
        raise ValueError(
            f"parameters is {asked!r}, expected one or two of those that the search "
            f"has tried: {', '.join(map(repr, tried))}."
        )
    return names


def _grid(
    results: dict[str, Any],
    key: str,
    chosen: tuple[str, ...],
    values: tuple[list[Any], ...],
) -> NDArray[np.float64]:
    """The best score of every cell, NaN where no candidate was tried."""
    shape = (len(values[1]) if len(values) > 1 else 1, len(values[0]))
    scores = np.full(shape, np.nan)
    for candidate, score in zip(results["params"], results[key], strict=True):
        if not all(name in candidate for name in chosen):
            continue
        place = [
            next(i for i, v in enumerate(values[k]) if _same(v, candidate[name]))
            for k, name in enumerate(chosen)
        ]
        cell = (place[1] if len(place) > 1 else 0, place[0])
        scores[cell] = np.fmax(scores[cell], score)
    return scores


def _draw_panel(
    ax: Any,
    scores: NDArray[np.float64],
    parameters: tuple[str, ...],
    values: tuple[list[Any], ...],
    *,
    is_first: bool,
) -> None:
    from matplotlib.patches import Rectangle

    ax.imshow(scores, cmap="Blues", aspect="auto")
    known = scores[np.isfinite(scores)]
    middle = (known.min() + known.max()) / 2 if known.size else 0.0
    for (i, j), score in np.ndenumerate(scores):
        color = "white" if score > middle else "black"
        text = f"{score:.3f}" if np.isfinite(score) else ""
        ax.text(j, i, text, ha="center", va="center", color=color, fontsize=8)
    if known.size:
        i, j = np.unravel_index(np.nanargmax(scores), scores.shape)
        box = Rectangle((j - 0.46, i - 0.46), 0.92, 0.92, fill=False)
        box.set(edgecolor=COLORS[3], linewidth=2.5)
        ax.add_patch(box)
    ax.set_xticks(range(len(values[0])), map(_label, values[0]), fontsize=8)
    ax.set_xlabel(parameters[0], fontsize=8)
    ax.set_yticks([])
    if len(values) > 1 and is_first:
        ax.set_yticks(range(len(values[1])), map(_label, values[1]), fontsize=8)
        ax.set_ylabel(parameters[1], fontsize=8)


def _label(value: Any) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 14 else f"{text[:12]}…"
