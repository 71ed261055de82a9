"""A joblib backend whose calls train their networks together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from warnings import catch_warnings

from joblib import effective_n_jobs, parallel_config
from joblib.parallel import ParallelBackendBase
from sklearn.pipeline import Pipeline

from sk_jae.model_selection._workers import Functions, RunTogether, run_in_processes

__all__ = ["training_together"]

# joblib hands over at most twice as many calls as there are workers.
_MANY = 10**5


@contextmanager
def training_together(estimator: Any) -> Iterator[None]:
    """Let scikit-learn's calls of joblib train the networks of an estimator together.

    Nothing changes for estimators that do not offer it. The estimator may be the last
    step of a pipeline.
    """
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    run = getattr(estimator, "_fit_together", None)
    if run is None:
        yield
        return
    # Calls that run in turns put the filters of warnings back in another order.
    with catch_warnings(), parallel_config(backend=_Together(run)):
        yield


class _Together(ParallelBackendBase):  # type: ignore[misc]
    """Collects all calls, and makes them when the first result is asked for."""

    supports_sharedmem = True
    uses_threads = True

    def __init__(self, run: RunTogether) -> None:
        super().__init__(nesting_level=0)
        self._run = run
        self._n_jobs = 1
        self._calls: list[_Call] = []

    def effective_n_jobs(self, n_jobs: int | None) -> int:
        if n_jobs == 0:
            raise ValueError("n_jobs == 0 in Parallel has no meaning")
        self._n_jobs = n_jobs or 1
        return _MANY

    def submit(
        self, func: Callable[[], Any], callback: Callable[[Any], object] | None = None
    ) -> _Call:
        call = _Call(self, func, callback)
        self._calls.append(call)
        return call

    apply_async = submit  # its name before joblib 1.5

    def run_all(self) -> None:
        """Make all calls that wait."""
        calls, self._calls = self._calls, []
        functions = [call.function for call in calls]
        for call, result in zip(calls, self._results(functions), strict=True):
            call.set_result(result)

    def _results(self, functions: Functions) -> list[Any]:
        with parallel_config(backend="loky"):
            n_processes = min(effective_n_jobs(self._n_jobs), len(functions))
        if n_processes < 2:
            return self._run(functions)
        return run_in_processes(self._run, functions, n_processes)

    def abort_everything(self, ensure_ready: bool = True) -> None:
        self._calls = []


class _Call:
    """A call that joblib waits for."""

    def __init__(
        self,
        backend: _Together,
        function: Callable[[], Any],
        callback: Callable[[Any], object] | None,
    ) -> None:
        self.function = function
        self._backend, self._callback = backend, callback
        self._has_result = False
        self._result: Any = None

    def set_result(self, result: Any) -> None:
        self._result, self._has_result = result, True
        if self._callback is not None:
            self._callback(result)

    def get(self) -> Any:
        if not self._has_result:
            self._backend.run_all()
        return self._result
