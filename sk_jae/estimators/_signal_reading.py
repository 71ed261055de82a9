"""Decides what the classes of signals are read by."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import RidgeClassifierCV
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from sk_jae.architecture import PPV, Bands, Shape, signal_encoder
from sk_jae.estimators._held_out import counted_rows
from sk_jae.nn import BandPower, PositiveProportions
from sk_jae.tasks import EncodedTargets, Labels, Layout, TaskInputs
from sk_jae.training import (
    SampleReader,
    computed_once,
    start_alike,
    whitening_gains,
)

__all__ = ["are_alike", "are_for_kernels"]

# Lengths may differ by what is lost where the sampling rate changes.
_SAME_LENGTH = 1.05

# So many labeled signals of a task, spread over all, tell how well they are read.
_MOST_SIGNALS, _N_FOLDS = 200, 3
# The least part of the signals that kernels have to read better than bands do, and the
# least multiple of what that part would be by chance.
_BETTER, _CHANCE = 0.15, 3.0


def are_for_kernels(
    inputs: TaskInputs,
    views: Sequence[Shape],
    layouts: Sequence[Layout],
    labels: EncodedTargets,
) -> bool:
    """Tell whether fixed kernels are to read signals, and not the power in bands.

    Bands, which say less of a signal, fit other sensors too. Kernels are better where
    all tasks have labels, where all signals start alike, and where bands cannot read
    the signals that have the labels, so that there is nothing to transfer.

    Parameters
    ----------
    inputs : TaskInputs
    views : sequence of tuple of int, (channels, time)
        The shape of one sample of each task as the shared branch sees it.
    layouts : sequence of Layout
    labels : EncodedTargets
    """
    if all(part is not None for part in labels.encoded):
        return True
    if any(layout.kind != "signal" for layout in layouts):
        return False
    if len({channels for channels, _ in views}) != 1:
        return False
    if are_alike(inputs, views, layouts):
        return True
    return isinstance(labels, Labels) and _read_better(inputs, layouts, labels)


def are_alike(
    inputs: TaskInputs, views: Sequence[Shape], layouts: Sequence[Layout]
) -> bool:
    """Tell whether signals start alike and are of one length: see `start_alike`."""
    lengths = [time for _, time in views]
    if max(lengths) > _SAME_LENGTH * min(lengths):
        return False
    return start_alike(inputs.arrays, layouts, counted_rows(inputs))


def _read_better(inputs: TaskInputs, layouts: Sequence[Layout], labels: Labels) -> bool:
    """Whether a ridge classifier on kernels reads far more of the labeled signals."""
    rows = counted_rows(inputs)
    nothing = (None,) * len(layouts)
    arrays = tuple(inputs.arrays)
    reader = SampleReader(arrays, tuple(layouts), nothing, torch.device("cpu"))
    n, gained, lost = 0, 0, 0
    for t, y in enumerate(labels.encoded):
        if y is None:
            continue
        some, x = reader.some(t, rows[t][y[rows[t]] >= 0], _MOST_SIGNALS)
        counts = computed_once(_compare, x.numpy(), y[some])
        n, gained, lost = n + counts[0], gained + counts[1], lost + counts[2]
    least = max(_BETTER * n, _CHANCE * math.sqrt(gained + lost))
    return n > 0 and gained - lost >= least


def _compare(x: NDArray[np.float32], y: NDArray[np.int64]) -> tuple[int, int, int]:
    """The numbers of signals, and of those that kernels alone, or bands alone, read."""
    keep = np.bincount(y)[y] >= _N_FOLDS
    x, y = x[keep], y[keep]
    if len(np.unique(y)) < 2:
        return 0, 0, 0
    signals = _whitened(torch.from_numpy(x))
    by_bands, by_kernels = (
        _predictions(layer(signals), y) == y for layer in _layers(signals)
    )
    gained = int((by_kernels & ~by_bands).sum())
    return len(y), gained, int((by_bands & ~by_kernels).sum())


def _whitened(x: Tensor) -> Tensor:
    """The signals as the shared branch sees those that may be unlike others."""
    spectra = torch.fft.rfft(x.double())
    amplitude = spectra.abs().square().mean(0).sqrt()
    gains = whitening_gains(amplitude.numpy(), x.shape[2])
    flat: Tensor = torch.fft.irfft(spectra * torch.tensor(gains), n=x.shape[2])
    return flat.float()


def _layers(x: Tensor) -> tuple[nn.Module, nn.Module]:
    """The first layers of ``encoder="auto"``, the thresholds placed by the signals."""
    shape = x.shape[1], x.shape[2]
    bands = signal_encoder([shape], transfers=True)[0]
    ppv = signal_encoder([shape], transfers=False)[0]
    assert isinstance(bands, Bands)
    assert isinstance(ppv, PPV)
    kernels = PositiveProportions(
        x.shape[1],
        ppv.thresholds,
        ppv.dilation,
        ppv.stride,
        generator=torch.Generator().manual_seed(0),
    )
    kernels.place([x[:32]])
    return BandPower(bands.bands), kernels


def _predictions(x: Tensor, y: NDArray[np.int64]) -> NDArray[np.int64]:
    model = make_pipeline(StandardScaler(), RidgeClassifierCV(np.logspace(-1, 4, 8)))
    folds = StratifiedKFold(_N_FOLDS, shuffle=True, random_state=0)
    # With None, the workers of a surrounding joblib.parallel_config would be used.
    found: NDArray[np.int64] = cross_val_predict(
        model, x.double().numpy(), y, cv=folds, n_jobs=1
    )
    return found
