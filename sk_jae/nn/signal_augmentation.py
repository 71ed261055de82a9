"""Small random changes of batches of signals."""

from __future__ import annotations

import torch
from torch import Tensor

from sk_jae.nn.augmentation import RandomMap

__all__ = ["RandomSignal", "random_signal"]

# Standard deviations of the logarithm of the amplitude, and of the noise.
GAIN, NOISE = 0.1, 0.02


def random_signal(
    x: Tensor, shift: float = 0.1, generator: torch.Generator | None = None
) -> Tensor:
    """Move each signal in time, and change its amplitude and its noise by a little.

    A signal is moved by up to `shift` of its length. Beyond its ends it is continued by
    its reflection. Its amplitude changes by about 10 %, and noise of 0.02 standard
    deviations is added. All channels of a signal are moved and multiplied alike.

    Parameters
    ----------
    x : Tensor of shape (n, channels, time)
        Signals. Samples of other shapes are returned unchanged.
    shift : float, default=0.1
        The largest shift, as a part of the time.
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
    gain = (GAIN * draw.normal_(generator=generator)).exp()[:, None]
    noise = torch.empty_like(moved).normal_(generator=generator)
    return moved * gain + NOISE * noise


class RandomSignal(RandomMap):
    """The function `random_signal` as an object that has its own generator.

    Parameters
    ----------
    shift : float, default=0.1
        The largest shift, as a part of the time.

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

    def __init__(self, shift: float = 0.1) -> None:
        super().__init__()
        self.shift = shift

    def __call__(self, x: Tensor) -> Tensor:
        return random_signal(x, self.shift, self.generator)
