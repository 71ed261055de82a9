"""Calls that this process and others make together."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from pickle import loads
from typing import Any, TypeAlias

from joblib import cpu_count
from joblib.executor import get_memmapping_executor
from joblib.externals.loky.backend.reduction import dumps

__all__ = ["Functions", "RunTogether", "run_in_processes"]

Functions: TypeAlias = Sequence[Callable[[], Any]]
RunTogether: TypeAlias = Callable[..., list[Any]]
RunSome: TypeAlias = Callable[[Sequence[int]], list[Any]]  # by their places

# Fewer fits at a time gain much less from being trained together.
_LEAST = 18

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
    # joblib takes for its own whatever processes it finds, and knows these.
    executor = get_memmapping_executor(
        n_processes - 1,
        timeout=_IDLE_SECONDS,
        env=dict.fromkeys(_N_THREADS, str(n_threads)),
    )
    parts = _Parts(len(functions), n_processes)
    there = _InWorker(executor, run, functions)
    for _ in range(n_processes - 1):
        threading.Thread(target=parts.work_for, args=(there,), daemon=True).start()
    try:
        parts.work(lambda places: run([functions[i] for i in places]))
        return parts.wait()
    except BaseException:
        parts.stop()
        executor.shutdown(wait=False, kill_workers=True)
        raise


class _InWorker:
    """Calls some of the functions in one of the workers.

    All of them are pickled together, so that what they share is sent once, and at once,
    since this process changes objects as soon as it works with them.
    """

    def __init__(self, executor: Any, run: RunTogether, functions: Functions) -> None:
        self._executor, self._run = executor, run
        self._pickled = bytes(dumps(functions))

    def __call__(self, places: Sequence[int]) -> list[Any]:
        called = self._executor.submit(_run_some, self._run, self._pickled, places)
        found: list[Any] = called.result()
        return found


def _run_some(run: RunTogether, pickled: bytes, places: Sequence[int]) -> list[Any]:
    """In a worker, call the functions that have these places."""
    functions: Functions = loads(pickled)
    return run([functions[i] for i in places])


class _Parts:
    """Functions that are called part by part, and what they have returned."""

    def __init__(self, n_functions: int, n_processes: int) -> None:
        self._results: list[Any] = [None] * n_functions
        self._error: Exception | None = None
        self._n_processes = n_processes
        self._least = min(_LEAST, -(-n_functions // n_processes))
        self._waiting = deque(range(n_functions))
        self._n_taken = 0
        self._changed = threading.Condition()

    def work(self, run: RunSome) -> None:
        """Call parts until none is left, or an error is raised."""
        while places := self._next():
            try:
                found = run(places)
                for i, result in zip(places, found, strict=True):
                    self._results[i] = result
            except Exception as error:
                self._fail(error)
            finally:
                self._end_part()

    def work_for(self, there: RunSome) -> None:
        """The same in another process, which first imports what it needs."""
        try:
            there([])
        except Exception as error:
            self._fail(error)
        self.work(there)

    def _fail(self, error: Exception) -> None:
        with self._changed:
            self._error = self._error or error
            self._waiting.clear()

    def stop(self) -> None:
        """Leave the rest."""
        with self._changed:
            self._waiting.clear()

    def wait(self) -> list[Any]:
        """All results, when the parts that others have taken are done."""
        with self._changed:
            self._changed.wait_for(lambda: self._error or not self._n_taken)
        if self._error is not None:
            raise self._error
        return self._results

    def _next(self) -> list[int]:
        with self._changed:
            n = max(self._least, -(-len(self._waiting) // self._n_processes))
            places = [
                self._waiting.popleft() for _ in range(min(n, len(self._waiting)))
            ]
            self._n_taken += bool(places)
            return places

    def _end_part(self) -> None:
        with self._changed:
            self._n_taken -= 1
            self._changed.notify_all()
