"""Plain values as JSON and numeric arrays, and back.

JSON has neither tuples, bytes, numpy's numbers, NaN nor keys that are no text. Such a
value becomes an object with one name that begins with "$". Numeric arrays are taken out
of the JSON and kept by their path in the value.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.exceptions import DamagedFileError, NotSavableError
from sk_jae.persistence.tensors import DTYPES
from sk_jae.persistence.text_arrays import decode_array, encode_array

__all__ = ["decode", "encode", "is_plain"]

_DEEPEST = 50
_LARGEST_INTEGER = 10**1000


def encode(value: Any, arrays: dict[str, NDArray[Any]], path: str = "") -> Any:
    """Turn a plain value into what JSON can hold.

    Parameters
    ----------
    value : dict, list, tuple, str, bytes, bool, int, float, None, or numpy array or \
            number
    arrays : dict of {str: ndarray}
        Numeric arrays are added here.
    path : str, default=""
        The place of the value, for the names of arrays and for errors.

    Raises
    ------
    NotSavableError
        If something is none of these; the message has its path.
    """
    if path.count("/") > _DEEPEST:
        raise NotSavableError(f"{path[:60]}... is nested too deeply for a file.")
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int and abs(value) < _LARGEST_INTEGER:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if type(value) is bytes:
        return {"$bytes": base64.b64encode(value).decode("ascii")}
    if type(value) in (list, tuple):
        items = [encode(v, arrays, _join(path, i)) for i, v in enumerate(value)]
        return items if type(value) is list else {"$tuple": items}
    if type(value) is dict:
        return _encode_dict(value, arrays, path)
    if type(value) is np.ndarray:
        return _encode_array(value, arrays, path)
    if isinstance(value, np.generic):
        # As an array without axes, so that the dtype is kept.
        return {"$number": _encode_array(np.asarray(value), arrays, path)}
    raise NotSavableError(
        f"{path} is a {type(value).__qualname__}, which a file cannot hold; expected "
        "numbers, text, None, numpy arrays, and lists, tuples and dicts of these."
    )


def is_plain(value: Any) -> bool:
    """Whether :func:`encode` takes a value."""
    try:
        encode(value, {})
    except NotSavableError:
        return False
    return True


def decode(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    """Turn back what :func:`encode` has made.

    Raises
    ------
    DamagedFileError
        If :func:`encode` cannot have made it.
    """
    if isinstance(value, list):
        return [decode(item, arrays) for item in value]
    if not isinstance(value, dict):
        return value
    tags = [name for name in value if name.startswith("$")]
    if not tags:
        return {name: decode(item, arrays) for name, item in value.items()}
    if len(value) == 1 and tags[0] in _DECODERS:
        try:
            return _DECODERS[tags[0]](value[tags[0]], arrays)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise DamagedFileError(
                f"its text has a wrong value for {tags[0]!r} ({error})"
            ) from error
    raise DamagedFileError(f"its text has an unknown name {tags[0][:30]!r}")


def _join(path: str, name: object) -> str:
    return f"{path}/{name}" if path else str(name)


def _encode_dict(
    value: dict[Any, Any], arrays: dict[str, NDArray[Any]], path: str
) -> Any:
    if all(type(name) is str and not name.startswith("$") for name in value):
        return {k: encode(v, arrays, _join(path, k)) for k, v in value.items()}
    pairs = [
        [encode(k, arrays, _join(path, i)), encode(v, arrays, _join(path, k))]
        for i, (k, v) in enumerate(value.items())
    ]
    return {"$dict": pairs}


def _encode_array(
    value: NDArray[Any], arrays: dict[str, NDArray[Any]], path: str
) -> Any:
    if value.dtype.name in DTYPES:
        # A lone half of a surrogate pair has no place in a name.
        path = path.encode("utf-8", "replace").decode()
        name, n = path, 1
        # Keys that hold a slash give a name twice; one name means something else.
        while name in arrays or name == "__metadata__":
            n += 1
            name = f"{path}#{n}"
        arrays[name] = value
        return {"$array": name}
    return {"$text_array": encode_array(value, path, lambda v: encode(v, arrays, path))}


def _decode_float(text: Any, arrays: object) -> float:
    return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[text]


def _decode_bytes(text: Any, arrays: object) -> bytes:
    return base64.b64decode(text, validate=True)


def _decode_tuple(items: Any, arrays: Mapping[str, NDArray[Any]]) -> tuple[Any, ...]:
    if not isinstance(items, list):
        raise TypeError("no list")
    return tuple(decode(items, arrays))


def _decode_dict(pairs: Any, arrays: Mapping[str, NDArray[Any]]) -> dict[Any, Any]:
    found = {decode(k, arrays): decode(v, arrays) for k, v in pairs}
    if len(found) != len(pairs):
        raise ValueError("a key occurs twice")
    return found


def _decode_number(value: Any, arrays: Mapping[str, NDArray[Any]]) -> Any:
    array = decode(value, arrays)
    if not isinstance(array, np.ndarray) or array.shape:
        raise TypeError("no array without axes")
    return array[()]


def _decode_array(name: Any, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    array = arrays[name]
    return array if array.flags.writeable else array.copy()


def _decode_text_array(value: Any, arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    return decode_array(value, lambda v: decode(v, arrays))


_DECODERS: dict[str, Callable[[Any, Mapping[str, NDArray[Any]]], Any]] = {
    "$array": _decode_array,
    "$bytes": _decode_bytes,
    "$dict": _decode_dict,
    "$float": _decode_float,
    "$number": _decode_number,
    "$text_array": _decode_text_array,
    "$tuple": _decode_tuple,
}
