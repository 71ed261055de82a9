"""How many labels of each class a fit has learned from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks import EncodedTargets, Labels

__all__ = ["label_counts"]


def label_counts(labels: EncodedTargets | None) -> NDArray[np.float64] | None:
    """The labeled samples of each class, or those with targets, of each task."""
    if labels is None:
        return None
    if not isinstance(labels, Labels):
        rows = [0 if own is None else own.sum() for own in labels.labeled]
        return np.asarray(rows, dtype=np.float64)[:, None]
    n = len(labels.classes)
    return np.stack(
        [
            np.zeros(n)
            if own is None
            else np.bincount(own[own >= 0], minlength=n).astype(np.float64)
            for own in labels.encoded
        ]
    )
