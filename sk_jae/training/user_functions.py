"""Checks the results of functions of the user, so that training makes sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

__all__ = ["check_augmented", "check_no_class", "checked_loss"]


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
    if augmented.shape != x.shape or augmented.dtype != x.dtype:
        raise ValueError(
            f"augmentation returned a tensor of shape {tuple(augmented.shape)} and "
            f"{augmented.dtype} for task {name!r}, expected shape {tuple(x.shape)} and "
            f"{x.dtype} like its argument."
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
        if source is not None and not _comes_from(value, source):
            raise ValueError(
                what.format("a tensor without gradient")
                + " one computed from the reconstruction by torch, since else nothing "
                "is learned; do not use detach, numpy or no_grad in it."
            )
        return value

    return checked
