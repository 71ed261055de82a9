"""Checks the parameter `callbacks` before any training."""

from __future__ import annotations

from typing import Any

from skorch.callbacks import BatchScoring, Callback, InputShapeSetter
from skorch.callbacks.scoring import ScoringBase

__all__ = ["check_callbacks"]


def check_callbacks(callbacks: Any, *, has_validation: bool) -> None:
    """Refuse callbacks with which skorch would fail during the training.

    Parameters
    ----------
    callbacks : list, "disable" or None
        Callbacks, classes of callbacks, or pairs (name, callback).
    has_validation : bool
        Whether there are validation data.

    Raises
    ------
    TypeError
        If an item is not a callback.
    ValueError
        If a callback needs what this training does not have.
    """
    if not isinstance(callbacks, list):
        return
    for k, item in enumerate(callbacks):
        name, callback = f"callbacks[{k}]", item
        if isinstance(item, tuple) and len(item) == 2 and isinstance(item[0], str):
            name, callback = f"callbacks[{k}], {item[0]!r},", item[1]
        is_class = isinstance(callback, type) and issubclass(callback, Callback)
        if not is_class and not isinstance(callback, Callback):
            raise TypeError(
                f"{name} is {callback!r}, expected a skorch callback, such as "
                "skorch.callbacks.LRScheduler(), or a pair (name, callback)."
            )
        _check_needs(callback, name, has_validation)


def _needs_predictions(scoring: Any) -> bool:
    """Whether it is the name of a scorer, or a scorer or metric of scikit-learn."""
    module = getattr(scoring, "__module__", type(scoring).__module__)
    return not callable(scoring) or module.startswith("sklearn.metrics")


def _check_needs(callback: Any, name: str, has_validation: bool) -> None:
    of_class = callback if isinstance(callback, type) else type(callback)
    kind = of_class.__name__
    if issubclass(of_class, (BatchScoring, InputShapeSetter)):
        raise ValueError(
            f"{name} is {kind}, which needs one array of samples, but a batch here has "
            "several tasks; use an EpochScoring with a function (net, data, y=None), "
            "or remove it."
        )
    if isinstance(callback, ScoringBase) and _needs_predictions(callback.scoring):
        raise ValueError(
            f"{name} is {kind}({callback.scoring!r}), which needs the predictions for "
            "one array, but a batch here has several tasks; with early_stopping=True "
            "the history has valid_accuracy (valid_r2 of an autoencoder) without it, "
            "and for anything else give it a function (net, data, y=None) as scoring."
        )
    monitor = getattr(callback, "monitor", None)
    if isinstance(callback, type) and kind == "EarlyStopping":
        monitor = "valid_loss"
    needs = isinstance(monitor, str) and monitor.startswith("valid_")
    if isinstance(callback, ScoringBase):
        needs = needs or not callback.on_train
    if needs and not has_validation:
        raise ValueError(
            f"{name} is {kind}, which looks at validation data, but there are none; "
            "set early_stopping=True, which holds out validation_fraction of every "
            "task."
        )
