"""Calls that this process and others make together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeAlias

from joblib import cpu_count
from joblib.externals.loky import get_reusable_executor

__all__ = ["Functions", "RunTogether", "run_in_processes"]

Functions: TypeAlias = Sequence[Callable[[], Any]]
RunTogether: TypeAlias = Callable[..., list[Any]]

# Fewer calls at a time gain little from being made together.
_LEAST = 6

# From these, libraries read how many threads they may use.
_N_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")

_IDLE_SECONDS = 300  # after which a worker ends, as joblib's do


def run_in_processes(
    run: RunTogether, functions: Functions, n_processes: int
) -> list[Any]:
    """Call functions in this process and in others, each of which calls many at once.

    This process begins while the others start. Who is ready takes a part of those that
    are left, and the parts become smaller, so that all end at about the same time.

    Parameters
    ----------
    run : callable
        Calls a sequence of functions, with at most `n_threads` threads.
    functions : sequence of callable
    n_processes : int
        Number of processes, with this one.

    Returns
    -------
    results : list
        What the functions have returned.
    """
    n_threads = max(1, cpu_count() // n_processes)
    run = partial(run, n_threads=n_threads)
    executor = get_reusable_executor(
        max_workers=n_processes - 1,
        timeout=_IDLE_SECONDS,
        env=dict.fromkeys(_N_THREADS, str(n_threads)),
    )
    parts = _Parts(functions, n_processes)
    there = _InWorker(executor, run)
    others = [
        threading.Thread(target=parts.work_for, args=(there,), daemon=True)
        for _ in range(n_processes - 1)
    ]
    for other in others:
        other.start()
    try:
        parts.work(run)
        for other in others:
            other.join()
    except BaseException:
        parts.stop()
        executor.shutdown(wait=False, kill_workers=True)
        raise
    if parts.error is not None:
        raise parts.error
    return parts.results


class _InWorker:
    """Calls functions in one of the workers."""

    def __init__(self, executor: Any, run: RunTogether) -> None:
        self._executor, self._run = executor, run

    def __call__(self, functions: Functions) -> list[Any]:
        found: list[Any] = self._executor.submit(self._run, functions).result()
        return found


class _Parts:
    """Functions that are called part by part, and what they have returned.

    Attributes
    ----------
    results : list
    error : Exception or None
        What was raised in another process.
    """

    def __init__(self, functions: Functions, n_processes: int) -> None:
        self.results: list[Any] = [None] * len(functions)
        self.error: Exception | None = None
        self._functions = functions
        self._n_processes = n_processes
        self._waiting = deque(range(len(functions)))
        self._lock = threading.Lock()

    def work(self, run: RunTogether) -> None:
        """Call parts until none is left."""
        while places := self._next():
            found = run([self._functions[i] for i in places])
            for i, result in zip(places, found, strict=True):
                self.results[i] = result

    def work_for(self, there: RunTogether) -> None:
        """The same in another process, which first imports what it needs."""
        try:
            there([])
            self.work(there)
        except Exception as error:
            self.error = error
            self.stop()

    def stop(self) -> None:
        """Leave the rest."""
        with self._lock:
            self._waiting.clear()

    def _next(self) -> list[int]:
        with self._lock:
            n = max(_LEAST, -(-len(self._waiting) // self._n_processes))
            return [self._waiting.popleft() for _ in range(min(n, len(self._waiting)))]
