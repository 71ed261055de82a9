"""Small random changes of batches of signals."""

from __future__ import annotations

import torch
from torch import Tensor

from sk_jae.nn.augmentation import RandomMap

__all__ = ["RandomSignal", "random_signal"]

# So many waves over all frequencies make up a random tone.
_N_WAVES = 8


def random_signal(
    x: Tensor,
    shift: float = 0.1,
    *,
    gain: float = 0.1,
    rate: float = 0.0,
    tone: float = 0.0,
    noise: float = 0.02,
    mask: float = 0.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Move each signal in time, change how it sounds and its noise, and mask a part.

    All channels of a signal are moved, resampled, multiplied and masked alike. Beyond
    its ends a signal is continued by its reflection.

    Parameters
    ----------
    x : Tensor of shape (n, channels, time)
        Signals. Samples of other shapes are returned unchanged.
    shift : float, default=0.1
        The largest shift, as a part of the time.
    gain : float, default=0.1
        Standard deviation of the logarithm of the amplitude.
    rate : float, default=0.0
        The largest change of the sampling rate, as a part of it.
    tone : float, default=0.0
        As `gain`, for each frequency of each channel, as another sensor would hear it.
        Neighboring frequencies change alike.
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
    if tone:
        x = _in_other_tone(x, tone, generator)
    if rate:
        moved = _at_other_rate(x, steps, rate, generator)
    else:
        places = torch.arange(time, device=x.device) + steps  # (n, time)
        moved = _taken(x, _mirrored(places, time))
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


def _taken(x: Tensor, places: Tensor) -> Tensor:
    """The values of signals (n, channels, time) at places (n, new_time)."""
    return x.gather(2, places[:, None].expand(-1, x.shape[1], -1))


def _mirrored(places: Tensor, time: int) -> Tensor:
    """Places counted from a mirrored start, and back from a mirrored end."""
    places = places.remainder(2 * time)
    return torch.minimum(places, 2 * time - 1 - places)


def _at_other_rate(
    x: Tensor, steps: Tensor, rate: float, generator: torch.Generator | None
) -> Tensor:
    """Stretch signals (n, channels, time) around their middle, and move them."""
    time = x.shape[2]
    factor = 1 + torch.empty_like(steps, dtype=torch.float32).uniform_(
        -rate, rate, generator=generator
    )
    from_middle = torch.arange(time, device=x.device) - (time - 1) / 2
    places = factor * from_middle + (time - 1) / 2 + steps  # (n, time)
    # Linear interpolation weakens the highest frequencies, less so between half steps.
    halves = 2 * torch.fft.irfft(torch.fft.rfft(x), n=2 * time)
    places = 2 * places
    lower = places.floor()
    part = (places - lower)[:, None]
    one, other = (
        _taken(halves, _mirrored(p.long(), 2 * time)) for p in (lower, lower + 1)
    )
    return one + (other - one) * part


def _in_other_tone(x: Tensor, tone: float, generator: torch.Generator | None) -> Tensor:
    """Multiply the frequencies of signals (n, channels, time) by random factors."""
    n, channels, time = x.shape
    waves = torch.empty(n, channels, _N_WAVES, device=x.device, dtype=torch.float32)
    waves.normal_(generator=generator)
    places = torch.linspace(0, torch.pi, time // 2 + 1, device=x.device)
    numbers = torch.arange(1, _N_WAVES + 1, device=x.device)
    curves = waves @ (numbers[:, None] * places).cos() * (tone / (_N_WAVES / 2) ** 0.5)
    changed: Tensor = torch.fft.irfft(torch.fft.rfft(x) * curves.exp(), n=time)
    return changed


class RandomSignal(RandomMap):
    """The function `random_signal` as an object that has its own generator.

    Parameters
    ----------
    shift : float, default=0.1
    gain : float, default=0.1
    rate : float, default=0.0
    tone : float, default=0.0
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
        rate: float = 0.0,
        tone: float = 0.0,
        noise: float = 0.02,
        mask: float = 0.0,
    ) -> None:
        super().__init__()
        self.shift, self.gain, self.rate, self.tone = shift, gain, rate, tone
        self.noise, self.mask = noise, mask

    def __call__(self, x: Tensor) -> Tensor:
        return random_signal(
            x,
            self.shift,
            gain=self.gain,
            rate=self.rate,
            tone=self.tone,
            noise=self.noise,
            mask=self.mask,
            generator=self.generator,
        )
