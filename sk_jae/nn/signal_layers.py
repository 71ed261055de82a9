"""Torch layers for signals."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.architecture import Bands

__all__ = ["BandPower", "LogPower"]

# What is added to means, so that a silent channel has finite logarithms.
_FLOOR = 1e-4


def powers_of(power: Tensor, shares: Tensor) -> Tensor:
    """Logarithms of the power in bands, of which each frequency has a share."""
    return (power @ shares + _FLOOR).log()


def evenness_of(amplitude: Tensor, n_frequencies: int) -> Tensor:
    """How even amplitudes (n, channels, wide, time) are over time."""
    amplitude = amplitude * amplitude.shape[3] / n_frequencies**0.5
    power = amplitude.square().mean(3) + _FLOOR
    evenness: Tensor = (amplitude.mean(3) + _FLOOR).log() - 0.5 * power.log()
    return evenness


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


class BandPower(nn.Module):
    """Logarithms of power in bands of frequency, and of how even it is over time.

    See :class:`sk_jae.architecture.Bands` for what comes out, and why.

    Parameters
    ----------
    bands : int
        Number of bands from 0 to half of the sampling rate.

    Notes
    -----
    Shape: the input is (n, channels, time), and the output is (n, channels * (bands +
    max(0, bands // 4 - 1) + 1)): first the powers of all bands of the first channel,
    then those of the next, and so on, then the evenness of all wide bands, then the
    means. The window of Hann is put on the signal for the powers, and on the spectrum
    for the amplitudes of the wide bands.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import BandPower
    >>> wave = torch.sin(torch.pi * 0.45 * torch.arange(256))
    >>> int(BandPower(10)(wave.reshape(1, 1, -1))[0, :10].argmax())
    4
    """

    def __init__(self, bands: int) -> None:
        super().__init__()
        self.bands = bands
        self.n_wide = Bands(bands).n_wide

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()  # there is no spectrum in bfloat16
        time = x.shape[2]
        window = torch.hann_window(time, device=x.device, dtype=x.dtype)
        # Of a Hann window, the mean square is 3/8.
        spectrum = torch.fft.rfft(x * window)
        power = spectrum.abs().square() / (time * 3 / 8)  # (n, channels, 1 + time // 2)
        parts: list[Tensor] = [powers_of(power, self.shares(power))]
        if self.n_wide:
            parts.append(self._evenness(torch.fft.rfft(x)))
        parts.append(x.mean(2, keepdim=True))
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    def shares(self, power: Tensor) -> Tensor:
        """How much each frequency belongs to each band (n_frequencies, bands)."""
        n = power.shape[2]
        places = torch.arange(n, device=power.device, dtype=power.dtype)
        start = ((places - 0.5) / max(n - 1, 1)).clamp(0, 1)[:, None]
        end = ((places + 0.5) / max(n - 1, 1)).clamp(0, 1)[:, None]
        edges = torch.linspace(0, 1, self.bands + 1, device=power.device)
        low, high = edges[:-1], edges[1:]
        overlap = torch.minimum(end, high) - torch.maximum(start, low)
        shares: Tensor = overlap.clamp(min=0) * self.bands
        return shares

    def _evenness(self, spectrum: Tensor) -> Tensor:
        """Logarithms of mean amplitudes by their root mean square (n, channels, wide).

        The inverse transform of a band alone is its complex amplitude over time.
        """
        places, window = self.wide_bands(spectrum.shape[2] - 1, spectrum.device)
        parts = spectrum[:, :, places] * window  # (n, channels, wide, width)
        amplitude = torch.fft.ifft(parts, n=2 * len(window)).abs()
        return evenness_of(amplitude, spectrum.shape[2])

    def wide_bands(self, n: int, device: torch.device) -> tuple[Tensor, Tensor]:
        """Which of n frequencies each wide band has, and the window on these.

        Their shapes are (wide, width) and (width,).
        """
        width = max(1, round(8 * n / self.bands))
        starts = torch.arange(self.n_wide, device=device) * 4 * n / self.bands
        places = starts.round().long()[:, None] + torch.arange(width, device=device)
        places = places.clamp(max=n - 1) + 1  # without the mean of the signal
        window = torch.hann_window(width + 2, periodic=False, device=device)
        return places, window[1:-1]

    def extra_repr(self) -> str:
        return f"bands={self.bands}"
