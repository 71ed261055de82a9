"""Branches on the same input whose first layers are alike, run as one.

Convolutions with few channels leave most of a CPU's vector registers empty. Two
branches that begin with such layers fill them better together: their first convolutions
as one, those behind it in groups.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["count_fusible", "run_fused"]

# Two branches of so many channels fill a register of AVX-512. Wider convolutions gain
# nothing in groups.
_MOST_CHANNELS = 8


def count_fusible(branches: Sequence[nn.ModuleList]) -> int:
    """The number of first layers of all branches that `run_fused` can take."""
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
    """What every branch makes of x in its first layers.

    Parameters
    ----------
    branches : sequence of iterables of Module
    x : Tensor of shape (n, channels, height, width)
    n_layers : int
        At most what `count_fusible` says.

    Returns
    -------
    outputs : sequence of Tensor of shape (n, ...)
    """
    groups = 1  # all begin with the same image
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
