"""Small random changes of batches of signals."""

from __future__ import annotations

import torch
from torch import Tensor

from sk_jae.nn.augmentation import RandomMap

__all__ = ["RandomSignal", "random_signal"]


def random_signal(
    x: Tensor,
    shift: float = 0.1,
    *,
    gain: float = 0.1,
    noise: float = 0.02,
    mask: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Move each signal in time, change its amplitude and its noise, and mask a part.

    All channels of a signal are moved, multiplied and masked alike. Beyond its ends a
    signal is continued by its reflection.

    Parameters
    ----------
    x : Tensor of shape (n, channels, time)
        Signals. Samples of other shapes are returned unchanged.
    shift : float, default=0.1
        The largest shift, as a part of the time.
    gain : float, default=0.1
        Standard deviation of the logarithm of the amplitude.
    noise : float, default=0.02
        Standard deviation of the noise that is added.
    mask : float, default=0.0
        The largest part of the time, one stretch at a random place, in which signals
        are set to 0.
    generator : torch.Generator or None, default=None
        Draws the changes. None means torch's global generator of the device.

    Returns
    -------
    x : Tensor of shape (n, channels, time)
        The changed signals.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import random_signal
    >>> random_signal(torch.zeros(2, 3, 50)).shape
    torch.Size([2, 3, 50])
    """
    if x.ndim != 3:
        return x
    n, _, time = x.shape
    draw = torch.empty(n, 1, device=x.device, dtype=torch.float32)
    steps = (draw.uniform_(-shift, shift, generator=generator) * time).round().long()
    places = torch.arange(time, device=x.device) + steps  # (n, time)
    # Counted from a mirrored start, and back from a mirrored end.
    places = places.remainder(2 * time)
    places = torch.minimum(places, 2 * time - 1 - places)
    moved = x.gather(2, places[:, None].expand_as(x))
    if gain:
        factor = (gain * draw.normal_(generator=generator)).exp()[:, None]
        moved = moved * factor
    if noise:
        moved = moved + noise * torch.empty_like(moved).normal_(generator=generator)
    if mask:
        length = mask * draw.uniform_(generator=generator)
        start = (1 - length) * torch.empty_like(draw).uniform_(generator=generator)
        places = (torch.arange(time, device=x.device) + 0.5) / time
        masked = (places >= start) & (places < start + length)  # (n, time)
        moved = moved.masked_fill(masked[:, None], 0.0)
    return moved


class RandomSignal(RandomMap):
    """The function `random_signal` as an object that has its own generator.

    Parameters
    ----------
    shift : float, default=0.1
    gain : float, default=0.1
    noise : float, default=0.02
    mask : float, default=0.0
        See there.

    Attributes
    ----------
    generator : torch.Generator or None
        Draws the changes, and can be replaced at any time. None means torch's global
        generator of the device.

    Notes
    -----
    Shape: the input and the output are (n, channels, time).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import RandomSignal
    >>> augment = RandomSignal(shift=0.5)
    >>> augment.generator = torch.Generator().manual_seed(0)
    >>> augment(torch.zeros(2, 3, 50)).shape
    torch.Size([2, 3, 50])
    """

    def __init__(
        self,
        shift: float = 0.1,
        *,
        gain: float = 0.1,
        noise: float = 0.02,
        mask: float = 0.0,
    ) -> None:
        super().__init__()
        self.shift, self.gain, self.noise, self.mask = shift, gain, noise, mask

    def __call__(self, x: Tensor) -> Tensor:
        return random_signal(
            x,
            self.shift,
            gain=self.gain,
            noise=self.noise,
            mask=self.mask,
            generator=self.generator,
        )
