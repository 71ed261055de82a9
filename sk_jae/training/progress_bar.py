"""The bar that shows how far a training is, and the time that is left."""

from __future__ import annotations

import builtins
import sys
from collections.abc import Callable
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from typing import Any, cast

from tqdm import tqdm

from sk_jae.training.batches import TaskData
from sk_jae.training.skorch_types import Callback

__all__ = ["ProgressBar"]


class ProgressBar(Callback):
    """A bar of the batches of all epochs, which is erased at the end.

    Where training has several phases, each has a bar of its own.

    It is shown in terminals and notebooks only: elsewhere, as in a file, nothing can be
    erased, and its remains would stand among the lines of the table.
    """

    def initialize(self) -> ProgressBar:
        self.bar_: Any = None
        return self

    def on_epoch_begin(
        self,
        net: Any,
        dataset_train: TaskData | None = None,
        dataset_valid: TaskData | None = None,
        **kwargs: Any,
    ) -> None:
        make = _maker() if self.bar_ is None else None
        if make is None:
            return
        n_samples = [dataset_train.n_per_epoch] if dataset_train is not None else []
        n_samples += [len(dataset_valid)] if dataset_valid is not None else []
        n_batches = sum(-(-n // net.batch_size) for n in n_samples)
        self.bar_ = make(total=n_batches * net.max_epochs, leave=False)

    def on_batch_end(self, net: Any, **kwargs: Any) -> None:
        if self.bar_ is not None:
            self.bar_.update()

    def on_train_end(self, net: Any, **kwargs: Any) -> None:
        self.close()

    def close(self) -> None:
        """Erase the bar, also that of a training which was not finished."""
        if self.bar_ is not None:
            self.bar_.close()
            self.bar_ = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "bar_": None}


def _maker() -> Callable[..., Any] | None:
    """What makes a bar that can be erased where the output goes, if there is such."""
    get_shell = getattr(builtins, "get_ipython", None)
    if get_shell and type(get_shell()).__name__ == "ZMQInteractiveShell":
        if find_spec("ipywidgets") is not None:
            return cast(Callable[..., Any], import_module("tqdm.notebook").tqdm)
        # Where the table goes: a notebook erases nothing that another stream has cut.
        return partial(tqdm, file=sys.stdout)
    return tqdm if sys.stderr and sys.stderr.isatty() else None
