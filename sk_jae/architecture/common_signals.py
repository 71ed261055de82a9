"""What the shared branch sees of signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CommonSteps", "common_steps"]


@dataclass(frozen=True)
class CommonSteps:
    """How the shared branch resamples the signals of a task, and weighs frequencies.

    Attributes
    ----------
    n_steps : int
        Number of time steps after resampling.
    gains : tuple of tuple of float, or None
        For each channel, the factor of every frequency that remains, of which there are
        ``n_steps // 2 + 1``. None leaves the frequencies as they are.

    Examples
    --------
    >>> from sk_jae.architecture import CommonSteps
    >>> CommonSteps(n_steps=4, gains=((0.0, 1.0, 2.0),)).n_steps
    4
    """

    n_steps: int
    gains: tuple[tuple[float, ...], ...] | None = None


def common_steps(n_steps: Sequence[int], rates: Sequence[float | None]) -> list[int]:
    """Return the number of time steps of each task at one sampling rate.

    Parameters
    ----------
    n_steps : sequence of int
        Time steps of a signal of each task.
    rates : sequence of (float or None)
        The sampling rates, None for all tasks if they are not known.

    Returns
    -------
    n_steps : list of int
        Those at the lowest of the rates, which has nothing that the others do not have.
        Without rates they stay as they are.

    Examples
    --------
    >>> from sk_jae.architecture import common_steps
    >>> common_steps([1000, 300], [100.0, 50.0])
    [500, 300]
    """
    known = [rate for rate in rates if rate is not None]
    if not known:
        return list(n_steps)
    lowest = min(known)
    return [
        n if rate is None else max(1, round(n * lowest / rate))
        for n, rate in zip(n_steps, rates, strict=True)
    ]
