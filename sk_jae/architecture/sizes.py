"""Sizes of networks, computed from the descriptions of their layers."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from sk_jae.architecture.branches import Architecture
from sk_jae.architecture.checked import Shape
from sk_jae.architecture.layer_shapes import output_shape
from sk_jae.architecture.layers import FC, Conv, Deconv

__all__ = ["count_weights"]


def count_weights(
    architectures: Sequence[Architecture], n_shared: int, n_private: int
) -> int:
    """Return the approximate number of weights of the branches of all tasks.

    Biases, classifiers and torch modules are not counted. Layers that tasks share are
    counted once per task, because they are built once per task.

    Parameters
    ----------
    architectures : sequence of Architecture
        The layers of the branches of each task.
    n_shared, n_private : int
        Number of codes of the shared branch and of each private branch.

    Returns
    -------
    n_weights : int
        The number of weights.

    Examples
    --------
    >>> from sk_jae.architecture import count_weights, describe
    >>> task = describe("a", (5,), (5,), (16,), "mirror")
    >>> count_weights([task], n_shared=0, n_private=2)
    224
    """
    total = 0
    for a in architectures:
        for layers, shape, n_codes in (
            (a.private, a.shape, n_private),
            (a.shared, a.view, n_shared),
        ):
            if n_codes:
                hidden, end = _count(layers, shape)
                decoder, _ = _count(a.decoder, (n_codes,))
                total += hidden + prod(end) * n_codes + decoder
    return total


def _count(layers: Sequence[Any], shape: Shape) -> tuple[int, Shape]:
    """Return the number of weights of layers, and the shape of a sample after them."""
    total = 0
    for layer in layers:
        if isinstance(layer, FC):
            total += prod(shape) * layer.width
        elif isinstance(layer, Conv | Deconv):
            total += shape[0] * layer.channels * prod(layer.kernel)
        elif hasattr(layer, "parameters"):  # a module of the user, which exists already
            return total, shape
        shape = output_shape(layer, shape)
    return total, shape
