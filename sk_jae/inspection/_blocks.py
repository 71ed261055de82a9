"""Blocks of samples, drawn as images, as curves or as heat maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.inspection._figures import COLORS, GRAY, grid_inside
from sk_jae.inspection._task_samples import TaskSamples

__all__ = ["Block", "draw_blocks"]

# In inches, for a row of images, of curves, and for a row of a table.
_IMAGE_ROW, _CURVE_ROW, _TABLE_ROW = 0.72, 1.0, 0.085
_LEAST_TABLE, _TITLE, _NAMES = 0.6, 0.35, 0.75
_MOST_NAMES, _LONGEST_NAME = 20, 14

# Colors of a heat map end here, in standard deviations of the task.
_FAR = 2.5

# Curves of more points than this are drawn with thinner lines.
_MANY_POINTS = 300


@dataclass(frozen=True)
class Block:
    """Samples of one task, a row for each of their versions.

    Attributes
    ----------
    title : str
    samples : TaskSamples
        Says how they are drawn.
    rows : dict of {str: ndarray of shape (n_samples, ...)}
        The versions by what they are called.
    behind : ndarray of shape (n_samples, ...) or None
        What is drawn in gray behind the curves of every row.
    """

    title: str
    samples: TaskSamples
    rows: Mapping[str, NDArray[Any]]
    behind: NDArray[Any] | None = None

    @property
    def n_columns(self) -> int:
        return 1 if self.samples.kind == "table" else len(self.samples.array)

    @property
    def height(self) -> float:
        n = len(self.samples.array)
        row = {
            "image": min(_IMAGE_ROW, 5.0 / n),
            "curve": _CURVE_ROW,
            "table": max(_LEAST_TABLE, _TABLE_ROW * n),
        }[self.samples.kind]
        return row * len(self.rows) + _TITLE + (_NAMES if self.column_names else 0)

    @property
    def column_names(self) -> list[str]:
        """The names below a table, if they are few."""
        names = self.samples.layout.columns or ()
        if self.samples.kind != "table" or len(names) > _MOST_NAMES:
            return []
        return [
            name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
            for name in names
        ]


def draw_blocks(display: str, blocks: Sequence[Block], ax: Any) -> tuple[Any, Any]:
    """Draw blocks below each other.

    Returns
    -------
    figure : Figure
    axes : list of ndarray of Axes of shape (n_rows, n_columns)
        One array per block.
    """
    height = sum(block.height for block in blocks)
    n_rows = [len(block.rows) for block in blocks]
    if len({block.n_columns for block in blocks}) == 1:
        # One grid for all, so that samples stand below each other.
        ratios = [b.height / len(b.rows) for b in blocks for _ in b.rows]
        figure, grid = grid_inside(
            display,
            ax,
            height,
            sum(n_rows),
            blocks[0].n_columns,
            height_ratios=ratios,
        )
        starts = np.cumsum([0, *n_rows])
        places = [
            [[grid[start + i, j] for j in range(block.n_columns)] for i in range(n)]
            for start, n, block in zip(starts, n_rows, blocks, strict=False)
        ]
    else:
        ratios = [block.height for block in blocks]
        figure, grid = grid_inside(
            display, ax, height, len(blocks), 1, height_ratios=ratios
        )
        places = []
        for k, block in enumerate(blocks):
            inner = grid[k, 0].subgridspec(len(block.rows), block.n_columns)
            columns = range(block.n_columns)
            places.append([[inner[i, j] for j in columns] for i in range(n_rows[k])])
    drawn = [
        _draw_block(figure, place, block)
        for place, block in zip(places, blocks, strict=True)
    ]
    return figure, drawn


def _draw_block(figure: Any, places: list[list[Any]], block: Block) -> NDArray[Any]:
    draw = {"image": _draw_image, "curve": _draw_curve, "table": _draw_table}
    axes = np.empty((len(block.rows), block.n_columns), dtype=object)
    for (i, j), _ in np.ndenumerate(axes):
        share = axes[i, 0] if j and block.samples.kind == "curve" else None
        axes[i, j] = figure.add_subplot(places[i][j], sharey=share)
    for i, (label, values) in enumerate(block.rows.items()):
        drawn = draw[block.samples.kind](axes[i], block, values)
        axes[i, 0].set_ylabel(label, rotation=0, ha="right", va="center", fontsize=9)
    axes[0, 0].set_title(block.title, loc="left", fontsize=10)
    if block.samples.kind == "table":
        _finish_table(figure, axes, block, drawn)
    elif block.samples.kind == "curve":
        for ax in axes[:-1].flat:
            ax.tick_params(labelbottom=False)
    return axes


def _draw_image(axes: NDArray[Any], block: Block, values: NDArray[Any]) -> None:
    input_ = _pictures(block.samples.array, block.samples)
    low, high = float(input_.min()), float(input_.max())
    pictures = _pictures(values, block.samples)
    if pictures.ndim == 4:
        pictures = ((pictures - low) / max(high - low, 1e-12)).clip(0, 1)
    for ax, picture in zip(axes, pictures, strict=True):
        ax.imshow(picture, cmap="gray", vmin=low, vmax=high, interpolation="nearest")
        ax.set(xticks=[], yticks=[])
        ax.spines[:].set_visible(False)


def _pictures(values: NDArray[Any], samples: TaskSamples) -> NDArray[Any]:
    """Gray pictures (n, height, width) or those in color (n, height, width, 3)."""
    layout = samples.layout
    pictures = values.reshape(len(values), *layout.sample_shape).astype(np.float64)
    if layout.kind == "image":
        return pictures
    if layout.kind == "channels_first":
        pictures = np.moveaxis(pictures, 1, -1)
    return pictures if pictures.shape[-1] == 3 else pictures.mean(axis=-1)


def _draw_curve(axes: NDArray[Any], block: Block, values: NDArray[Any]) -> None:
    points = block.samples.points
    curves = _curves(values, block.samples)
    behind = None if block.behind is None else _curves(block.behind, block.samples)
    thick, thin = (2.2, 0.9) if len(points) <= _MANY_POINTS else (0.9, 0.4)
    for k, ax in enumerate(axes):
        for channel, curve in enumerate(curves[k]):
            if behind is not None:
                ax.plot(points, behind[k, channel], color=GRAY, linewidth=thick)
            color = COLORS[channel % len(COLORS)]
            ax.plot(points, curve, color=color, linewidth=thin)
        ax.tick_params(labelsize=7, labelleft=k == 0)
        ax.locator_params(axis="x", nbins=3)
        ax.margins(x=0)
        if block.samples.layout.kind == "signal":
            ax.set_yticks([])


def _curves(values: NDArray[Any], samples: TaskSamples) -> NDArray[Any]:
    """Curves (n, channels, points), those of several channels above each other."""
    shape = samples.layout.sample_shape
    if len(shape) == 1:
        return values.reshape(len(values), 1, -1).astype(np.float64)
    curves = values.reshape(len(values), *shape).astype(np.float64)
    center = samples.center.reshape(shape).mean(axis=1, keepdims=True)
    size = samples.spread.reshape(shape).max(axis=1, keepdims=True) + 1e-12
    offsets = -6.0 * np.arange(shape[0])[:, None]
    found: NDArray[Any] = (curves - center) / size + offsets
    return found


def _draw_table(axes: NDArray[Any], block: Block, values: NDArray[Any]) -> Any:
    samples = block.samples
    flat = values.reshape(len(values), -1)
    spread = np.where(samples.spread > 0, samples.spread, 1.0)
    (ax,) = axes
    drawn = ax.imshow(
        (flat - samples.center) / spread,
        cmap="RdBu_r",
        vmin=-_FAR,
        vmax=_FAR,
        aspect="auto",
        interpolation="nearest",
    )
    ax.set(xticks=[], yticks=[])
    return drawn


def _finish_table(figure: Any, axes: NDArray[Any], block: Block, drawn: Any) -> None:
    """Name the columns, and say what the colors mean."""
    last = axes[-1, 0]
    names, n = block.column_names, block.samples.layout.sample_shape[0]
    if names:
        last.set_xticks(range(n), names, rotation=45, ha="right", fontsize=8)
    else:
        last.set_xlabel(f"{n} features", fontsize=8)
    bar = figure.colorbar(drawn, ax=list(axes[:, 0]), fraction=0.03, pad=0.01)
    bar.set_label("standard deviations\nfrom the mean", fontsize=7)
    bar.ax.tick_params(labelsize=7)
