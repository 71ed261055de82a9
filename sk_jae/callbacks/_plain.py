"""States with tensors as plain values with arrays, and back to the last bit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

__all__ = ["from_plain", "to_plain"]

_TENSOR = "a torch tensor"

# Of the other dtypes, which numpy does not have, the bytes are kept.
_OF_NUMPY = {
    torch.bool,
    torch.uint8,
    torch.int8,
    torch.int16,
    torch.int32,
    torch.int64,
    torch.float16,
    torch.float32,
    torch.float64,
}


def to_plain(value: Any) -> Any:
    """The value with an array in place of every tensor in its dicts and lists."""
    if isinstance(value, Tensor):
        return {_TENSOR: _of_tensor(value.detach().cpu())}
    if isinstance(value, dict):
        return {key: to_plain(item) for key, item in value.items()}
    if type(value) in (list, tuple):
        return type(value)(map(to_plain, value))
    return value


def from_plain(value: Any) -> Any:
    """The value that :func:`to_plain` had, with all tensors on the CPU."""
    if isinstance(value, dict):
        if list(value) == [_TENSOR]:
            return _to_tensor(**value[_TENSOR])
        return {key: from_plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(from_plain, value))
    return value


def _of_tensor(tensor: Tensor) -> dict[str, Any]:
    flat = tensor.reshape(-1)
    if tensor.dtype not in _OF_NUMPY:
        flat = flat.contiguous().view(torch.uint8)
    return {
        "values": flat.numpy(),
        "dtype": str(tensor.dtype).removeprefix("torch."),
        "shape": tuple(tensor.shape),
        # Optimizers compute faster, and perhaps otherwise, if these are equal.
        "strides": tuple(tensor.stride()) if _has_gapless_order(tensor) else None,
    }


def _to_tensor(values: Any, dtype: str, shape: Any, strides: Any) -> Tensor:
    tensor = torch.from_numpy(values).view(getattr(torch, dtype)).reshape(shape)
    if strides is None:
        return tensor
    return torch.empty_strided(shape, strides, dtype=tensor.dtype).copy_(tensor)


def _has_gapless_order(tensor: Tensor) -> bool:
    """Whether the values fill a block of memory, in any order of the axes."""
    step = 1
    for stride, size in sorted(zip(tensor.stride(), tensor.shape, strict=True)):
        if size > 1:
            if stride != step:
                return False
            step *= size
    return True
