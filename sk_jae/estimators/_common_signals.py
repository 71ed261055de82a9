"""Gives signals one sampling rate in the shared branch, and flat spectra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sk_jae.architecture import PPV, Architecture, CommonSteps
from sk_jae.estimators._signal_reading import are_alike
from sk_jae.tasks import EncodedTargets, Layout, TaskInputs
from sk_jae.training import root_mean_power, whitening_gains

__all__ = ["with_common_signals"]


def with_common_signals(
    architectures: Sequence[Architecture],
    inputs: TaskInputs,
    layouts: Sequence[Layout],
    labels: EncodedTargets | None,
) -> list[Architecture]:
    """Add how the shared branch resamples signals, and whitens them.

    Signals are whitened where a task has no labels, which could tell what the spectrum
    of its sensor does to the classes. Where signals start alike, fixed kernels see
    shapes, which whitening would change.
    """
    transfers = labels is not None and any(part is None for part in labels.encoded)
    if transfers and all(_has_kernels(a) for a in architectures):
        views = [a.view for a in architectures]
        transfers = not are_alike(inputs, views, layouts)
    weights = inputs.weights or (None,) * len(layouts)
    tasks = zip(architectures, inputs.arrays, layouts, weights, strict=True)
    found = []
    for a, array, layout, own in tasks:
        if layout.kind == "signal" and (transfers or a.view != a.shape):
            gains = None
            if transfers:
                power = root_mean_power(array, layout, own)
                gains = whitening_gains(power, a.view[1])
            a = replace(a, steps=CommonSteps(a.view[1], gains))
        found.append(a)
    return found


def _has_kernels(a: Architecture) -> bool:
    return any(isinstance(layer, PPV) for layer in a.shared)
