"""scikit-learn's splitters with types; see :mod:`sk_jae._sklearn_types`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from sk_jae._sklearn_types import RandomState

__all__ = ["BaseCrossValidator", "Split", "StratifiedKFold", "StratifiedShuffleSplit"]

Split: TypeAlias = tuple[NDArray[np.intp], NDArray[np.intp]]

if TYPE_CHECKING:

    class BaseCrossValidator:
        def split(
            self, X: Any, y: Any = None, groups: Any = None
        ) -> Iterator[Split]: ...
        def get_n_splits(
            self, X: Any = None, y: Any = None, groups: Any = None
        ) -> int: ...

    class StratifiedKFold(BaseCrossValidator):
        n_splits: int
        shuffle: bool
        random_state: RandomState

        def __init__(
            self,
            n_splits: int = 5,
            *,
            shuffle: bool = False,
            random_state: RandomState = None,
        ) -> None: ...

    class StratifiedShuffleSplit(BaseCrossValidator):
        n_splits: int
        test_size: float | int | None
        train_size: float | int | None
        random_state: RandomState

        def __init__(
            self,
            n_splits: int = 10,
            *,
            test_size: float | int | None = None,
            train_size: float | int | None = None,
            random_state: RandomState = None,
        ) -> None: ...

else:
    from sklearn.model_selection import (
        BaseCrossValidator,
        StratifiedKFold,
        StratifiedShuffleSplit,
    )
