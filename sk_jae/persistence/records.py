"""Dataclasses as plain records, and back with every value checked.

The fields of a dataclass and their types are the one description of what a record
holds: a new field is written and read without another line of code. A field that an
older record does not have gets its default.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import numpy as np

from sk_jae.exceptions import DamagedFileError

__all__ = ["from_record", "to_record"]

T = TypeVar("T")

_KIND = "kind of"


def to_record(value: Any) -> Any:
    """Turn dataclasses, also those inside lists, tuples and dicts, into dicts.

    Parameters
    ----------
    value : dataclass or plain value

    Returns
    -------
    record : dict or plain value
        A dataclass becomes a dict of its fields, with the name of its class. Numbers of
        numpy become those of Python.

    Examples
    --------
    >>> from sk_jae.architecture import FC
    >>> from sk_jae.persistence import to_record
    >>> to_record(FC(3))
    {'kind of': 'FC', 'width': 3}
    """
    if is_dataclass(value) and not isinstance(value, type):
        found = {f.name: to_record(getattr(value, f.name)) for f in fields(value)}
        return {_KIND: type(value).__name__, **found}
    if type(value) in (list, tuple):
        return type(value)(to_record(item) for item in value)
    if type(value) is dict:
        return {key: to_record(item) for key, item in value.items()}
    return value.item() if isinstance(value, np.generic) else value


def from_record(record: Any, expected: Any, path: str = "") -> Any:
    """Turn back what :func:`to_record` has made.

    Parameters
    ----------
    record : dict or plain value
    expected : type
        A dataclass, or any type that its fields may have: plain types, unions,
        literals, ``tuple[int, ...]``, ``NDArray[np.float64]`` and the like.
    path : str, default=""
        The place of the record, for errors.

    Returns
    -------
    value : object
        Of the type that was expected.

    Raises
    ------
    DamagedFileError
        If the record has a value of another type or a field that the dataclass does not
        have, or lacks a field that has no default.

    Examples
    --------
    >>> from sk_jae.architecture import FC, Conv
    >>> from sk_jae.persistence import from_record
    >>> from_record({"kind of": "FC", "width": 3}, FC | Conv)
    FC(width=3)
    """
    origin, options = get_origin(expected), get_args(expected)
    if expected is Any:
        return record
    if origin in (Union, UnionType):
        return _from_union(record, options, path)
    if origin is Literal:
        return _checked(record, record in options and type(record) in (str, int), path)
    if is_dataclass(expected):
        return _from_fields(record, _class_of(record, expected), path)
    if origin is np.ndarray:
        dtype = get_args(options[1])[0]
        # joblib.load(mmap_mode=...) makes memory maps of arrays.
        right = type(record) in (np.ndarray, np.memmap)
        right = right and (dtype is Any or np.issubdtype(record.dtype, dtype))
        return _checked(record, right, path)
    if origin is tuple:
        return _from_tuple(record, options, path)
    if origin is list:
        _checked(record, type(record) is list, path)
        return [
            from_record(v, options[0], f"{path}[{i}]") for i, v in enumerate(record)
        ]
    if origin is dict:
        _checked(record, type(record) is dict, path)
        return {
            from_record(k, options[0], path): from_record(v, options[1], f"{path}.{k}")
            for k, v in record.items()
        }
    if expected is float:
        return _checked(record, type(record) in (int, float), path)
    return _checked(record, type(record) is expected, path)


def _checked(value: T, right: bool, path: str) -> T:
    if not right:
        raise DamagedFileError(
            f"{path or 'the state'} cannot be a {type(value).__name__} of this value"
        )
    return value


def _from_union(record: Any, options: tuple[Any, ...], path: str) -> Any:
    if record is None and NoneType in options:
        return None
    named = record.get(_KIND) if type(record) is dict else None
    for option in options:
        if option is NoneType:
            continue
        if is_dataclass(option) and named not in _names(option):
            continue
        try:
            return from_record(record, option, path)
        except DamagedFileError:
            if named:
                raise
    return _checked(record, False, path)


def _class_of(record: Any, expected: Any) -> Any:
    """The expected class, or that subclass whose name the record has."""
    named = record.get(_KIND) if type(record) is dict else None
    return next((c for c in _with_subclasses(expected) if _name(c) == named), expected)


def _with_subclasses(cls: Any) -> list[Any]:
    """The class and those derived from it in the same package."""
    package = cls.__module__.rpartition(".")[0]
    own = [c for c in cls.__subclasses__() if c.__module__.startswith(package)]
    return [cls, *(derived for c in own for derived in _with_subclasses(c))]


def _names(cls: Any) -> list[str]:
    return [_name(own) for own in _with_subclasses(cls)]


def _name(cls: Any) -> str:
    return str(cls.__name__)


def _from_tuple(record: Any, options: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    _checked(record, type(record) is tuple, path)
    if len(options) == 2 and options[1] is Ellipsis:
        options = (options[0],) * len(record)
    _checked(record, len(record) == len(options), path)
    pairs = enumerate(zip(record, options, strict=True))
    return tuple(from_record(v, kind, f"{path}[{i}]") for i, (v, kind) in pairs)


def _from_fields(record: Any, cls: Any, path: str) -> Any:
    where = path or _name(cls)
    _checked(record, type(record) is dict and record.get(_KIND) == _name(cls), where)
    own = {f.name: f for f in fields(cls)}
    if unknown := set(record) - {_KIND, *own}:
        raise DamagedFileError(
            f"{where} has {_listed(unknown)}, which this version does not know"
        )
    if missing := [n for n, f in own.items() if n not in record and _is_needed(f)]:
        raise DamagedFileError(
            f"{where} lacks {_listed(missing)}, which this version needs"
        )
    kinds: Mapping[str, Any] = get_type_hints(cls)
    values = {
        name: from_record(record[name], kinds[name], f"{where}.{name}")
        for name in own
        if name in record
    }
    try:
        return cls(**values)
    except (TypeError, ValueError) as error:
        raise DamagedFileError(f"{where} cannot be made ({error})") from error


def _is_needed(own: Field[Any]) -> bool:
    return own.default is MISSING and own.default_factory is MISSING


def _listed(names: Any) -> str:
    return ", ".join(repr(str(name)[:30]) for name in sorted(names, key=str))
