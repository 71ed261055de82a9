"""Classes of scikit-learn that this package inherits from, with types.

scikit-learn has none, and to a type checker a class whose base is unknown has every
attribute. So type checkers see the stand-ins here, and Python sees the originals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BaseEstimator",
    "Bunch",
    "ClassifierMixin",
    "FittedClassifier",
    "RandomState",
    "RegressorMixin",
    "Transformer",
    "TransformerMixin",
]

RandomState: TypeAlias = int | np.random.RandomState | None


class FittedClassifier(Protocol):
    """A fitted classifier, or a pipeline or search around one."""

    @property
    def classes_(self) -> NDArray[Any]: ...

    def predict(self, X: Any) -> Any: ...

    def predict_proba(self, X: Any) -> Any: ...


class Transformer(Protocol):
    """What can be fitted and then transforms."""

    def fit(self, X: Any, y: Any = None) -> Any: ...

    def transform(self, X: Any) -> Any: ...


if TYPE_CHECKING:

    class BaseEstimator:
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def set_params(self, **params: Any) -> Self: ...
        def get_metadata_routing(self) -> Any: ...
        def _validate_params(self) -> None: ...
        def __getstate__(self) -> dict[str, Any]: ...
        def __setstate__(self, state: dict[str, Any]) -> None: ...
        def __sklearn_tags__(self) -> Any: ...

    class TransformerMixin:
        def __init_subclass__(
            cls, auto_wrap_output_keys: Sequence[str] | None = ("transform",)
        ) -> None: ...
        def fit_transform(self, X: Any, y: Any = None) -> Any: ...
        def set_output(
            self, *, transform: Literal["default", "pandas", "polars"] | None = None
        ) -> Self: ...

    class ClassifierMixin:
        def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float: ...

    class RegressorMixin:
        def score(self, X: Any, y: Any, sample_weight: Any = None) -> float: ...

    class Bunch(dict[str, Any]):
        def __getattr__(self, name: str) -> Any: ...

else:
    from sklearn.base import (
        BaseEstimator,
        ClassifierMixin,
        RegressorMixin,
        TransformerMixin,
    )
    from sklearn.utils import Bunch
