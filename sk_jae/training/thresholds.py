"""The thresholds of fixed kernels, which are found in the samples."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.nn import JointModule, PositiveProportions, inputs_of
from sk_jae.tasks import Layout, SampleArray
from sk_jae.training.reading import SampleReader

__all__ = ["place_thresholds"]

# So many signals of each task, spread over all, show how kernels respond.
_N_SIGNALS = 32


def place_thresholds(
    module: JointModule,
    arrays: Sequence[SampleArray],
    layouts: Sequence[Layout],
    rows: Sequence[NDArray[np.intp]],
    *,
    first: int = 0,
) -> None:
    """Place the thresholds of fixed kernels by samples of all tasks that see them.

    Parameters
    ----------
    module : JointModule
    arrays : sequence of (ndarray or LazyArray of shape (n_samples_t, ...))
    layouts : sequence of Layout
    rows : sequence of ndarray of int
        The samples of each task that count.
    first : int, default=0
        The first task that is new. The thresholds of the others, and of all that is
        tied, stay where they are if it is not 0.
    """
    stay = {*module.tied.modules()} if first else set()
    layers = [
        part
        for part in module.modules()
        if isinstance(part, PositiveProportions) and part not in stay
    ]
    if not layers:
        return
    device = layers[0].thresholds.device
    nothing = (None,) * len(arrays)
    reader = SampleReader(tuple(arrays), tuple(layouts), nothing, device)
    inputs: list[torch.Tensor | None] = [None] * len(arrays)
    for t in range(first, len(arrays)):
        _, inputs[t] = reader.some(t, rows[t], _N_SIGNALS)
    was_training = module.training
    with torch.no_grad(), inputs_of(layers) as seen:
        module.eval().encode(inputs)
    module.train(was_training)
    for layer, signals in seen.items():
        if signals:  # those of another task have none
            layer.place(signals)
