"""Preprocessing of each task by its own transformer."""

from sk_jae.preprocessing._per_task import PerTask

__all__ = ["PerTask"]
