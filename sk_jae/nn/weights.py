"""Tensors as numpy arrays, inside any nesting, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

__all__ = ["to_arrays", "to_tensors"]


def to_arrays(value: Any) -> Any:
    """Replace the tensors in dicts, lists and tuples by arrays of the same memory.

    Raises
    ------
    TypeError
        If a tensor has a dtype that numpy does not have, such as bfloat16.
    """
    if isinstance(value, Tensor):
        return value.detach().cpu().contiguous().numpy()
    if isinstance(value, dict):
        return {key: to_arrays(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(to_arrays, value))
    return value


def to_tensors(
    value: Any, device: torch.device | None = None, *, copy: bool = True
) -> Any:
    """Replace the arrays by tensors that can be trained.

    Parameters
    ----------
    value : object
    device : torch.device or None, default=None
        None for the CPU.
    copy : bool, default=True
        Whether they have memory of their own, and not that of the arrays.
    """
    if isinstance(value, np.ndarray):
        with torch.inference_mode(False):
            if not copy:
                return torch.from_numpy(value).to(device or torch.device("cpu"))
            return torch.tensor(value, device=device or torch.device("cpu"))
    if isinstance(value, dict):
        return {k: to_tensors(item, device, copy=copy) for k, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_tensors(item, device, copy=copy) for item in value)
    return value
