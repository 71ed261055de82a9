"""What differs between the supported releases of scikit-learn, in one place."""

from __future__ import annotations

from typing import Any

from sklearn.base import _fit_context as fit_context
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _get_output_config

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before scikit-learn 1.9

    class _NoCallbacks:
        """Stands for the context of scikit-learn's callbacks, of which there are none."""

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
    "CallbackSupportMixin",
    "Interval",
    "Options",
    "StrOptions",
    "fit_context",
    "output_container",
]


def output_container(estimator: Any) -> str:
    """The container set by `set_output` or the global configuration."""
    return _get_output_config("transform", estimator)["dense"]
