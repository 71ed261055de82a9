"""The values of samples: finite numbers of a size that can be trained on."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sk_jae.tasks.conversion import is_missing
from sk_jae.tasks.lazy_arrays import LazyArray, SampleArray
from sk_jae.tasks.moments import extremes_of

__all__ = ["check_size", "to_numbers"]

# The squares of values up to this size are finite in float32, and so is the loss.
_LARGEST = 2.0**64

# Beyond these sizes, the loss is either all that counts or counts for nothing.
_LARGEST_FEATURE, _SMALLEST_FEATURE = 1e6, 1e-6


def to_numbers(
    array: SampleArray, words: str, *, read_later: bool = False
) -> SampleArray:
    """Check that an array holds finite numbers, and convert objects to numbers.

    With `read_later`, what is not in memory is checked when it is read.
    """
    if not isinstance(array, LazyArray) and array.dtype == object:
        array = _objects_to_numbers(array, words)
    kind = array.dtype.kind
    if kind == "c":
        raise ValueError(
            f"Complex data not supported: {words} has dtype {array.dtype}, expected "
            "real numbers."
        )
    if kind not in "biuf":
        raise ValueError(
            f"{words} has dtype {array.dtype}, expected numbers; encode the features "
            "first, for example with sklearn.preprocessing.OrdinalEncoder."
        )
    if kind == "f" and array.size:
        if isinstance(array, LazyArray) and read_later:
            return array.with_check(lambda values: _check_finite(values, words))
        _check_finite(array, words)
    return array


def _check_finite(array: SampleArray, words: str) -> None:
    # This reads the values twice, but it makes no copy, for which a large memory map
    # might leave no room.
    low, high = extremes_of(array)
    if np.isnan(low):
        raise ValueError(
            f"{words} holds NaN or other missing values, expected finite numbers; drop "
            "or impute what is missing before, for example with "
            "sk_jae.preprocessing.PerTask(SimpleImputer())."
        )
    if np.isinf([low, high]).any():
        raise ValueError(f"{words} holds infinity, expected finite numbers.")
    if max(-low, high) > _LARGEST:
        raise ValueError(
            f"{words} holds values from {low:.3g} to {high:.3g}, expected at most "
            f"{_LARGEST:.1e} in size, whose squares are finite in float32; scale the "
            "features, for example with sk_jae.preprocessing.PerTask(StandardScaler())."
        )


def _objects_to_numbers(array: NDArray[Any], words: str) -> NDArray[np.float64]:
    for value in array.flat:
        if isinstance(value, (str, bytes)):
            raise ValueError(
                f"{words} holds the text {value!r}, expected numbers; encode the "
                "features first, for example with "
                "sklearn.preprocessing.OrdinalEncoder."
            )
    missing = np.reshape([is_missing(value) for value in array.flat], array.shape)
    array = np.where(missing, np.nan, array) if missing.any() else array
    try:
        return array.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"{words} holds objects that are not all numbers ({error}), expected "
            "numbers only."
        ) from error


def check_size(array: SampleArray, words: str) -> None:
    """Refuse features so large or so small that nothing can be learned from them."""
    low, high = extremes_of(array)
    largest = max(-low, high)
    if largest > _LARGEST_FEATURE or 0 < largest < _SMALLEST_FEATURE:
        raise ValueError(
            f"{words} holds values of up to {largest:.3g} in size, expected between "
            f"{_SMALLEST_FEATURE:.0e} and {_LARGEST_FEATURE:.0e}, best about 1; scale "
            "the features before, for example with "
            "sk_jae.preprocessing.PerTask(StandardScaler())."
        )
