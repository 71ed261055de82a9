"""Callbacks of the training, beside those of skorch."""

from sk_jae.callbacks._checkpoint import Checkpoint

__all__ = ["Checkpoint"]
