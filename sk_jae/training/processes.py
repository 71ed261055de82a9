"""What a training asks of the processes that train with it; alone, there is nobody.

Each of several processes has the same data and the same weights, and reads an equal
share of every batch. What they find is combined at the places that call the methods
below. :class:`sk_jae.callbacks.Distributed` opens the way between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_jae.training.skorch_types import Callback

__all__ = ["ALONE", "Processes", "ProcessesCallback", "processes_in"]

T = TypeVar("T")
X = TypeVar("X", Tensor, Tensor | None)
TermKey: TypeAlias = tuple[str, int]  # a term and a task


class Processes:
    """The processes that train together: this one alone.

    Attributes
    ----------
    rank : int
        The number of this process, from 0.
    size : int
        How many there are.
    """

    rank = 0
    size = 1

    @property
    def words(self) -> tuple[int, ...]:
        """What tells the draws of this process apart from those of the first one."""
        return (self.rank,) if self.rank else ()

    def rounded_up(self, n: int) -> int:
        """A number of samples that can be shared equally, not below `n`."""
        return -(-n // self.size) * self.size

    def share(self, rows: T) -> T:
        """The part of rows that this process reads where no step is made."""
        return rows if self.size == 1 else rows[self.rank :: self.size]  # type: ignore[index]

    def mask(self, sizes: Sequence[int]) -> NDArray[np.bool_]:
        """Which rows of batches of these sizes, one after the other, this one reads."""
        mine = np.zeros(sum(sizes), dtype=bool)
        start = 0
        for size in sizes:
            n = size // self.size
            mine[start + self.rank * n : start + (self.rank + 1) * n] = True
            start += size
        return mine

    def from_first(self, value: T) -> T:
        """What the first process has given."""
        return value

    def unify(self, module: nn.Module) -> None:
        """Give the module the weights that it has in the first process."""

    def check_equal(self, found: Mapping[str, str]) -> None:
        """Refuse values that differ from those of the first process, by their names."""

    def weigh(
        self,
        found: Iterable[tuple[TermKey, Tensor, Tensor | int]],
        n_tasks: int,
        *,
        are_alike: bool,
    ) -> Iterable[tuple[TermKey, Tensor, Tensor | int, Tensor | float]]:
        """Add how much the mean over a share counts in the mean over the batch.

        Parameters
        ----------
        found : iterable of ((term, task), mean, number of samples)
        n_tasks : int
        are_alike : bool
            Whether all processes find the same terms, and numbers that are int are
            equal in all of them.
        """
        return ((key, value, n, 1.0) for key, value, n in found)

    def gathered(self, x: X) -> X:
        """The rows (n, ...) of all processes, None of None."""
        return x

    def average_gradients(self, loss: Tensor, parameters: Sequence[Tensor]) -> None:
        """Replace the loss and the gradients by their means over all processes."""

    def average_statistics(self, module: nn.Module) -> None:
        """Replace the buffers of a module by their means over all processes."""

    def summed(
        self,
        sums: Mapping[TermKey, Tensor],
        counts: Mapping[TermKey, Tensor | int],
        keys: Sequence[TermKey],
    ) -> tuple[Mapping[TermKey, Tensor], Mapping[TermKey, Tensor | int]]:
        """The sums over all processes, of which each has some of the keys."""
        return sums, counts

    def after_step(self, module: nn.Module) -> None:
        """Raise KeyboardInterrupt in all processes at once if one was interrupted."""

    def after_epoch(self, module: nn.Module, stop: bool) -> bool:
        """Whether one of them wants to stop; interrupted like `after_step`."""
        return stop


ALONE = Processes()


class ProcessesCallback(Callback):
    """A callback by which a fit trains together with other processes."""

    def opened(self, device: torch.device) -> AbstractContextManager[Processes]:
        """The way to the other processes, while a fit is running."""
        raise NotImplementedError


def processes_in(
    callbacks: Any, device: torch.device
) -> AbstractContextManager[Processes]:
    """Open the way to other processes, if one of the callbacks of an estimator has it.

    Raises
    ------
    ValueError
        If several have it, or if there are no other processes to be found.
    """
    found = []
    for item in callbacks if isinstance(callbacks, list) else []:
        callback = item[1] if isinstance(item, tuple) else item
        if isinstance(callback, type) and issubclass(callback, ProcessesCallback):
            callback = callback()
        if isinstance(callback, ProcessesCallback):
            found.append(callback)
    if len(found) > 1:
        raise ValueError(
            f"callbacks has {len(found)} of {type(found[0]).__name__}, expected one at "
            "most; remove the others."
        )
    return found[0].opened(device) if found else nullcontext(ALONE)
