"""The mean spectra of signals."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.tasks import Layout, SampleArray
from sk_jae.training.reading import read_batches

__all__ = ["root_mean_power", "whitening_gains"]

# A spectrum is smoothed over so many frequencies, and what is weaker than this part of
# its largest value is not made stronger than that part would be.
_N_SMOOTHED, _FLOOR = 9, 1e-3


def root_mean_power(
    array: SampleArray, layout: Layout, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Root mean power of every frequency over the signals of a task.

    Parameters
    ----------
    array : ndarray of shape (n_samples, ...)
        Signals.
    layout : Layout
        Their layout, with their scaling.
    weights : ndarray of shape (n_samples,) or None, default=None
        How much each signal counts; None if all count alike.

    Returns
    -------
    amplitude : ndarray of shape (channels, time // 2 + 1)
        Of the signals as the module sees them.
    """
    total: Any = 0.0
    n = 0.0
    for rows, _, x in read_batches(array, layout, torch.device("cpu")):
        power = torch.fft.rfft(x).abs().double().square().numpy()
        own = np.ones(len(x)) if weights is None else weights[rows]
        total, n = total + np.tensordot(own, power, 1), n + own.sum()
    found: NDArray[np.float64] = np.sqrt(total / n)
    return found


def whitening_gains(
    amplitude: NDArray[np.float64], n_steps: int
) -> tuple[tuple[float, ...], ...]:
    """The factors that make all frequencies of a task equally strong.

    What a sensor and its place do to a signal is nearly a factor of every frequency,
    which is another one for another sensor. These factors remove it, up to what is
    different between the samples.

    Parameters
    ----------
    amplitude : ndarray of shape (channels, time // 2 + 1)
        See :func:`root_mean_power`.
    n_steps : int
        Number of time steps after resampling.

    Returns
    -------
    gains : tuple of tuple of float
        Of the ``n_steps // 2 + 1`` frequencies that remain, such that whitened signals
        have the variance 1.
    """
    n = n_steps // 2 + 1
    time = 2 * (amplitude.shape[1] - 1) or 1
    kept = amplitude[:, :n]
    kept = np.pad(kept, ((0, 0), (0, max(0, n - kept.shape[1]))), mode="edge")
    smooth = np.stack([_smoothed(channel) for channel in kept])
    largest = smooth.max(axis=1, keepdims=True)
    smooth = np.maximum(smooth, _FLOOR * np.where(largest > 0, largest, 1.0))
    gains = time / n_steps**0.5 / smooth
    return tuple(tuple(channel) for channel in gains.tolist())


def _smoothed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    side = _N_SMOOTHED // 2
    padded = np.pad(values, side, mode="edge")
    return np.convolve(padded, np.ones(_N_SMOOTHED) / _N_SMOOTHED, mode="valid")
