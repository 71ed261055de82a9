"""Torch layers for signals."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

__all__ = ["LogPower"]

# What is added to means, so that a silent channel has finite logarithms.
_FLOOR = 1e-4


class LogPower(nn.Module):
    """Logarithms of the power of each channel and of how evenly it is spread in time.

    Parameters
    ----------
    stretches : int, default=0
        Number of equal parts of the signal in each of which the largest and the mean
        value of every channel are returned too.

    Notes
    -----
    Shape: the input is (n, channels, time), and the output is (n, channels * (2 + 2 *
    stretches)): log(mean(x^2) + 1e-4) of all channels, log(mean(abs(x)) /
    sqrt(mean(x^2))) of all channels, and the largest values and the means of every
    channel in its stretches, which overlap if the time is no multiple of their number.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import LogPower
    >>> steady, bursts = torch.ones(1, 1, 100), torch.zeros(1, 1, 100)
    >>> bursts[..., ::25] = 5
    >>> [round(float(v), 2) for v in LogPower()(torch.cat([steady, bursts])).flatten()]
    [0.0, 0.0, 0.0, -1.61]
    """

    def __init__(self, stretches: int = 0) -> None:
        super().__init__()
        self.stretches = stretches

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # squares and logarithms need more digits than bfloat16 has
        power = x.square().mean(2) + _FLOOR  # (n, channels)
        size = x.abs().mean(2) + _FLOOR
        parts = [power.log(), size.log() - 0.5 * power.log()]
        if self.stretches:
            parts += [
                F.adaptive_max_pool1d(x, self.stretches).flatten(1),
                F.adaptive_avg_pool1d(x, self.stretches).flatten(1),
            ]
        return torch.cat(parts, dim=1)  # (n, channels * (2 + 2 * stretches))

    def extra_repr(self) -> str:
        return f"stretches={self.stretches}"
