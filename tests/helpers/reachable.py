"""Every value that can be reached from an object, by the path that leads to it."""

from __future__ import annotations

import functools
import types
from collections import deque

import numpy as np
import torch

# These have no parts, or what they do is not changed by a training.
_WHOLE = (
    str,
    bytes,
    int,
    float,
    complex,
    type(None),
    np.generic,
    torch.dtype,
    torch.device,
)
_NAMED = (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)


def reachable(value, left_out=()):
    """The values, by path, that `value` consists of.

    Parameters
    ----------
    value : object
    left_out : collection of str
        Names of attributes and keys that are not followed.
    """
    found, seen = {}, set()
    waiting = deque([("", value)])
    while waiting:
        path, value = waiting.popleft()
        if isinstance(value, _WHOLE):
            found[path] = value
        elif isinstance(value, _NAMED):
            found[path] = value.__name__
        elif isinstance(value, torch.Generator):
            found[path] = value.get_state()
        elif isinstance(value, tuple) or id(value) not in seen:
            seen.add(id(value))
            if isinstance(value, torch.Tensor):
                found[path] = value.detach().clone()
            elif isinstance(value, np.ndarray):
                found[path] = value.copy()
            waiting += [
                (f"{path}/{name}", part)
                for name, part in _parts(value)
                if name not in left_out
            ]
    return found


def _parts(value):
    """The names and values of the parts of an object."""
    if isinstance(value, torch.Tensor | np.ndarray):
        return []
    if isinstance(value, dict):
        own = [(str(key), item) for key, item in value.items()]
    elif isinstance(value, list | tuple):
        own = [(str(k), item) for k, item in enumerate(value)]
    elif isinstance(value, set | frozenset):
        own = [("", sorted(value, key=str))]
    elif isinstance(value, types.MethodType):
        own = [("self", value.__self__)]
    elif isinstance(value, functools.partial):
        own = [("func", value.func), ("args", value.args), ("kw", value.keywords)]
    else:
        own = []
    if isinstance(value, torch.optim.Optimizer):
        # The state has the parameters themselves as keys.
        return [("state", value.state_dict())]
    return [*own, *getattr(value, "__dict__", {}).items()]


def difference(one, other):
    """The paths whose values are not the same to the last bit."""
    return sorted(
        path
        for path in {*one, *other}
        if path not in one or path not in other or not _equal(one[path], other[path])
    )


def _equal(one, other):
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        same = one.dtype == other.dtype and one.stride() == other.stride()
        return same and torch.equal(one, other)
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    return one == other or (one != one and other != other)
