"""Callbacks of the training, beside those of skorch."""

from sk_jae.callbacks._checkpoint import Checkpoint
from sk_jae.callbacks._distributed import Distributed

__all__ = ["Checkpoint", "Distributed"]
