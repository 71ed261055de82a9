"""skorch's classes with types for what is used of them.

The reason is that of :mod:`sk_jae._sklearn_types`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Self

from torch import Tensor

__all__ = ["Callback", "NeuralNet", "PrintLog"]

if TYPE_CHECKING:

    class Callback: ...

    class PrintLog(Callback): ...

    class NeuralNet:
        module: Any
        optimizer: Any
        optimizer_: Any
        history: Any
        callbacks: Any
        callbacks_: list[tuple[str, Any]]
        batch_size: int
        device: str
        lr: float
        max_epochs: int
        verbose: int

        def __init__(self, module: Any, criterion: Any, **kwargs: Any) -> None: ...
        def initialize(self) -> Self: ...
        def initialize_callbacks(self) -> Self: ...
        def initialize_optimizer(self) -> Self: ...
        def notify(self, method_name: str, **cb_kwargs: Any) -> None: ...
        def get_all_learnable_params(self) -> Iterator[tuple[str, Tensor]]: ...
        def get_params(self, deep: bool = True) -> dict[str, Any]: ...
        def save_params(self, **files: Any) -> None: ...
        def load_params(self, **files: Any) -> None: ...

else:
    from skorch import NeuralNet
    from skorch.callbacks import Callback, PrintLog
