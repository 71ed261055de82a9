"""Refuses sizes that no memory holds, before anything is allocated."""

from __future__ import annotations

from collections.abc import Sequence

from sk_jae.architecture import Architecture, count_weights, free_memory
from sk_jae.estimators._parameters import JointParameters

__all__ = ["check_sizes"]

# A weight, its gradient and the two moments of Adam, in float32.
_BYTES_PER_WEIGHT = 16


def check_sizes(
    estimator: JointParameters, architectures: Sequence[Architecture]
) -> None:
    """Refuse networks that are too large for the memory that is free."""
    n_weights = count_weights(
        architectures, int(estimator.n_shared), int(estimator.n_private)
    )
    needed, free = n_weights * _BYTES_PER_WEIGHT, free_memory()
    if free is not None and needed > free:
        raise ValueError(
            f"n_shared={estimator.n_shared}, n_private={estimator.n_private} and the "
            f"layers of encoder and decoder make {n_weights:,} weights. With gradients "
            f"and the optimizer's state they need {needed // 10**9:,} GB, but "
            f"{free // 10**9:,} GB are free; make the layers smaller."
        )
