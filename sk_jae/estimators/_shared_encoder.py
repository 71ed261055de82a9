"""What the parameters `shared_encoder` and `shared_encoder_lr` ask for."""

from __future__ import annotations

from typing import Literal

from sk_jae.estimators._parameters import JointParameters

__all__ = ["check_shared_encoder", "depth_of_sharing", "is_frozen"]

_FROM_THE_FIRST = 1


def check_shared_encoder(estimator: JointParameters) -> None:
    """Refuse parameters that contradict a shared encoder, or need one.

    Raises
    ------
    ValueError
    """
    if estimator.shared_encoder is None:
        if estimator.shared_encoder_lr is not None:
            raise ValueError(
                f"shared_encoder_lr={estimator.shared_encoder_lr} is the learning rate "
                "of shared_encoder, which is None; give a shared_encoder, or set "
                "shared_encoder_lr=None."
            )
        return
    if not estimator.n_shared:
        raise ValueError(
            "shared_encoder is given, but n_shared=0 leaves no shared branch; give "
            "n_shared of at least 1, or set shared_encoder=None."
        )
    if estimator.shared_depth not in ("auto", -1, _FROM_THE_FIRST):
        raise ValueError(
            f"shared_depth={estimator.shared_depth} starts sharing within an encoder, "
            "but shared_encoder is shared from its first layer on; leave out one of "
            "the two."
        )
    if estimator.n_shared_layers is not None:
        raise ValueError(
            f"n_shared_layers={estimator.n_shared_layers} shares a part of an encoder, "
            "but shared_encoder is shared as a whole; leave out one of the two."
        )


def depth_of_sharing(estimator: JointParameters) -> int | Literal["auto"]:
    """The layer at which sharing starts."""
    if estimator.shared_encoder is None:
        return estimator.shared_depth
    return _FROM_THE_FIRST


def is_frozen(estimator: JointParameters) -> bool:
    """Whether the shared encoder is not trained."""
    return estimator.shared_encoder is not None and estimator.shared_encoder_lr == 0
