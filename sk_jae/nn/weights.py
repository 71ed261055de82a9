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


def to_tensors(value: Any, device: torch.device | None = None) -> Any:
    """Replace the arrays by tensors that have their own memory and can be trained."""
    if isinstance(value, np.ndarray):
        with torch.inference_mode(False):
            return torch.tensor(value, device=device or torch.device("cpu"))
    if isinstance(value, dict):
        return {key: to_tensors(item, device) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(to_tensors(item, device) for item in value)
    return value
