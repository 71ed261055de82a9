"""Fixed kernels of several dilations, and how often they respond to a signal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import combinations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.architecture import N_STRETCHES
from sk_jae.nn.signal_layers import LogPower

__all__ = ["PositiveProportions", "halves", "inputs_of"]

_N_STEPS = 9
# Where each kernel has its three weights of 2; the others are -1.
_PEAKS = tuple(combinations(range(_N_STEPS), 3))
# No kernel sees more channels than this.
_MOST_CHANNELS = 9
# Responses are not so exact. Of a flat signal, none is above a threshold of 0.
_ROUNDING = 1e-5
# Multiples of it, without their integers, are spread evenly from 0 to 1.
_GOLDEN_RATIO = (math.sqrt(5) - 1) / 2


class PositiveProportions(nn.Module):
    """Parts of the time in which fixed kernels respond above thresholds.

    See :class:`sk_jae.architecture.PPV` for what comes out, and why.

    Parameters
    ----------
    in_channels : int
        Number of channels of the signals.
    thresholds : int
        Number of thresholds of each kernel.
    dilation : int
        The largest distance between the steps of a kernel.
    stride : int, default=1
        Distance between the places at which the kernels respond.
    generator : torch.Generator or None, default=None
        Draws the channels of each kernel. With None they are left unset, on torch's
        device "meta", which has no memory.

    Attributes
    ----------
    channels : Tensor of float32 of shape (n_dilations, 84, in_channels)
        1 for the channels that a kernel sees, 0 for the others.
    thresholds : Tensor of float32 of shape (n_dilations, 84, n_thresholds)
        At first, quantiles of the responses to white noise of variance 1. See
        `place`.

    Notes
    -----
    Shape: the input is (n, in_channels, time), and the output is (n, n_dilations * 84 *
    n_thresholds + in_channels * 18). There is no gradient.

    References
    ----------
    A. Dempster, D. F. Schmidt, G. I. Webb, "MiniRocket: a very fast (almost)
    deterministic transform for time series classification", KDD 2021.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import PositiveProportions
    >>> layer = PositiveProportions(1, 2, 4, generator=torch.Generator())
    >>> layer(torch.zeros(5, 1, 50)).shape
    torch.Size([5, 522])
    """

    channels: Tensor
    thresholds: Tensor

    def __init__(
        self,
        in_channels: int,
        thresholds: int,
        dilation: int,
        stride: int = 1,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.dilations = [2**k for k in range(dilation.bit_length())]
        self.stride = stride
        self.profile = LogPower(N_STRETCHES)
        shape = (len(self.dilations), len(_PEAKS))
        if generator is None:
            with torch.device("meta"):
                channels = torch.empty(*shape, in_channels, dtype=torch.float32)
                values = torch.empty(*shape, thresholds, dtype=torch.float32)
        else:
            channels = _drawn_channels(shape, in_channels, generator).float()
            n_seen = channels.sum(2, keepdim=True)
            spread = (n_seen * _weights(channels).square().sum(1)[:, None]).sqrt()
            levels = _levels(*shape, thresholds, channels.device)
            values = torch.special.ndtri(levels) * spread
        self.register_buffer("channels", channels)
        self.register_buffer("thresholds", values.float())

    @torch.no_grad()
    def forward(self, x: Tensor) -> Tensor:
        parts = []
        for k, response in enumerate(self.responses(x)):
            inside = self.inside(k, response.shape[2])
            above = torch.empty_like(response)
            for threshold in self.thresholds[k].unbind(1):
                torch.gt(response, threshold[:, None], out=above)
                parts += [part.mean(2) for part in halves(above, inside, k)]
        return torch.cat([*parts, self.profile(x)], 1)  # (n, n_features)

    def responses(self, x: Tensor) -> Iterator[Tensor]:
        """Yield what all kernels of one dilation make of signals (n, 84, places)."""
        # bfloat16 has too few digits to tell what is above a threshold.
        with torch.autocast(x.device.type, enabled=False):
            for weight, dilation in zip(self.kernels(), self.dilations, strict=True):
                side = self.side(dilation)
                yield F.conv1d(x.float(), weight, None, self.stride, side, dilation)

    def kernels(self) -> Tensor:
        """The kernels of each dilation (n_dilations, 84, in_channels, 9)."""
        return self.channels[..., None] * _weights(self.channels)[:, None]

    @staticmethod
    def side(dilation: int) -> int:
        """How many steps a kernel reaches to either side."""
        return _N_STEPS // 2 * dilation

    def inside(self, k: int, n_places: int) -> slice:
        """The places at which the kernels of one dilation do not reach over an end."""
        side = -(-self.side(self.dilations[k]) // self.stride)
        return slice(side, n_places - side) if n_places > 2 * side else slice(None)

    def extra_repr(self) -> str:
        return (
            f"in_channels={self.channels.shape[2]}, "
            f"thresholds={self.thresholds.shape[2]}, "
            f"dilation={self.dilations[-1]}, stride={self.stride}"
        )

    @torch.no_grad()
    def place(self, signals: Iterable[Tensor]) -> None:
        """Make the thresholds quantiles of the responses to signals."""
        found = [[*self.responses(x)] for x in signals]
        n_dilations, n_kernels, n = self.thresholds.shape
        levels = _levels(n_dilations, n_kernels, n, self.thresholds.device)
        for k, own in enumerate(zip(*found, strict=True)):
            values = torch.cat([r.transpose(0, 1).flatten(1) for r in own], 1)
            values = values.sort(1).values  # (84, n_values)
            ranks = (levels[k] * (values.shape[1] - 1)).round().long()
            self.thresholds[k] = values.gather(1, ranks) + _ROUNDING


@contextmanager
def inputs_of(
    layers: Iterable[PositiveProportions],
) -> Iterator[dict[PositiveProportions, list[Tensor]]]:
    """Collect what layers are given."""
    found: dict[PositiveProportions, list[Tensor]] = {layer: [] for layer in layers}
    handles = [
        layer.register_forward_pre_hook(lambda own, args: found[own].append(args[0]))
        for layer in found
    ]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def halves(values: Tensor, inside: slice, k: int) -> list[Tensor]:
    """The values of the two halves of the kernels of one dilation.

    Of one half, they are those at the places inside; of the next dilation it is the
    other half.
    """
    parts = list(values.split(len(_PEAKS) // 2, 1))
    parts[k % 2] = parts[k % 2][:, :, inside]
    return parts


def _weights(like: Tensor) -> Tensor:
    """The kernels (84, 9)."""
    kernels = like.new_full((len(_PEAKS), _N_STEPS), -1.0)
    places = torch.tensor(_PEAKS, device=like.device)
    return kernels.scatter(1, places, 2.0)


def _levels(
    n_dilations: int, n_kernels: int, n_thresholds: int, device: torch.device
) -> Tensor:
    """The parts of the responses that are below each threshold, evenly spread."""
    n = n_dilations * n_kernels * n_thresholds
    numbers = torch.arange(1, n + 1, dtype=torch.float64, device=device)
    levels = (numbers * _GOLDEN_RATIO) % 1
    return levels.reshape(n_dilations, n_kernels, n_thresholds)


def _drawn_channels(
    shape: tuple[int, int], n_channels: int, generator: torch.Generator
) -> Tensor:
    """Which channels each kernel sees: one or several, few as often as many."""
    most = min(n_channels, _MOST_CHANNELS)
    draw = torch.empty(*shape, n_channels + 1, dtype=torch.float32, device="cpu")
    draw.uniform_(generator=generator)
    n_seen = ((most + 1.0) ** draw[:, :, :1]).floor()
    ranks = draw[:, :, 1:].argsort(2).argsort(2)
    return ranks < n_seen
