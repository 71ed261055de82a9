"""Checks the results of functions of the user, so that training makes sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

__all__ = ["check_augmented", "checked_loss"]


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


def checked_loss(
    loss: Callable[[Tensor, Tensor], Tensor], name: str
) -> Callable[[Tensor, Tensor], Tensor]:
    """The user's `reconstruction_loss` with a check of its results."""

    def checked(reconstruction: Tensor, x: Tensor) -> Tensor:
        value: Any = loss(reconstruction, x)
        what = f"reconstruction_loss returned {{}} for task {name!r}, expected"
        if not isinstance(value, Tensor):
            raise TypeError(
                what.format(type(value).__name__)
                + " a tensor, the loss or one value per sample."
            )
        if value.ndim and value.shape[0] != len(x):
            raise ValueError(
                what.format(f"a tensor of shape {tuple(value.shape)}")
                + f" the loss, of shape (), or one value for each of the {len(x)} "
                "samples."
            )
        if not value.is_floating_point():
            raise TypeError(
                what.format(f"a tensor of {value.dtype}") + " a floating-point tensor."
            )
        if reconstruction.requires_grad and not value.requires_grad:
            raise ValueError(
                what.format("a tensor without gradient")
                + " one computed from the reconstruction by torch, since else nothing "
                "is learned; do not use detach, numpy or no_grad in it."
            )
        return value

    return checked
