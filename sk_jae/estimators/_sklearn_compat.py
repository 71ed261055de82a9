"""What differs between the supported releases of scikit-learn, in one place."""

from __future__ import annotations

from typing import Any

from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class _NoCallbacks:
        """A callback context without callbacks."""

        def subcontext(self, **_: Any) -> _NoCallbacks:
            return self

        def call_on_fit_task_begin(self, **_: Any) -> _NoCallbacks:
            return self

        def call_on_fit_task_end(self, **_: Any) -> bool:
            return False

    class CallbackSupportMixin:  # type: ignore[no-redef]
        def _init_callback_context(self, **_: Any) -> _NoCallbacks:
            return _NoCallbacks()


__all__ = [
    "BaseEstimator",
    "CallbackSupportMixin",
    "ClassifierMixin",
    "FitMonitor",
    "Interval",
    "Options",
    "StrOptions",
    "TransformerMixin",
    "fit_context",
    "output_container",
]


class FitMonitor:
    """Tells scikit-learn's callbacks of a fit and of each of its epochs."""

    def __init__(self, estimator: Any, X: Any, y: Any, max_epochs: int) -> None:
        self._context = estimator._init_callback_context(max_subtasks=max_epochs)
        # Without a y, ScoringMonitor would not score. What an autoencoder is to
        # predict is its input.
        self._seen = {"estimator": estimator, "X": X, "y": X if y is None else y}
        self._context.call_on_fit_task_begin(**self._seen)

    def begin_epoch(self) -> None:
        self._epoch = self._context.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(**self._seen)

    def end_epoch(self) -> bool:
        """True if a callback asks to stop."""
        return self._end(self._epoch)

    def end(self) -> None:
        self._end(self._context)

    def _end(self, context: Any) -> bool:
        # The estimator as it is can predict already.
        return context.call_on_fit_task_end(**self._seen, reconstruction_attributes={})


def output_container(estimator: Any) -> str:
    """The container set by `set_output` or the global configuration."""
    return _get_output_config("transform", estimator)["dense"]
