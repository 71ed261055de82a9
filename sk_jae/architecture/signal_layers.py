"""Descriptions of the layers that make vectors of signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from sk_jae.architecture.checked import Checked

__all__ = ["PPV", "Bands", "Power", "Profile", "Summary"]

# Kernels of nine weights, of which three are 2 and the others -1.
_N_KERNELS = 84
# What PPV tells of the channels themselves.
N_STRETCHES = 8


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


@dataclass(frozen=True)
class PPV(Checked):
    """Proportions of positive values of fixed kernels, at several thresholds.

    It makes a vector of a signal of any length. The kernels are the 84 of nine steps
    that have three weights of 2 and six of -1, at distances between these steps
    (dilations) of 1, 2, 4 and so on. Each sees some of the channels, which are drawn at
    random. The features are the parts of the time for which their responses are above
    each of `thresholds` values, which a fit finds in its samples. Nothing is learned
    from labels, so that a few samples of every class are enough to train what follows.
    Half of the kernels see zeros beyond the ends of the signal, and the others stay
    within it. As no kernel responds to the level of a signal, the features of
    ``Profile 8`` follow those of the kernels. Proportions have no gradient: put this
    layer first, since training leaves layers before it as they are. There is no ReLU
    behind its BN.

    Parameters
    ----------
    thresholds : int
        Number of thresholds of each kernel.
    dilation : int
        The largest distance between the steps of a kernel.
    stride : int, default=1
        Distance between the places of the signal at which the kernels respond.

    References
    ----------
    A. Dempster, D. F. Schmidt, G. I. Webb, "MiniRocket: a very fast (almost)
    deterministic transform for time series classification", KDD 2021.

    Examples
    --------
    >>> from sk_jae.architecture import PPV, output_shape
    >>> print(PPV(4, 32, stride=3), output_shape(PPV(4, 32, stride=3), (1, 427)))
    PPV 4x32 stride 3 (2034,)
    """

    thresholds: int
    dilation: int
    stride: int = 1

    @property
    def n_dilations(self) -> int:
        """Number of powers of two up to `dilation`."""
        return self.dilation.bit_length()

    @property
    def n_of_kernels(self) -> int:
        """Number of features that it makes of a signal, whatever its channels are."""
        return _N_KERNELS * self.n_dilations * self.thresholds

    @property
    def n_features(self) -> int:
        """Number of features that it makes of each channel."""
        return Profile(N_STRETCHES).n_features

    def __str__(self) -> str:
        stride = "" if self.stride == 1 else f" stride {self.stride}"
        return f"PPV {self.thresholds}x{self.dilation}{stride}"


# What makes a vector of a signal.
Summary: TypeAlias = Bands | Power | Profile | PPV
