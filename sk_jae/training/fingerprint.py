"""What a fit depends on, as short texts that can be compared and read."""

from __future__ import annotations

import hashlib
import inspect
import types
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import fields, is_dataclass
from functools import partial
from typing import Any

import joblib
import numpy as np
import torch
from skorch.callbacks import (
    Callback,
    EarlyStopping,
    GradientNormClipping,
    LRScheduler,
    ParamMapper,
)
from torch import Tensor, nn

from sk_jae.training.batches import TaskData
from sk_jae.training.objective import Phase

__all__ = ["described", "fingerprint_of", "fingerprint_of_data"]

_LONGEST = 60
_BYTES_PER_BLOCK = 2**24

# Of skorch's callbacks, those that change the training. For other ones nobody knows.
_CHANGING = (EarlyStopping, GradientNormClipping, LRScheduler, ParamMapper)

# Which rows are held out follows from the rest.
_NOT_DATA = ("names", "rows")


def fingerprint_of(
    parameters: Mapping[str, Any],
    phases: tuple[Phase, ...],
    data: TaskData,
    **more: Any,
) -> dict[str, str]:
    """What a fit depends on.

    Parameters
    ----------
    parameters : dict
        The constructor parameters of the estimator.
    phases : tuple of Phase
    data : TaskData
    **more : object
        Whatever else it depends on, by a word for messages.

    Returns
    -------
    fingerprint : dict of {str: str}
        A text for each of these, by a word for messages. Of values that are long, the
        text has a hash.
    """
    own = {**parameters, "callbacks": list(_changing(parameters["callbacks"]))}
    return {
        **{name: described(value) for name, value in own.items()},
        "the phases of training": described(phases),
        **{name.replace("_", " "): described(value) for name, value in more.items()},
        **fingerprint_of_data(data),
        "torch": str(torch.__version__),
    }


def described(value: Any) -> str:
    """A text that is equal for equal values, in any process."""
    text = _text(value)
    if len(text) <= _LONGEST:
        return text
    return f"{text[:_LONGEST]}... ({_hash(text.encode('utf-8', 'surrogatepass'))})"


def _changing(callbacks: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The callbacks that change the training, and their parameters."""
    for item in callbacks if isinstance(callbacks, list) else []:
        callback = item[1] if isinstance(item, tuple) else item
        of_class = callback if isinstance(callback, type) else type(callback)
        if issubclass(of_class, _CHANGING):
            made = callback() if isinstance(callback, type) else callback
            yield of_class.__name__, _parameters(made)


def _parameters(callback: Callback) -> dict[str, Any]:
    # An LRScheduler takes any further ones, which get_params does not know.
    return {k: v for k, v in vars(callback).items() if not k.endswith("_")}


def fingerprint_of_data(data: TaskData) -> dict[str, str]:
    """All fields of the data, each for every task."""
    found = {"the tasks": described(data.names)}
    for field in fields(data):
        values = getattr(data, field.name)
        if field.name in _NOT_DATA:
            continue
        if isinstance(values, tuple) and len(values) == len(data.names):
            for name, value in zip(data.names, values, strict=True):
                found[f"{field.name} of task {name!r}"] = described(value)
        else:
            found[field.name.replace("_", " ")] = described(values)
    return found


def _text(value: Any) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str | bytes):
        return repr(value)
    if isinstance(value, list | tuple):
        return f"({', '.join(map(_text, value))})"
    if isinstance(value, Mapping):
        pairs = (f"{_text(k)}: {_text(v)}" for k, v in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, set | frozenset):
        return f"{{{', '.join(sorted(map(_text, value)))}}}"
    if isinstance(value, Tensor):
        of_numpy = value.detach().cpu()
        # numpy has no such numbers, but all of them are numbers of float32.
        is_short = value.dtype == torch.bfloat16
        return _text((of_numpy.float() if is_short else of_numpy).numpy())
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name: getattr(value, f.name) for f in fields(value)}
        return f"{type(value).__name__} {_text(own)}"
    if hasattr(value, "shape") and hasattr(value, "dtype"):
        return f"{value.dtype} {tuple(value.shape)} {_hash_of_array(value)}"
    return _text_of_object(value)


def _text_of_object(value: Any) -> str:
    if isinstance(value, type | types.BuiltinFunctionType):
        return f"{value.__module__}.{value.__qualname__}"
    if isinstance(value, types.FunctionType):
        return f"{value.__module__}.{value.__qualname__} {_hash_of_function(value)}"
    if isinstance(value, types.MethodType):
        return f"{_text(value.__func__)} of {_text(value.__self__)}"
    if isinstance(value, types.CodeType):
        return _text((value.co_code.hex(), value.co_names, value.co_consts))
    kind = f"{type(value).__module__}.{type(value).__qualname__}"
    if isinstance(value, partial):
        return f"{kind} {_text((value.func, value.args, value.keywords))}"
    if isinstance(value, nn.Module):
        return f"{kind} {_hash_of_module(value)}"
    return f"{kind} {_hash_of_object(value)}"


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def _hash_of_array(array: Any) -> str:
    """The hash of an array, of which only some rows are in memory at a time."""
    found = hashlib.sha256()
    if not array.shape:
        found.update(np.asarray(array).tobytes())
    elif len(array):
        of_row = np.dtype(array.dtype).itemsize * int(np.prod(array.shape[1:]))
        n = max(1, _BYTES_PER_BLOCK // max(1, of_row))
        for start in range(0, len(array), n):
            rows = np.ascontiguousarray(array[start : start + n])
            is_text = rows.dtype.kind == "O"
            found.update(_bytes(rows) if is_text else rows.tobytes())
    return found.hexdigest()[:16]


def _bytes(rows: Any) -> bytes:
    return _text(rows.tolist()).encode("utf-8", "surrogatepass")


def _hash_of_function(function: types.FunctionType) -> str:
    """The hash of what a function does, which its name does not tell."""
    own = (function.__code__, function.__defaults__, function.__kwdefaults__)
    text = _text(own)
    # Functions may use each other or themselves, or what is not there yet.
    with suppress(RecursionError, ValueError):
        text += _text(_used_by(function))
    return _hash(text.encode("utf-8", "surrogatepass"))


def _used_by(function: types.FunctionType) -> dict[str, Any]:
    """The variables that a function finds around it, and plain ones of its module."""
    used = inspect.getclosurevars(function)
    plain = {k: v for k, v in used.globals.items() if isinstance(v, int | float | str)}
    return plain | {k: v for k, v in used.nonlocals.items() if v is not function}


def _hash_of_module(module: nn.Module) -> str:
    state = {k: _text(v) for k, v in module.state_dict().items()}
    return _hash(_text((repr(module), state)).encode("utf-8", "surrogatepass"))


def _hash_of_object(value: Any) -> str:
    try:
        return str(joblib.hash(value))[:16]
    except Exception:  # what cannot be pickled is known by its class alone
        return ""
