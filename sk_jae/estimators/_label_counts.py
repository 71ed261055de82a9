"""How many labels of each class a fit has learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import EncodedTargets, Labels

__all__ = ["label_counts"]


def label_counts(
    labels: EncodedTargets | None,
    weights: Sequence[NDArray[np.float64] | None] = (),
) -> NDArray[np.float64] | None:
    """The labeled samples of each class, or those with targets, of each task.

    Those of weight 0 are not counted.
    """
    if labels is None:
        return None
    n = len(labels.classes) if isinstance(labels, Labels) else 1
    counts = np.zeros((len(labels.encoded), n))
    for t, (encoded, labeled) in enumerate(
        zip(labels.encoded, labels.labeled, strict=True)
    ):
        if encoded is None or labeled is None:
            continue
        own = weights[t] if weights else None
        counted = labeled if own is None else labeled & (own > 0)
        if isinstance(labels, Labels):
            counts[t] = np.bincount(encoded[counted], minlength=n)
        else:
            counts[t] = counted.sum()
    return counts
