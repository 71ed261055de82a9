"""Reading pickles that need nothing but arrays of uint8 and built-in types."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Literal, NoReturn

import numpy as np

# The published files have the old name of this module, and numpy 2 has the new one.
_RECONSTRUCT_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")


def load_pickle(path: Path) -> Any:
    """Read a pickle whose only objects are numpy arrays of dtype uint8.

    The pickle can call neither functions of numpy nor any other functions.

    Parameters
    ----------
    path : pathlib.Path
        The file. Strings in it that Python 2 wrote are read as latin-1.

    Returns
    -------
    content : object
        Dicts, lists, tuples, strings, numbers and `PickledArray`.

    Raises
    ------
    pickle.UnpicklingError
        If the pickle needs other functions or objects.
    """
    with path.open("rb") as file:
        return _ArrayUnpickler(file, encoding="latin1").load()


class _ArrayUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if name == "_reconstruct" and module in _RECONSTRUCT_MODULES:
            return _reconstruct
        if (module, name) == ("numpy", "ndarray"):
            return _ARRAY_TYPE
        if (module, name) == ("numpy", "dtype"):
            return _Uint8
        raise pickle.UnpicklingError(
            f"it needs {module}.{name}, but the published files only need numpy "
            "arrays, so it is not loaded"
        )

    def persistent_load(self, pid: Any) -> NoReturn:
        raise pickle.UnpicklingError("it refers to objects outside of the file")


# This replaces the class ndarray, which a pickle could call with any shape.
_ARRAY_TYPE = "ndarray"


class _Uint8:
    """Replacement of numpy's dtype that accepts only uint8."""

    def __init__(self, name: str, *flags: object) -> None:
        if name != "u1":
            raise pickle.UnpicklingError(
                f"it has an array of dtype {name!r}, expected 'u1' (uint8)"
            )

    def __setstate__(self, state: object) -> None:
        """Ignore the byte order and other details, which bytes do not have."""


class PickledArray:
    """Array of dtype uint8 in a pickle.

    Attributes
    ----------
    values : ndarray of dtype uint8
        The array itself.
    """

    values: np.ndarray

    def __setstate__(self, state: Any) -> None:
        _, shape, dtype, is_fortran, content = state
        if not isinstance(dtype, _Uint8):
            raise pickle.UnpicklingError("it has an array without a dtype")
        # The bytes that Python 2 wrote are read as text; see `load_pickle`.
        raw = content.encode("latin1") if isinstance(content, str) else content
        order: Literal["F", "C"] = "F" if is_fortran else "C"
        self.values = np.frombuffer(raw, np.uint8).reshape(shape, order=order)


def _reconstruct(kind: object, *arguments: object) -> PickledArray:
    return PickledArray()
