"""Descriptions of the layers that make vectors of signals."""

from __future__ import annotations

from dataclasses import dataclass

from sk_jae.architecture.checked import Checked

__all__ = ["Bands", "Power", "Profile"]


@dataclass(frozen=True)
class Bands(Checked):
    """Power in fixed bands of frequency, and how evenly it is spread over time.

    It makes a vector of a signal of any length, which tells how the signal sounds and
    not when something happens. For each channel there are

    - the logarithm of the power in each of `bands` equal bands, from 0 to half of the
      sampling rate,
    - for wide bands of eight of these, each of which overlaps half of the next, the
      logarithm of the mean amplitude divided by its root mean square, which is lower
      for a signal of short bursts than for a steady one,
    - the mean of the signal.

    A gain of the sensor at any frequency adds a constant to the first and nothing to
    the second, so that a BN behind this layer, which keeps statistics of each task,
    removes it. There is no ReLU behind that BN.

    Parameters
    ----------
    bands : int
        Number of bands.

    Examples
    --------
    >>> from sk_jae.architecture import Bands, output_shape
    >>> output_shape(Bands(64), (2, 1024))
    (160,)
    """

    bands: int

    @property
    def n_features(self) -> int:
        """Number of features that it makes of each channel."""
        return self.bands + self.n_wide + 1

    @property
    def n_wide(self) -> int:
        """Number of the wide bands."""
        return max(0, self.bands // 4 - 1)

    def __str__(self) -> str:
        return f"Bands {self.bands}"


@dataclass(frozen=True)
class Power(Checked):
    """Logarithm of the mean power of each channel, over the whole signal.

    It makes a vector of a signal of any length: for each channel x, log(mean(x^2)), and
    log(mean(abs x) / sqrt(mean(x^2))), which is lower for a signal of short bursts than
    for one of steady power. A gain of the sensor adds a constant to the former, which a
    BN behind this layer removes. There is no ReLU between a layer with weights and this
    one, nor behind its BN.

    Examples
    --------
    >>> from sk_jae.architecture import Power, output_shape
    >>> output_shape(Power(), (32, 1024))
    (64,)
    """

    @property
    def n_features(self) -> int:
        """Number of features that it makes of each channel."""
        return 2

    def __str__(self) -> str:
        return "Power"


@dataclass(frozen=True)
class Profile(Checked):
    """What `Power` gives, and where in the signal each channel responds.

    Parameters
    ----------
    stretches : int
        Number of equal parts of the signal. In each of them, the largest and the mean
        response of every channel are kept, so that signals that begin at the same event
        can be told apart by when something happens.

    Examples
    --------
    >>> from sk_jae.architecture import Profile, output_shape
    >>> output_shape(Profile(8), (32, 1024))
    (576,)
    """

    stretches: int

    @property
    def n_features(self) -> int:
        """Number of features that it makes of each channel."""
        return 2 + 2 * self.stretches

    def __str__(self) -> str:
        return f"Profile {self.stretches}"
