"""Functions and modules of the user: which ones run, and what they may return."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from sk_jae.nn import (
    CommonAxis,
    CommonColumns,
    CommonScale,
    CommonView,
    FlattenLinear,
    JointModule,
    RandomMap,
    TaskBatchNorm,
    TaskSequential,
    UnflattenImage,
    UpConv2d,
)

__all__ = [
    "check_augmented",
    "check_no_class",
    "checked_loss",
    "noting",
    "own_code",
]

_OPTIMIZERS_WITHOUT_DRAWS = {
    torch.optim.Adam,
    torch.optim.AdamW,
    torch.optim.SGD,
}

_MODULES_WITHOUT_DRAWS = {
    JointModule,
    CommonAxis,
    CommonColumns,
    CommonScale,
    CommonView,
    FlattenLinear,
    TaskBatchNorm,
    TaskSequential,
    UnflattenImage,
    UpConv2d,
    nn.Conv2d,
    nn.Identity,
    nn.Linear,
    nn.MaxPool2d,
    nn.ModuleDict,
    nn.ModuleList,
    nn.ReLU,
    nn.Sequential,
    nn.Upsample,
    nn.ZeroPad2d,
}


def own_code(
    losses: Iterable[object],
    augment: Iterable[object],
    optimizer: torch.optim.Optimizer,
    module: nn.Module,
) -> list[str]:
    """The parameters whose code may draw from the global generators of torch."""
    maps = [function for function in augment if function is not None]
    runs = {
        "reconstruction_loss": any(map(callable, losses)),
        "augmentation": not all(isinstance(f, RandomMap) for f in maps),
        "optimizer": type(optimizer) not in _OPTIMIZERS_WITHOUT_DRAWS,
        "encoder or decoder": not all(map(_is_ours, module.modules())),
    }
    return [name for name, own in runs.items() if own]


def _is_ours(part: nn.Module) -> bool:
    # Only modules of the user work in place.
    in_place = getattr(part, "inplace", False)
    return type(part) in _MODULES_WITHOUT_DRAWS and not in_place


@contextmanager
def noting(parameters: Sequence[str]) -> Iterator[None]:
    """Add to an error a note on the parameters whose functions or modules ran.

    The error is the user's own and stays as it is, but its place may be in torch.
    """
    try:
        yield
    except Exception as error:
        given = " and ".join(parameters)
        error.add_note(f"In this step ran what was given as {given}.")
        raise


def check_no_class(value: object, parameter: str) -> None:
    """Refuse a class such as `torch.nn.MSELoss` in place of a function."""
    if isinstance(value, type):
        raise TypeError(
            f"{parameter} is the class {value.__name__}, expected a function; give an "
            f"instance of it, such as {value.__name__}()."
        )


def check_augmented(augmented: Any, x: Tensor, name: str) -> None:
    """Refuse a result of `augmentation` that does not fit the samples of a task."""
    if not isinstance(augmented, Tensor):
        raise TypeError(
            f"augmentation returned {type(augmented).__name__} for task {name!r}, "
            f"expected a tensor of shape {tuple(x.shape)} like its argument."
        )
    if _kind(augmented) != _kind(x):
        raise ValueError(
            f"augmentation returned a tensor of {_described(augmented)} for task "
            f"{name!r}, expected {_described(x)} like its argument."
        )


def _fits(shape: tuple[int, ...], batch: tuple[int, ...]) -> bool:
    """Whether a shape has the samples of the batch, and else only its dimensions."""
    left = iter(batch[1:])
    return shape[0] == batch[0] and all(n == 1 or n in left for n in shape[1:])


def _comes_from(value: Tensor, source: Any) -> bool:
    """Whether the gradient of a tensor leads to the one that `source` has made."""
    if torch.compiler.is_compiling():  # cannot look at the graph
        return value.requires_grad
    found, todo = set(), [value.grad_fn]
    while todo:
        node = todo.pop()
        if node is source:
            return True
        if node is not None and node not in found:
            found.add(node)
            todo += [following for following, _ in node.next_functions]
    return False


def _kind(x: Tensor) -> tuple[object, ...]:
    return x.shape, x.dtype, x.layout, x.device


def _described(x: Tensor) -> str:
    layout = "" if x.layout == torch.strided else f" in {x.layout}"
    return f"shape {tuple(x.shape)} and {x.dtype}{layout} on {x.device}"


def checked_loss(
    loss: Callable[[Tensor, Tensor], Tensor], name: str
) -> Callable[[Tensor, Tensor], Tensor]:
    """The user's `reconstruction_loss` with a check of its results."""

    def checked(reconstruction: Tensor, x: Tensor) -> Tensor:
        source = reconstruction.grad_fn  # the loss may change it in place
        value: Any = loss(reconstruction, x)
        what = f"reconstruction_loss returned {{}} for task {name!r}, expected"
        if not isinstance(value, Tensor):
            raise TypeError(
                what.format(type(value).__name__)
                + " a tensor, the loss or one value per sample."
            )
        if value.ndim and not _fits(tuple(value.shape), tuple(x.shape)):
            raise ValueError(
                what.format(f"a tensor of shape {tuple(value.shape)}")
                + f" the loss, of shape (), or one value for each of the {len(x)} "
                f"samples, or for each value of a batch of shape {tuple(x.shape)}."
            )
        if not value.is_floating_point():
            raise TypeError(
                what.format(f"a tensor of {value.dtype}") + " a floating-point tensor."
            )
        if (value.layout, value.device) != (x.layout, x.device):
            raise ValueError(
                what.format(f"a tensor of {_described(value)}")
                + f" a dense one on {x.device}."
            )
        if source is not None and not _comes_from(value, source):
            raise ValueError(
                what.format("a tensor without gradient")
                + " one computed from the reconstruction by torch, since else nothing "
                "is learned; do not use detach, numpy or no_grad in it."
            )
        return value

    return checked
