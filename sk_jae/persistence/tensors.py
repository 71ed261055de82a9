"""Numeric arrays as a safetensors file, and back."""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.exceptions import DamagedFileError
from sk_jae.persistence.archive import MemberReader
from sk_jae.persistence.json_text import read_json

__all__ = ["DTYPES", "contents_of", "read_tensors"]

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


# In the order in which the library writes tensors, so that its files are the same.
_ORDER = [
    *("uint64", "int64", "float64", "float32", "uint32", "int32"),
    *("float16", "uint16", "int16", "int8", "uint8", "bool"),
]
_N_LENGTH = 8
# As torch aligns its memory: what is computed from it may depend on that.
_ALIGNMENT = 64


def contents_of(arrays: Mapping[str, NDArray[Any]]) -> list[bytes | memoryview]:
    """The pieces that are a safetensors file together.

    They are the header and then the memory of the arrays, which is not copied.

    Parameters
    ----------
    arrays : dict of {str: ndarray}
        Each with one of the dtypes of `DTYPES`.
    """
    header, end = {}, 0
    contents: list[bytes | memoryview] = [b""]
    for name in sorted(arrays, key=lambda k: (_rank(arrays[k]), k.encode())):
        array = arrays[name]
        begin, end = end, end + array.nbytes
        header[name] = {
            "dtype": DTYPES[array.dtype.name],
            "shape": list(array.shape),
            "data_offsets": [begin, end],
        }
        little = array.astype(array.dtype.newbyteorder("<"), copy=False)
        contents.append(np.ascontiguousarray(little).reshape(-1).view(np.uint8).data)
    # Without spaces, as the library writes it.
    compact = json.dumps(header, ensure_ascii=False, separators=(",", ":"))
    text = compact.encode()
    text += b" " * (-len(text) % _N_LENGTH)
    contents[0] = struct.pack("<Q", len(text)) + text
    return contents


def read_tensors(member: MemberReader) -> dict[str, NDArray[Any]]:
    """Read the arrays of a safetensors file, each into memory of its own.

    Raises
    ------
    DamagedFileError
        If it is no such file, or has a gap, or something that is named twice.
    """
    places = _places(_header(member), member.n_left)
    return {name: _read_array(member, *place) for name, place in places.items()}


def _rank(array: NDArray[Any]) -> int:
    return _ORDER.index(array.dtype.name)


def _header(member: MemberReader) -> dict[str, Any]:
    if member.n_left < _N_LENGTH:
        raise DamagedFileError("its tensors have no header")
    (size,) = struct.unpack("<Q", member.read(_N_LENGTH))
    if size > member.n_left:
        raise DamagedFileError("the header of its tensors is longer than the file")
    header = read_json(member.read(size))
    if not isinstance(header, dict):
        raise DamagedFileError("the header of its tensors is no object")
    return header


def _places(
    header: dict[str, Any], n_bytes: int
) -> dict[str, tuple[np.dtype[Any], list[int]]]:
    """Dtypes and shapes in the order of the tensors, which fill all bytes."""
    found, ends = {}, {}
    for name, entry in header.items():
        found[name], ends[name] = _checked_entry(name, entry)
    position = 0
    for name in sorted(found, key=ends.__getitem__):
        if ends[name][0] != position:
            raise DamagedFileError(f"the tensor {name!r} is not where it should be")
        position = ends[name][1]
    if position != n_bytes:
        raise DamagedFileError("its tensors have another size than their file")
    return {name: found[name] for name in sorted(found, key=ends.__getitem__)}


def _checked_entry(
    name: str, entry: Any
) -> tuple[tuple[np.dtype[Any], list[int]], tuple[int, int]]:
    try:
        shape, (begin, end) = entry["shape"], entry["data_offsets"]
        (dtype,) = (np.dtype(k) for k, v in DTYPES.items() if v == entry["dtype"])
        right = (
            len(entry) == 3
            and all(type(n) is int and n >= 0 for n in (*shape, begin, end))
            and end - begin == prod(shape) * dtype.itemsize
        )
    except (KeyError, TypeError, ValueError):
        right = False
    if not right:
        raise DamagedFileError(f"the tensor {name!r} is not described as one")
    return (dtype, shape), (begin, end)


def _read_array(
    member: MemberReader, dtype: np.dtype[Any], shape: list[int]
) -> NDArray[Any]:
    size = prod(shape) * dtype.itemsize
    memory = np.empty(size + _ALIGNMENT, dtype=np.uint8)
    begin = -memory.ctypes.data % _ALIGNMENT
    own = memory[begin : begin + size]
    member.read_into(own.data)
    if dtype.kind == "b" and (own > 1).any():
        raise DamagedFileError("a truth value is neither 0 nor 1")
    if sys.byteorder == "big":
        own = own.view(dtype).byteswap(inplace=True)
    try:
        return own.view(dtype).reshape(shape)
    except ValueError as error:
        raise DamagedFileError(f"a tensor has an impossible shape ({error})") from error
