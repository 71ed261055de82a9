"""Runs several fits at the same time, so that their networks can train together.

Every fit has a thread of its own, but only one of these threads runs at any time: it
runs until its training needs an epoch, and waits until the epochs of all fits have been
computed. So the code of a fit is the same whether it is alone or not. A fit that cannot
train together with others does not wait.
"""

from __future__ import annotations

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.architecture import free_memory
from sk_jae.training.net import JointNet
from sk_jae.training.objective import Phase
from sk_jae.training.stacked_epoch import (
    EpochOfTraining,
    StackedTraining,
    structure_of,
)

__all__ = ["computed_once", "run_together", "train_epoch"]

T = TypeVar("T")

# Beyond, the threads and the data of waiting fits cost more than larger groups gain.
_MOST_FITS = 400


class _Stopped(BaseException):
    """Ends the thread of a fit whose result nobody needs any more."""


class _Fit(Generic[T]):
    """A function that runs in a thread of its own, in turns with the caller's.

    Attributes
    ----------
    epoch : EpochOfTraining or None
        What the function waits for.
    result : T
        What it has returned.
    error : BaseException or None
        What it has raised.
    """

    result: T

    def __init__(self, function: Callable[[], T], threads: Executor) -> None:
        self.epoch: EpochOfTraining | None = None
        self.error: BaseException | None = None
        self._function, self._threads = function, threads
        self._context = copy_context()
        self._is_stopped = self._must_be_alone = False
        self._phase: tuple[JointNet, Phase] | None = None
        self._its_turn, self._my_turn = threading.Lock(), threading.Lock()
        self._its_turn.acquire()
        self._my_turn.acquire()
        self._has_started = self._is_running = False

    def go_on(self) -> None:
        """Let the function run until it needs an epoch or ends."""
        self._is_running = True
        if self._has_started:
            self._its_turn.release()
        else:
            self._has_started = True
            self._threads.submit(self._context.run, self._run)
        self._wait()

    def _wait(self) -> None:
        self._my_turn.acquire()
        self._is_running = False

    def stop(self) -> None:
        """End the function, wherever it is."""
        self._is_stopped = True
        if self._is_running:  # Ctrl-C has come to the caller's thread meanwhile
            self._wait()
        while self.epoch is not None:
            self.go_on()

    def _run(self) -> None:
        _current.set(self)
        try:
            self.result = self._function()
        except BaseException as error:
            self.error = error
        finally:
            self._my_turn.release()

    def _is_alone(self, epoch: EpochOfTraining) -> bool:
        """Whether the fit must train by itself in this phase."""
        phase = epoch.net, epoch.net.phase_
        if phase != self._phase:
            self._phase = phase
            self._must_be_alone = structure_of(epoch) is None
        return self._must_be_alone

    def train(self, epoch: EpochOfTraining) -> None:
        """Wait until an epoch has been computed; called by the function."""
        if self._is_stopped:
            raise _Stopped
        if self._is_alone(epoch):
            epoch.alone()
            return
        self.epoch = epoch
        self._my_turn.release()
        self._its_turn.acquire()
        self.epoch = None
        if self._is_stopped:
            raise _Stopped
        if not epoch.is_done:
            epoch.alone()


_current: ContextVar[_Fit[Any] | None] = ContextVar("sk_jae_fit", default=None)


def train_epoch(epoch: EpochOfTraining) -> None:
    """Train a net for an epoch, together with other fits if there are any."""
    fit = _current.get()
    if fit is None:
        epoch.alone()
    else:
        fit.train(epoch)


_found: ContextVar[dict[Any, Any] | None] = ContextVar("sk_jae_found", default=None)


def computed_once(function: Callable[..., T], *arrays: NDArray[Any]) -> T:
    """What a function gives for arrays; once for all fits that have equal ones."""
    found = _found.get()
    if found is None:
        return function(*arrays)
    key = function, *map(_fingerprint, arrays)
    if key not in found:
        found[key] = function(*arrays)
    value: T = found[key]
    return value


def _fingerprint(array: NDArray[Any]) -> tuple[Any, ...]:
    values = hashlib.blake2b(np.ascontiguousarray(array).data).digest()
    return array.shape, array.dtype, values


def run_together(
    functions: Sequence[Callable[[], T]], *, n_threads: int | None = None
) -> list[T]:
    """Call all functions, and train the networks that they fit together.

    As many run at the same time as fit half of the memory that is free.

    Parameters
    ----------
    functions : sequence of callable
        Functions that fit an estimator, among other things. The results of each are the
        same as if it were called alone.
    n_threads : int or None, default=None
        The largest number of threads of torch meanwhile; None leaves it as it is.

    Returns
    -------
    results : list
        What the functions have returned.

    Raises
    ------
    Exception
        The first that a function has raised. The others are stopped.
    """
    token = _found.set({})
    try:
        # A thread that is used again has its memory at hand.
        with _at_most(n_threads), ThreadPoolExecutor(_MOST_FITS + 1) as threads:
            return _results([_Fit(function, threads) for function in functions])
    finally:
        _found.reset(token)


@contextmanager
def _at_most(n_threads: int | None) -> Iterator[None]:
    """Let torch use so many threads, or fewer if it did before."""
    before = torch.get_num_threads()
    if n_threads is None or before <= n_threads:
        yield
        return
    torch.set_num_threads(n_threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _results(fits: Sequence[_Fit[T]]) -> list[T]:
    """What all functions return, a few of which run at the same time."""
    waiting, training = deque(fits), list[_Fit[T]]()
    stacked = StackedTraining()
    enough = (free_memory() or 0) / 2
    try:
        while waiting or training:
            while waiting and (
                not training
                or (len(training) < _MOST_FITS and (free_memory() or 1) > enough)
            ):
                training += _advanced([waiting.popleft()])
            stacked.train([fit.epoch for fit in training if fit.epoch is not None])
            training = _advanced(training)
    except BaseException:
        for fit in fits:
            fit.stop()
        raise
    finally:
        stacked.release()
    return [fit.result for fit in fits]


def _advanced(fits: Sequence[_Fit[T]]) -> list[_Fit[T]]:
    """Let fits go on, and return those that need another epoch."""
    for fit in fits:
        fit.go_on()
        if fit.epoch is None and fit.error is not None:
            raise fit.error
    return [fit for fit in fits if fit.epoch is not None]
