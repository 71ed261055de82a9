"""Which layers of the shared encoders are tied across tasks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from torch import nn

from sk_jae.nn.builder import Stage

__all__ = ["depth_of", "tied_range"]


def tied_range(
    encoders: Sequence[Sequence[Stage]],
    names: Sequence[str],
    shared_depth: int | Literal["auto"],
    n_shared_layers: int | None,
) -> tuple[int, int]:
    """The tied layers, counted from the end: the first, and the last + 1.

    Parameters
    ----------
    encoders : list of list of list of torch.nn.Module
        For each task its layers with weights, each with what belongs to it; the last
        is the bottleneck.
    names : list of str
        The names of the tasks.
    shared_depth : int or "auto"
        1 is the first layer, -1 the bottleneck, "auto" the earliest that works.
    n_shared_layers : int or None
        The number of layers; None for all from there on.

    Returns
    -------
    first, end : int
        From -1 (the bottleneck) down, and from 0 (behind it) down.

    Raises
    ------
    ValueError
        If there are no such layers, or if they differ between tasks. The message has
        the earliest `shared_depth` that works.
    """
    lengths = {len(stages) for stages in encoders}
    n = min(lengths)
    if n_shared_layers is not None and n_shared_layers > n:
        raise ValueError(
            f"n_shared_layers={n_shared_layers} is out of range: a branch has {n} "
            f"layers with weights, the bottleneck included, so give 1 to {n} or None."
        )
    if isinstance(shared_depth, str):
        earliest = _earliest(encoders, n_shared_layers)
        first = earliest or -(n_shared_layers or 1)
    else:
        first = _from_the_end(shared_depth, lengths)
    end = 0 if n_shared_layers is None else first + n_shared_layers
    if end > 0:
        raise ValueError(
            f"n_shared_layers={n_shared_layers} reaches beyond the bottleneck: from "
            f"shared_depth={shared_depth} on there are {-first} layers with weights."
        )
    if not all(_tieable(encoders)[n + first : n + end]):
        raise ValueError(
            f"The layers from shared_depth={shared_depth} on cannot be tied, as "
            f"{_difference(encoders, names, first, end)}; "
            f"{_advice(encoders, n_shared_layers)}."
        )
    return first, end


def depth_of(encoders: Sequence[Sequence[Stage]], n_shared_layers: int | None) -> int:
    """The earliest `shared_depth` that works, from the input where that is clear."""
    return _position(_earliest(encoders, n_shared_layers) or 0, encoders)


def _from_the_end(shared_depth: int, lengths: set[int]) -> int:
    n = min(lengths)
    if shared_depth > 0 and len(lengths) > 1:
        raise ValueError(
            f"shared_depth={shared_depth} counts from the input, but the encoders of "
            f"the tasks have {sorted(lengths)} layers with weights; count from the "
            "bottleneck, which is -1."
        )
    if shared_depth == 0 or not -n <= shared_depth <= n:
        raise ValueError(
            f"shared_depth={shared_depth} is out of range: a branch has {n} layers "
            f"with weights, the bottleneck included, so give 1 to {n} or -1 to -{n}."
        )
    return int(shared_depth if shared_depth < 0 else shared_depth - 1 - n)


def _fingerprint(stage: Stage) -> list[tuple[Any, ...]]:
    """All by which layers can differ: their shapes and settings, but not weights."""
    return [
        (type(module), str(module), *(tuple(p.shape) for p in module.parameters()))
        for module in stage
    ]


def _tieable(encoders: Sequence[Sequence[Stage]]) -> list[bool]:
    """Whether each layer is alike in all tasks; the last item is the bottleneck."""
    n = min(len(stages) for stages in encoders)
    return [
        all(
            _fingerprint(stages[k]) == _fingerprint(encoders[0][k])
            for stages in encoders
        )
        for k in range(-n, 0)
    ]


def _earliest(
    encoders: Sequence[Sequence[Stage]], n_shared_layers: int | None
) -> int | None:
    """The earliest layer, from the end, from which that many can be tied."""
    tieable = _tieable(encoders)
    n = len(tieable)
    for first in range(-n, 0):
        end = 0 if n_shared_layers is None else first + n_shared_layers
        if end <= 0 and all(tieable[n + first : n + end]):
            return first
    return None


def _position(k: int, encoders: Sequence[Sequence[Stage]]) -> int:
    """A layer's number from the input, or, if encoders differ in length, the end."""
    lengths = {len(stages) for stages in encoders}
    return k + min(lengths) + 1 if len(lengths) == 1 and k else k


def _difference(
    encoders: Sequence[Sequence[Stage]], names: Sequence[str], first: int, end: int
) -> str:
    k, t = next(
        (k, t)
        for k in range(first, end)
        for t in range(1, len(encoders))
        if _fingerprint(encoders[t][k]) != _fingerprint(encoders[0][k])
    )
    one, other = encoders[0][k], encoders[t][k]
    if _weight_shape(one) != _weight_shape(other):
        what = f"weights of shape {_weight_shape(one)}", f"{_weight_shape(other)}"
    else:
        what = _printed(one), _printed(other)
    return (
        f"layer {_position(k, encoders)} has {what[0]} in task {names[0]!r} and "
        f"{what[1]} in task {names[t]!r}"
    )


def _advice(encoders: Sequence[Sequence[Stage]], n_shared_layers: int | None) -> str:
    earliest = _earliest(encoders, n_shared_layers)
    if earliest is None:
        fewer = "tie fewer with n_shared_layers, or " if any(_tieable(encoders)) else ""
        return (
            f"{fewer}give the tasks encoders that end alike (for images also "
            "shared_input='auto'), or n_shared=0"
        )
    depth = _position(earliest, encoders)
    also = "" if depth == earliest else f" (or {earliest}, from the bottleneck)"
    return f"the earliest shared_depth that works is {depth}{also}"


def _weight_shape(stage: Stage) -> tuple[int, ...]:
    shapes = [tuple(p.shape) for module in stage for p in module.parameters()]
    return shapes[0] if shapes else ()


def _printed(stage: Stage) -> str:
    named: list[nn.Module] = [m for m in stage if not isinstance(m, nn.ReLU)]
    return " + ".join(map(str, named))
