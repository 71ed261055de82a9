"""What differs between the supported releases of scikit-learn, in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from numpy.typing import NDArray
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils._set_output import _wrap_data_with_container

from sk_jae._sklearn_types import TransformerMixin
from sk_jae.tasks import Samples, Targets

__all__ = [
    "CallbackSupportMixin",
    "FitMonitor",
    "Interval",
    "Options",
    "StrOptions",
    "fit_context",
    "in_output_container",
]

Function = TypeVar("Function", bound=Callable[..., Any])


class CallbackContext(Protocol):
    """The part of scikit-learn's class of this name that is used here."""

    def subcontext(self, *, task_name: str) -> CallbackContext: ...

    def call_on_fit_task_begin(self, **seen: Any) -> object: ...

    def call_on_fit_task_end(self, **seen: Any) -> bool: ...


if TYPE_CHECKING:

    class CallbackSupportMixin:
        def set_callbacks(self, *callbacks: Any) -> Self: ...
        def _init_callback_context(self, *, max_subtasks: int) -> CallbackContext: ...

    def fit_context(
        *, prefer_skip_nested_validation: bool
    ) -> Callable[[Function], Function]: ...

else:
    from sklearn.base import _fit_context as fit_context

    try:
        from sklearn.callback import CallbackSupportMixin
    except ImportError:  # before scikit-learn 1.9

        class _NoCallbacks:
            """A callback context without callbacks."""

            def subcontext(self, **_):
                return self

            def call_on_fit_task_begin(self, **_):
                return self

            def call_on_fit_task_end(self, **_):
                return False

        class CallbackSupportMixin:
            def _init_callback_context(self, **_):
                return _NoCallbacks()


class FitMonitor:
    """Tells scikit-learn's callbacks of a fit and of each of its epochs."""

    def __init__(
        self,
        estimator: CallbackSupportMixin,
        X: Samples,
        y: Targets | None,
        max_epochs: int,
    ) -> None:
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

    def _end(self, context: CallbackContext) -> bool:
        # The estimator as it is can predict already.
        return context.call_on_fit_task_end(**self._seen, reconstruction_attributes={})


def in_output_container(
    estimator: TransformerMixin, codes: NDArray[Any] | None, X: object
) -> Any:
    """Codes in the container set by `set_output` or the global configuration."""
    if codes is None:
        return None
    return _wrap_data_with_container("transform", codes, X, estimator)
