"""Figures, axes and colors of all displays."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = [
    "COLORS",
    "GRAY",
    "MARKERS",
    "WIDTH",
    "class_colors",
    "grid_inside",
    "import_pyplot",
    "one_axes",
]

# In inches. A picture of this width has 600 pixels at the usual 100 per inch.
WIDTH = 6.0

# M. Okabe, K. Ito, "Color universal design", 2008, in an order in which neighbors
# differ in brightness too.
COLORS = ["#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000"]
GRAY = "#999999"

# P. Tol, "Colour schemes", 2021, the scheme "muted" and black.
_MANY_COLORS = [
    "#332288",
    "#DDCC77",
    "#117733",
    "#88CCEE",
    "#882255",
    "#999933",
    "#CC6677",
    "#44AA99",
    "#AA4499",
    "#000000",
]

MARKERS = "o^sDvP*X"


def import_pyplot(display: str) -> Any:
    """Import matplotlib.pyplot, or say how to get it."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{display} draws with matplotlib, which is not installed; install it with "
            '`pip install "sk_jae[plot]"` or `pip install matplotlib`.'
        ) from error
    return plt


def one_axes(display: str, ax: Any, height: float) -> tuple[Any, Any]:
    """Return the figure and the axes to draw on, new ones if there are none."""
    plt = import_pyplot(display)
    if ax is None:
        figure, ax = plt.subplots(figsize=(WIDTH, height), layout="constrained")
        return figure, ax
    return ax.figure, ax


def grid_inside(
    display: str, ax: Any, height: float, n_rows: int, n_columns: int, **kwargs: Any
) -> tuple[Any, Any]:
    """Return the figure and a grid for several axes, in the place of `ax` if given."""
    plt = import_pyplot(display)
    from matplotlib.gridspec import GridSpec

    if ax is None:
        figure = plt.figure(figsize=(WIDTH, height), layout="constrained")
        return figure, GridSpec(n_rows, n_columns, figure=figure, **kwargs)
    ax.set_axis_off()
    place = ax.get_subplotspec()
    if place is not None:
        return ax.figure, place.subgridspec(n_rows, n_columns, **kwargs)
    box = ax.get_position()
    edges = {"left": box.x0, "right": box.x1, "bottom": box.y0, "top": box.y1}
    return ax.figure, GridSpec(n_rows, n_columns, figure=ax.figure, **edges, **kwargs)


def class_colors(n_classes: int) -> list[Any]:
    """Return one color per class."""
    if n_classes <= len(COLORS):
        return COLORS[:n_classes]
    if n_classes <= len(_MANY_COLORS):
        return _MANY_COLORS[:n_classes]
    from matplotlib import colormaps

    return list(colormaps["viridis"](np.linspace(0, 1, n_classes)))
