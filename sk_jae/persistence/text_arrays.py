"""Arrays of text, dates and Python objects, such as classes, as JSON."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.exceptions import NotSavableError

__all__ = ["decode_array", "encode_array"]

# Arrays of text have the width of their widest item, or a larger one up to this total
# number of characters: a short text cannot ask for much memory.
_MOST_PADDING = 1_000_000


def encode_array(
    array: NDArray[Any], path: str, encode: Callable[[Any], Any]
) -> dict[str, Any]:
    """Describe an array by its kind, its shape and its items in C order.

    Raises
    ------
    NotSavableError
        If the dtype is another one.
    """
    kind, items = array.dtype.kind, array.ravel()
    described: dict[str, Any] = {"shape": list(array.shape)}
    if kind == "U":
        return {**described, "text": items.tolist(), "width": _width(array)}
    if kind == "S":
        texts = [item.decode("latin-1") for item in items.tolist()]
        return {**described, "bytes": texts, "width": _width(array)}
    if kind in "mM":
        numbers = items.astype(array.dtype.newbyteorder("=")).view(np.int64).tolist()
        return {**described, "times": numbers, "unit": array.dtype.name}
    if kind == "T" and array.dtype == np.dtypes.StringDType():
        return {**described, "strings": [encode(item) for item in items.tolist()]}
    if kind == "O":
        return {**described, "objects": [encode(item) for item in items.tolist()]}
    raise NotSavableError(
        f"{path} is an array of {array.dtype}, which a file cannot hold; expected "
        "numbers, booleans, text or dates."
    )


def decode_array(value: Any, decode: Callable[[Any], Any]) -> NDArray[Any]:
    """Make the array that :func:`encode_array` has described.

    Raises
    ------
    KeyError, TypeError, ValueError, OverflowError
        If it was not described by that.
    """
    (kind,) = set(value) & set(_DECODERS)
    found, shape = _DECODERS[kind](value, decode), value["shape"]
    if not all(type(n) is int and n >= 0 for n in shape) or prod(shape) != len(found):
        raise ValueError(f"{len(found)} items cannot have the shape {shape}")
    return found.reshape(shape)


def _width(array: NDArray[Any]) -> int:
    """The width to restore: that of the dtype, if it is within reason."""
    width = array.dtype.itemsize // (4 if array.dtype.kind == "U" else 1)
    if width * array.size <= _MOST_PADDING:
        return width
    return int(np.strings.str_len(array).max()) if array.size else 1


def _padded(items: list[Any], kind: str, width: Any) -> NDArray[Any]:
    narrow = max(map(len, items), default=1)
    if type(width) is not int or width < narrow:
        raise ValueError(f"a width of {width}")
    if width > narrow and width * len(items) > _MOST_PADDING:
        raise ValueError(f"a width of {width} for short items")
    return np.array(items, dtype=f"{kind}{max(width, 1)}")


def _decode_text(value: Any, decode: object) -> NDArray[Any]:
    if not all(type(item) is str for item in value["text"]):
        raise TypeError("an item that is no text")
    return _padded(value["text"], "U", value["width"])


def _decode_bytes(value: Any, decode: object) -> NDArray[Any]:
    items = [item.encode("latin-1") for item in value["bytes"]]
    return _padded(items, "S", value["width"])


def _decode_times(value: Any, decode: object) -> NDArray[Any]:
    unit = value["unit"]
    if not unit.startswith(("datetime64", "timedelta64")):
        raise ValueError(f"an unknown unit {unit[:30]!r}")
    return np.array(value["times"], dtype=np.int64).view(unit)


def _decode_strings(value: Any, decode: Callable[[Any], Any]) -> NDArray[Any]:
    # Only numpy 2 has this dtype.
    items = [decode(item) for item in value["strings"]]
    if not all(type(item) is str for item in items):
        raise TypeError("an item that is no text")
    return np.array(items, dtype=np.dtypes.StringDType())


def _decode_objects(value: Any, decode: Callable[[Any], Any]) -> NDArray[Any]:
    found = np.empty(len(value["objects"]), dtype=object)
    for i, item in enumerate(value["objects"]):
        found[i] = decode(item)
    return found


_DECODERS: dict[str, Callable[[Any, Callable[[Any], Any]], NDArray[Any]]] = {
    "bytes": _decode_bytes,
    "objects": _decode_objects,
    "strings": _decode_strings,
    "text": _decode_text,
    "times": _decode_times,
}
