"""Branches with the same input and equal first layers, computed in one pass.

Convolutions with few channels leave most of a CPU's vector registers empty. If two
branches begin with such layers, computing them together fills the registers better:
their first convolutions are one convolution, and the later ones have groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["count_fusible", "run_fused"]

# Two branches with this number of channels fill a register of AVX-512. Wider
# convolutions do not become faster in groups.
_MOST_CHANNELS = 8


def count_fusible(branches: Sequence[nn.ModuleList]) -> int:
    """Return how many of the first layers of all branches `run_fused` can compute."""
    n = 0
    for stage in zip(*branches, strict=False):
        if len({repr(layer) for layer in stage}) > 1 or not _is_taken(stage[0]):
            break
        n += 1
    return n if n and type(branches[0][0]) is nn.Conv2d else 0


def _is_taken(layer: nn.Module) -> bool:
    if type(layer) is nn.Conv2d:
        return layer.groups == 1 and layer.out_channels <= _MOST_CHANNELS
    return type(layer) in (nn.MaxPool2d, nn.ReLU)


def run_fused(
    branches: Sequence[Iterable[nn.Module]], x: Tensor, n_layers: int
) -> Sequence[Tensor]:
    """Compute the first layers of several branches with the same input.

    Parameters
    ----------
    branches : sequence of iterables of Module
        The layers of each branch.
    x : Tensor of shape (n, channels, height, width)
        The input of all branches.
    n_layers : int
        Number of layers to compute, at most the result of `count_fusible`.

    Returns
    -------
    outputs : sequence of Tensor of shape (n, ...)
        The output of these layers for each branch.
    """
    groups = 1  # The input of the first layers is not divided between the branches.
    for stage in islice(zip(*branches, strict=False), n_layers):
        first = stage[0]
        if isinstance(first, nn.Conv2d):
            weight = torch.cat([layer.weight for layer in stage])
            bias = torch.cat([layer.bias for layer in stage])
            x = F.conv2d(x, weight, bias, first.stride, first.padding, groups=groups)
            groups = len(stage)
        else:
            x = first(x)  # (n, len(branches) * channels, height, width)
    return x.chunk(len(branches), 1)
