"""Numeric arrays as the bytes of a safetensors file, and back."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from sk_jae.exceptions import DamagedFileError
from sk_jae.persistence.json_text import read_json

__all__ = ["DTYPES", "from_bytes", "to_bytes"]

# The names of dtypes in the header, which are those that every release knows.
DTYPES = {
    "bool": "BOOL",
    "int8": "I8",
    "int16": "I16",
    "int32": "I32",
    "int64": "I64",
    "uint8": "U8",
    "uint16": "U16",
    "uint32": "U32",
    "uint64": "U64",
    "float16": "F16",
    "float32": "F32",
    "float64": "F64",
}


def to_bytes(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """The bytes of a safetensors file.

    Parameters
    ----------
    arrays : dict of {str: ndarray}
        Each with one of the dtypes of `DTYPES`.
    """
    plain = {}
    for name, array in arrays.items():
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        plain[name] = np.require(little, requirements="C")
    return bytes(save(plain))


def from_bytes(content: bytes) -> dict[str, NDArray[Any]]:
    """The arrays of a safetensors file; they cannot be written to.

    Raises
    ------
    DamagedFileError
        If the bytes are not such a file, or hold something that is named twice.
    """
    # The library accepts a name that occurs twice.
    for name, entry in _header(content).items():
        _check_entry(name, entry)
    try:
        return load(content)
    except (SafetensorError, KeyError, ValueError, TypeError, OverflowError) as error:
        raise DamagedFileError(f"its tensors cannot be read ({error})") from error


def _header(content: bytes) -> dict[str, Any]:
    size = struct.unpack("<Q", content[:8])[0] if len(content) >= 8 else len(content)
    if size > len(content) - 8:
        raise DamagedFileError("the header of its tensors is longer than the file")
    header = read_json(content[8 : 8 + size])
    if not isinstance(header, dict):
        raise DamagedFileError("the header of its tensors is no object")
    return header


def _check_entry(name: str, entry: Any) -> None:
    try:
        shape, (begin, end) = entry["shape"], entry["data_offsets"]
        itemsize = next(
            np.dtype(dtype).itemsize
            for dtype, code in DTYPES.items()
            if code == entry["dtype"]
        )
        right = end - begin == prod(shape) * itemsize
    except (KeyError, TypeError, ValueError, StopIteration):
        right = False
    if not right:
        raise DamagedFileError(f"the tensor {name!r} is not described as one")
