"""Numbers among the constructor parameters: which ones are taken, and in which type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Integral, Real
from typing import Any, TypeVar

import numpy as np

from sk_jae._sklearn_types import BaseEstimator

__all__ = ["check_numbers", "with_plain_numbers"]

Estimator = TypeVar("Estimator", bound=BaseEstimator)

_BITS = 63
_DEPTH = 3  # of lists and dicts in each other


def check_numbers(
    parameters: Mapping[str, Any], constraints: Mapping[str, list[Any]]
) -> None:
    """Refuse numbers that scikit-learn's validation lets pass or cannot read.

    Parameters
    ----------
    parameters : dict
        The values by name.
    constraints : dict of lists
        scikit-learn's constraints by name.

    Raises
    ------
    TypeError
        If a value is a boolean where a number is expected, though Python takes it for
        one, or if it is no number of Python or numpy.
    ValueError
        If an integer has more than 63 bits.
    """
    for name, value in parameters.items():
        words = {c for c in constraints.get(name, ["boolean"]) if isinstance(c, str)}
        if isinstance(value, bool) and not words & {"boolean", "verbose"}:
            raise TypeError(f"{name} is {value}, expected a number.")
        if isinstance(value, Real) and not _is_plain(value):
            raise TypeError(
                f"{name} is a {type(value).__name__}, expected an int or a float; "
                "convert it by float."
            )
        if any(int(n).bit_length() > _BITS for n in _integers_in(value)):
            raise ValueError(
                f"{name} holds an integer of more than {_BITS} bits, expected a "
                "smaller number."
            )


def with_plain_numbers(estimator: Estimator) -> Estimator:
    """An unfitted copy of an estimator without numbers of numpy's types.

    Those overflow in silence, or compute in few digits.
    """
    plain = object.__new__(type(estimator))
    for name, value in estimator.get_params(deep=False).items():
        if isinstance(value, np.integer):
            setattr(plain, name, int(value))
        elif isinstance(value, np.floating):
            setattr(plain, name, float(value))
        else:
            setattr(plain, name, value)
    return plain


def _is_plain(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating)


def _integers_in(value: object, depth: int = 0) -> Iterable[Any]:
    """All integers in a value and in the lists and dicts in it."""
    if isinstance(value, Integral):
        yield value
    elif depth < _DEPTH and isinstance(value, (list, tuple)):
        for item in value:
            yield from _integers_in(item, depth + 1)
    elif depth < _DEPTH and isinstance(value, dict):
        yield from _integers_in(list(value.values()), depth + 1)
