"""Preprocessing of every task by a transformer of its own."""

from sk_jae.preprocessing._per_task import PerTask

__all__ = ["PerTask"]
