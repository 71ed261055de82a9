"""What callbacks remember from epoch to epoch, for checkpoints."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor

from sk_jae.training.skorch_types import PrintLog

__all__ = ["load_state_of", "state_of"]


def state_of(callback: Any) -> dict[str, Any]:
    """What a callback remembers.

    It is what its method `state_dict` returns. A callback without this method has its
    state in attributes whose names end in an underscore, by the convention of
    scikit-learn and skorch: of these, objects with a `state_dict` are taken, as the
    schedulers of torch, and plain values.

    Parameters
    ----------
    callback : skorch.callbacks.Callback

    Returns
    -------
    state : dict
    """
    if isinstance(callback, PrintLog):
        return {}  # a continued training prints the head of its table again
    if _has_state(callback):
        return {"state_dict": callback.state_dict()}
    return {
        name: {"state_dict": value.state_dict()} if _has_state(value) else value
        for name, value in vars(callback).items()
        if _is_kept(name) and (_has_state(value) or _is_plain(value))
    }


def load_state_of(callback: Any, state: dict[str, Any]) -> None:
    """Give a callback the state that :func:`state_of` has found."""
    if "state_dict" in state:
        callback.load_state_dict(state["state_dict"])
        return
    for name, value in state.items():
        own: Any = getattr(callback, name, None)
        if _has_state(own):
            own.load_state_dict(value["state_dict"])
        else:
            setattr(callback, name, value)


def _has_state(value: object) -> bool:
    methods = ("state_dict", "load_state_dict")
    # LRScheduler keeps the class of its scheduler too.
    return not isinstance(value, type) and all(hasattr(value, m) for m in methods)


def _is_kept(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_")


def _is_plain(value: Any) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    if isinstance(value, np.ndarray):
        return bool(value.dtype.kind != "O")
    return value is None or isinstance(value, str | int | float | np.generic | Tensor)
