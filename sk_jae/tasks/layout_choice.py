"""The parameter `layout`, and what the shape of an array tells where it says "auto"."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isqrt, prod
from numbers import Integral
from typing import Literal, TypeAlias, TypeGuard

import numpy as np

from sk_jae.tasks.forms import TaskInputs
from sk_jae.tasks.layout import Layout, LayoutKind
from sk_jae.tasks.lazy_arrays import SampleArray
from sk_jae.tasks.parameters import per_task

__all__ = ["LayoutChoice", "LayoutParameter", "check_layouts", "infer_layout"]

LayoutChoice: TypeAlias = (
    Literal["auto", "vector", "image", "channels_first", "channels_last", "signal"]
    | tuple[int, ...]
)
LayoutParameter: TypeAlias = (
    LayoutChoice | Sequence[LayoutChoice] | Mapping[str, LayoutChoice]
)

_WORDS = ("auto", "vector", "image", "channels_first", "channels_last", "signal")
_FORMER_WORDS = {"first": "channels_first", "last": "channels_last"}
_N_CHANNELS = (1, 3, 4)

# Arrays (n, a, b) are pictures if both sides are at least so long and differ by at most
# this factor, and no pictures if they differ by more than the larger factor.
_SMALLEST_SIDE = 6
_PICTURE_RATIO, _LARGEST_RATIO = 1.5, 4


def check_layouts(layout: object, tasks: TaskInputs) -> list[LayoutChoice]:
    """Check the parameter `layout` and return one choice per task.

    Parameters
    ----------
    layout : str or tuple of int, or list or dict of these
    tasks : TaskInputs
        The samples.

    Returns
    -------
    choices : list of (str or tuple of int)

    Raises
    ------
    ValueError, TypeError
        If there is not one per task, or if one is no layout.

    Examples
    --------
    >>> import numpy as np
    >>> from sk_jae.tasks import parse_inputs
    >>> from sk_jae.tasks.layout_choice import check_layouts
    >>> tasks = parse_inputs({"a": np.eye(64), "b": np.eye(3)}, None)
    >>> check_layouts({"a": (8, 8), "b": "auto"}, tasks)
    [(8, 8), 'auto']
    """
    choices = per_task(layout, tasks.names, "layout", is_one=_is_one)
    for t, choice in enumerate(choices):
        if not _is_shape(choice) and choice not in _WORDS:
            former = isinstance(choice, str) and _FORMER_WORDS.get(choice)
            new = f"; {choice!r} is called {former!r} now" if former else ""
            raise ValueError(
                f"{tasks.describe(t, 'layout')} is {choice!r}, expected "
                f"{', '.join(map(repr, _WORDS))} or the shape of one sample, such as "
                f"(3, 32, 32){new}."
            )
    return choices


def infer_layout(
    array: SampleArray,
    layout: LayoutChoice,
    words: str,
    columns: tuple[str, ...] | None = None,
) -> Layout:
    """Find the layout of an array of samples, and its units if it is `uint8`.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        The samples.
    layout : str or tuple of int
        The layout that the user names. "auto" looks at the shape; a tuple is the shape
        of one sample of a flattened array, of which "auto" then decides.
    words : str
        The words for the task in messages.
    columns : tuple of str or None, default=None
        The names of the features.

    Returns
    -------
    layout : Layout

    Raises
    ------
    ValueError
        If the layout cannot be told from the shape, or does not fit it.
    """
    unflattened = _unflattened(array.shape, layout, words)
    shape = unflattened or array.shape[1:]
    if isinstance(layout, tuple):
        layout, words = "auto", f"{words}, reshaped to samples of shape {layout},"
    kind = _kind(shape, layout, array, words)
    if kind == "signal" and len(shape) == 1:
        unflattened = (1, *shape)
    found = Layout(array.shape[1:], kind, columns=columns, unflattened=unflattened)
    # The units of uint8 are known without looking at the values.
    return found.with_units(array) if array.dtype == np.uint8 else found


def _is_one(value: object) -> bool:
    return isinstance(value, str) or _is_shape(value)


def _is_shape(value: object) -> TypeGuard[tuple[int, ...]]:
    return (
        isinstance(value, tuple)
        and len(value) > 0
        and all(isinstance(n, Integral) and int(n) > 0 for n in value)
    )


def _unflattened(
    shape: tuple[int, ...], layout: LayoutChoice, words: str
) -> tuple[int, ...] | None:
    """Return the shape of one sample if the samples are flattened."""
    if isinstance(layout, tuple):
        if shape[1:] != layout and (len(shape) != 2 or shape[1] != prod(layout)):
            raise ValueError(
                f"{words} has shape {shape}, but layout={layout} expects samples of "
                f"this shape, or flattened ones with {prod(layout)} columns; give the "
                "shape of its samples, or set layout='auto'."
            )
        return tuple(map(int, layout)) if len(shape) == 2 else None
    if layout == "image" and len(shape) == 2:
        side = isqrt(shape[1])
        if side**2 != shape[1]:
            raise ValueError(
                f"{words} has {shape[1]} columns, which is no square, so layout="
                f"'image' does not tell the shape of its pictures; "
                f"{_shape_advice(shape[1])}."
            )
        return side, side
    return None


def _shape_advice(n_columns: int) -> str:
    side = isqrt(n_columns // 3)
    if 3 * side**2 == n_columns:
        return (
            f"if they are in color, give it as layout=(3, {side}, {side}) or, with "
            f"the channels last, as layout=({side}, {side}, 3)"
        )
    return (
        "give it as layout=(height, width), or as layout=(3, height, width) if they "
        "are in color"
    )


def _kind(
    shape: tuple[int, ...], layout: str, array: SampleArray, words: str
) -> LayoutKind:
    """Return the kind of samples of this shape, or refuse them."""
    if len(shape) > 3:
        raise ValueError(
            f"{words} has {len(shape) + 1} dimensions (shape {(len(array), *shape)}), "
            "expected at most 4, which are images (n_samples, channels, height, "
            "width); reshape it, with X.reshape(len(X), -1) to vectors for example."
        )
    if layout == "vector":
        return "vector"
    if layout in ("channels_first", "channels_last") and len(shape) == 3:
        return "channels_first" if layout == "channels_first" else "channels_last"
    if layout == "signal" and len(shape) < 3:
        return "signal"
    if layout == "image" and len(shape) == 2:
        return "image"
    if layout not in ("auto", "image"):
        axes = {"channels_first": "channels, height, width", "signal": "channels, time"}
        raise ValueError(
            f"{words} has shape {(len(array), *shape)}, but layout={layout!r} expects "
            f"(n_samples, {axes.get(layout, 'height, width, channels')}); reshape it, "
            "or give each task its own layout in a list or dict."
        )
    if len(shape) == 3:
        return _kind_of_four_dimensions((len(array), *shape), words)
    if len(shape) == 2:
        is_bytes = array.dtype == np.uint8
        return _kind_of_three_dimensions((len(array), *shape), is_bytes, words)
    return "vector"


def _kind_of_three_dimensions(
    shape: tuple[int, ...], is_bytes: bool, words: str
) -> LayoutKind:
    _, height, width = shape
    shorter, longer = sorted([height, width])
    is_square = shorter >= _SMALLEST_SIDE and longer <= _PICTURE_RATIO * shorter
    is_long = longer > _LARGEST_RATIO * shorter
    if is_square or (is_bytes and not is_long):
        return "image"
    if not is_long:
        raise ValueError(
            f"{words} has shape {shape}, which may be gray pictures of {height} x "
            f"{width} pixels or signals of {height} channels and {width} time steps; "
            "set layout='image' or layout='signal', for all tasks or for each of them "
            "in a list or dict."
        )
    if height > width:
        raise ValueError(
            f"{words} has shape {shape}, which as signals (n_samples, channels, time) "
            "has more channels than time steps; if time is its second axis, transpose "
            "it with np.swapaxes(X, 1, 2), else set layout='signal', or layout='image' "
            "if it holds pictures."
        )
    return "signal"


def _kind_of_four_dimensions(shape: tuple[int, ...], words: str) -> LayoutKind:
    first, last = shape[1] in _N_CHANNELS, shape[3] in _N_CHANNELS
    if first != last:
        return "channels_first" if first else "channels_last"
    why = (
        "both its second and its last axis could be the channels"
        if first
        else "neither its second nor its last axis has 1, 3 or 4 channels"
    )
    raise ValueError(
        f"{words} has shape {shape}, and {why}; set the parameter "
        "layout='channels_first' or layout='channels_last'."
    )
