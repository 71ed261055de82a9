"""What the descriptions of layers have in common."""

from __future__ import annotations

from dataclasses import fields
from numbers import Integral
from typing import TypeAlias

__all__ = ["Checked", "Kernel", "Shape", "is_positive_int"]

Shape: TypeAlias = tuple[int, ...]
Kernel: TypeAlias = tuple[int, int] | tuple[int]

# A kernel has one side for signals and two for images, and so on.
_FIELD_LENGTHS = {"kernel": (1, 2), "size": (1, 2), "shape": (2, 3)}


class Checked:
    """Base class that checks the fields: positive integers, or tuples of these."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]
            value = getattr(self, field.name)
            if value is None and field.default is None:
                continue
            lengths = _FIELD_LENGTHS.get(field.name)
            if lengths is None:
                expected, valid = "a positive integer", is_positive_int(value)
            else:
                expected = "a tuple of {} or {} positive integers".format(*lengths)
                valid = isinstance(value, tuple) and len(value) in lengths
                valid = valid and all(map(is_positive_int, value))
            if not valid:
                raise ValueError(
                    f"{field.name} of {type(self).__name__} must be {expected}, "
                    f"got {value!r}."
                )


def is_positive_int(value: object) -> bool:
    integer = isinstance(value, Integral) and not isinstance(value, bool)
    return integer and int(value) >= 1  # type: ignore[call-overload]
