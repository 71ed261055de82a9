"""What copies, pickles and files of an estimator hold."""

from __future__ import annotations

import inspect
import os
from typing import Any

from sklearn.utils.validation import check_is_fitted

from sk_jae.estimators._fitted_attributes import FittedAttributes
from sk_jae.estimators._model_files import ESTIMATORS, model_record
from sk_jae.estimators._records import record_of, state_of
from sk_jae.exceptions import NotSavableError
from sk_jae.persistence import (
    package_version,
    to_record,
    warn_of_other_version,
    write_state,
)

__all__ = ["Saving"]

_FITTED, _VERSION = "_fitted", "_sk_jae_version"


class Saving(FittedAttributes):
    """Copies, pickles and files, which share one record of the fit."""

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the fitted estimator to a file that :func:`sk_jae.load` reads.

        The file has no code in it. It is written whole or not at all: an earlier file
        at this path is there until the new one is complete. Equal fits give equal
        bytes.

        Parameters
        ----------
        path : path-like
            The file, under any name.

        Raises
        ------
        NotFittedError
            Before `fit`.
        NotSavableError
            If something has no place in the file, such as an attribute of your own.
            Functions and objects among the parameters are left out, and `load` asks for
            them.
        OSError
            If the file cannot be written.
        """
        check_is_fitted(self)
        if ESTIMATORS.get(type(self).__name__) != type(self).__module__:
            known = ", ".join(ESTIMATORS)
            raise NotSavableError(
                f"{type(self).__qualname__} is a class of your own, which a file "
                f"cannot name; expected one of {known}. Pickle it instead."
            )
        record = record_of(self._state, with_skeleton=False)
        write_state(path, "model", to_record(model_record(self, record)))

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        # The skorch net belongs to the fit that made it.
        state.pop("_net", None)
        fitted = state.pop("_state", None)
        if fitted is not None:
            state[_FITTED] = record_of(fitted, with_skeleton=True)
        return {**state, _VERSION: package_version()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        warn_of_other_version(type(self).__name__, state.pop(_VERSION, "0"))
        fitted = state.pop(_FITTED, None)
        super().__setstate__({**_defaults(type(self)), **state})
        if fitted is not None:
            self._state = state_of(fitted)


def _defaults(cls: type[Any]) -> dict[str, Any]:
    """The defaults of the parameters, for those that an older state lacks."""
    parameters = inspect.signature(cls).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}
