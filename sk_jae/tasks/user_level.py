"""Finds the line of a user's own code, for warnings."""

from __future__ import annotations

import sys

__all__ = ["level_of_user"]

# Whoever calls `fit` by these is shown the line in which he calls them.
_LIBRARIES = ("sk_jae", "sklearn", "joblib")


def level_of_user() -> int:
    """The `stacklevel`, for the function that calls this, of the user's own code."""
    level, frame = 1, sys._getframe(1)
    while frame.f_back and _package(frame.f_globals) in _LIBRARIES:
        level, frame = level + 1, frame.f_back
    return level


def _package(namespace: dict[str, object]) -> str:
    return str(namespace.get("__name__")).partition(".")[0]
