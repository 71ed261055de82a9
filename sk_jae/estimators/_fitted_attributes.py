"""The fitted attributes of the estimators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sk_jae.estimators._parameters import JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.nn import JointModule, n_parameters
from sk_jae.tasks import Layout
from sk_jae.training import JointNet

__all__ = ["FittedAttributes"]

_SET_BY_FIT = ("_state", "_net", "n_features_in_", "feature_names_in_")


class FittedAttributes(JointParameters):
    """Attributes that exist only after `fit`. They are read from the state."""

    _state: FittedState
    _net: JointNet

    def _fitted(self, attribute: str) -> FittedState:
        """Return the state, or say that the attribute exists only after `fit`."""
        state: FittedState | None = self.__dict__.get("_state")
        if state is None:
            raise AttributeError(
                f"{type(self).__name__} has no {attribute} before fit."
            )
        return state

    @property
    def n_tasks_(self) -> int:
        return len(self._fitted("n_tasks_").task_names)

    @property
    def task_names_(self) -> tuple[str, ...]:
        return self._fitted("task_names_").task_names

    @property
    def feature_shapes_in_(self) -> Any:  # a list or a dict
        return self._fitted("feature_shapes_in_").feature_shapes

    @property
    def layouts_(self) -> tuple[Layout, ...]:
        return self._fitted("layouts_").layouts

    @property
    def n_iter_(self) -> int:
        return len(self._fitted("n_iter_").history)

    @property
    def n_parameters_(self) -> int:
        return n_parameters(self._fitted("n_parameters_").module)

    @property
    def loss_curve_(self) -> list[float]:
        return [row["train_loss"] for row in self._fitted("loss_curve_").history]

    @property
    def history_(self) -> list[dict[str, Any]]:
        return self._fitted("history_").history

    @property
    def module_(self) -> JointModule:
        return self._fitted("module_").module

    @property
    def net_(self) -> JointNet:
        self._fitted("net_")
        if not hasattr(self, "_net"):
            raise AttributeError(
                f"This {type(self).__name__} is a copy or comes from a file, and these "
                "have no net_; take module_, or call fit again."
            )
        return self._net

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_state")

    @contextmanager
    def _whole_or_not_at_all(self) -> Iterator[None]:
        """Restore the results of the earlier fit if this one fails."""
        earlier = {k: v for k, v in vars(self).items() if k in _SET_BY_FIT}
        try:
            yield
        except TrainingInterrupted:
            raise
        except BaseException:
            for name in _SET_BY_FIT:
                vars(self).pop(name, None)
            vars(self).update(earlier)
            raise
