"""Which layers of the shared encoders are tied across tasks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Literal

from torch import nn

from sk_jae.architecture import Architecture
from sk_jae.nn.builder import Stage
from sk_jae.nn.task_copies import TaskCopies, has_batch_statistics

__all__ = ["depth_of", "naming", "tied_layers", "tied_range"]


def tied_range(
    encoders: Sequence[Sequence[Stage]],
    names: Sequence[str],
    shared_depth: int | Literal["auto"],
    n_shared_layers: int | None,
    *,
    alike: bool = True,
) -> tuple[int, int]:
    """Return the range of the layers that are tied, counted from the bottleneck.

    Parameters
    ----------
    encoders : list of list of list of torch.nn.Module
        The stages of the shared encoder of each task. A stage is a layer with weights
        and the modules that belong to it, and the last stage is the bottleneck.
    names : list of str
        The names of the tasks.
    shared_depth : int or "auto"
        The layer at which sharing starts: 1 is the first layer, -1 is the bottleneck,
        and "auto" is the earliest layer from which the shapes allow sharing.
    n_shared_layers : int or None
        Number of tied layers. None ties all from `shared_depth` to the bottleneck.
    alike : bool, default=True
        Whether the encoders see the same features. If not, the first layers are not
        tied, whatever their shapes are.

    Returns
    -------
    first, end : int
        The positions of the first tied layer and of the layer after the last one, as
        numbers from the end: -1 is the bottleneck, and 0 is the position after it.

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
        earliest = _earliest(encoders, n_shared_layers, alike)
        first = earliest or -(n_shared_layers or 1)
    else:
        first = _from_the_end(shared_depth, lengths)
    end = 0 if n_shared_layers is None else first + n_shared_layers
    if end > 0:
        raise ValueError(
            f"n_shared_layers={n_shared_layers} reaches beyond the bottleneck: from "
            f"shared_depth={shared_depth} on there are {-first} layers with weights; "
            f"give at most {-first}."
        )
    if not all(_tieable(encoders, alike)[n + first : n + end]):
        raise ValueError(
            f"The layers from shared_depth={shared_depth} on cannot be tied, because "
            f"{_difference(encoders, names, first, end)}; "
            f"{_advice(encoders, n_shared_layers, alike)}."
        )
    return first, end


def depth_of(
    encoders: Sequence[Sequence[Stage]],
    n_shared_layers: int | None,
    *,
    alike: bool = True,
) -> int:
    """Return the earliest `shared_depth` that works, or 0 if there is none."""
    return _position(_earliest(encoders, n_shared_layers, alike) or 0, encoders)


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
    """Return the shapes and settings of a stage, which must be equal to tie it."""
    return [
        (type(module), str(module), *(tuple(p.shape) for p in module.parameters()))
        for module in stage
    ]


def _tieable(encoders: Sequence[Sequence[Stage]], alike: bool) -> list[bool]:
    """Return for each layer, up to the bottleneck, whether it is equal in all tasks."""
    n = min(len(stages) for stages in encoders)
    tieable = [
        all(
            _fingerprint(stages[k]) == _fingerprint(encoders[0][k])
            for stages in encoders
        )
        for k in range(-n, 0)
    ]
    tieable[0] &= alike
    return tieable


def _earliest(
    encoders: Sequence[Sequence[Stage]], n_shared_layers: int | None, alike: bool
) -> int | None:
    """Return the earliest layer, as a number from the end, from which tying works."""
    tieable = _tieable(encoders, alike)
    n = len(tieable)
    for first in range(-n, 0):
        end = 0 if n_shared_layers is None else first + n_shared_layers
        if end <= 0 and all(tieable[n + first : n + end]):
            return first
    return None


def _position(k: int, encoders: Sequence[Sequence[Stage]]) -> int:
    """Return the number of a layer from the input.

    If the encoders differ in their numbers of layers, it is the number from the end.
    """
    lengths = {len(stages) for stages in encoders}
    return k + min(lengths) + 1 if len(lengths) == 1 and k else k


def _difference(
    encoders: Sequence[Sequence[Stage]], names: Sequence[str], first: int, end: int
) -> str:
    unequal = [
        (k, t)
        for k in range(first, end)
        for t in range(1, len(encoders))
        if _fingerprint(encoders[t][k]) != _fingerprint(encoders[0][k])
    ]
    if not unequal:
        return "the columns of the tasks have no names in common"
    k, t = unequal[0]
    one, other = encoders[0][k], encoders[t][k]
    if _weight_shape(one) != _weight_shape(other):
        what = f"weights of shape {_weight_shape(one)}", f"{_weight_shape(other)}"
    else:
        what = _printed(one), _printed(other)
    return (
        f"layer {_position(k, encoders)} has {what[0]} in task {names[0]!r} and "
        f"{what[1]} in task {names[t]!r}"
    )


def _advice(
    encoders: Sequence[Sequence[Stage]], n_shared_layers: int | None, alike: bool
) -> str:
    earliest = _earliest(encoders, n_shared_layers, alike)
    if earliest is None:
        some = any(_tieable(encoders, alike))
        fewer = "tie fewer with n_shared_layers, or " if some else ""
        return (
            f"{fewer}give the tasks encoders with equal last layers (for images "
            "also shared_input='auto'), or n_shared=0"
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


def tied_layers(layers: Iterable[nn.Module], n_tasks: int) -> list[nn.Module]:
    """Give the modules of the user that have batch statistics one set per task."""
    return [
        TaskCopies(layer, n_tasks)
        if n_tasks > 1 and has_batch_statistics(layer)
        else layer
        for layer in layers
    ]


@contextmanager
def naming(part: str, a: Architecture) -> Iterator[None]:
    """Add the part of the module and the task to errors about layers."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"In the {part} of task {a.name!r}: {error}") from error
