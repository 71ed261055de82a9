"""What a process does before it trains together with others."""

from __future__ import annotations

from sk_jae.estimators._parameters import JointParameters
from sk_jae.training import Processes, TaskData, described, fingerprint_of_data

__all__ = ["join"]

# These may differ from process to process.
_NOT_COMPARED = ("callbacks", "device", "random_state", "verbose")


def join(processes: Processes, estimator: JointParameters, data: TaskData) -> None:
    """Refuse data, and parameters with plain values, that differ between processes.

    Functions and modules are not compared: these need not have the same hash in every
    process, and the weights of modules are made the same anyway. Only the first process
    prints.

    Raises
    ------
    ValueError
        In all processes, if one of them was given something else.
    """
    if processes.size == 1:
        return
    found = {
        name: described(value)
        for name, value in estimator.get_params(deep=False).items()
        if name not in _NOT_COMPARED and _is_plain(value)
    }
    processes.check_equal({**found, **fingerprint_of_data(data)})
    if processes.rank:
        estimator.verbose = 0


def _is_plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)
