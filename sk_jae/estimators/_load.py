"""Reads estimators from files."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import sklearn
import torch

from sk_jae.architecture import Architecture, describe
from sk_jae.estimators._autoencoder import JointAutoencoder
from sk_jae.estimators._base import BaseJointEstimator
from sk_jae.estimators._classifier import JointTransferClassifier
from sk_jae.estimators._model_files import ModelRecord
from sk_jae.estimators._parameters import is_one_coder
from sk_jae.estimators._records import state_of
from sk_jae.estimators._regressor import JointTransferRegressor
from sk_jae.exceptions import (
    DamagedFileError,
    MissingFunctionError,
    UnknownFormatError,
)
from sk_jae.nn import OwnLayer, TaskDescription
from sk_jae.persistence import from_record, read_state
from sk_jae.tasks import per_task
from sk_jae.training import LentGenerators

__all__ = ["load"]

_CLASSES: dict[str, type[BaseJointEstimator]] = {
    cls.__name__: cls
    for cls in (JointAutoencoder, JointTransferClassifier, JointTransferRegressor)
}


def load(
    path: str | os.PathLike[str], *, functions: Mapping[str, Any] | None = None
) -> BaseJointEstimator:
    """Read a fitted estimator from a file that its method `save` has written.

    Nothing in the file is run: a file from a stranger can be loaded. What it predicts
    is to be trusted as far as the stranger.

    Parameters
    ----------
    path : path-like
        The file.
    functions : dict of {str: object} or None, default=None
        The functions, modules and callbacks that were among the parameters, which are
        not in the file, by the names of the parameters. Those that only `fit` needs,
        such as `callbacks`, may be None.

    Returns
    -------
    estimator : JointAutoencoder, JointTransferClassifier or JointTransferRegressor
        It predicts what the saved one did, to the last bit on the same machine, and can
        be fitted again. It has no `net_`, the skorch net of the fit.

    Raises
    ------
    UnknownFormatError
        If the file is something else, or was written by a version of this package that
        knows more.
    DamagedFileError
        If any byte is not as it was written.
    MissingFunctionError
        If the file needs `functions` that were not given.
    ValueError
        If `functions` has one that the file does not need, or modules that the weights
        do not fit.
    OSError
        If the file cannot be read. The errors above are OSErrors too, except the last.

    Warns
    -----
    DeviceWarning
        If the estimator was fitted on a device that is not there. It then uses the CPU.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> import sk_jae
    >>> X = np.random.default_rng(0).normal(size=(40, 5))
    >>> jae = sk_jae.JointAutoencoder(max_epochs=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     jae.save(os.path.join(folder, "model.jae"))
    ...     same = sk_jae.load(os.path.join(folder, "model.jae"))
    >>> bool((same.transform(X) == jae.transform(X)).all())
    True
    """
    stored = read_state(path, "model")
    with _naming(path, stored.versions):
        record: ModelRecord = from_record(stored.state, ModelRecord)
        if record.estimator not in _CLASSES:
            raise UnknownFormatError(f"it holds a {record.estimator[:30]!r}")
        given = _checked_functions(record.functions, functions or {}, path)
        estimator = _unfitted(_CLASSES[record.estimator], record, given)
        _set_attributes(estimator, record)
        estimator._state = state_of(
            record.fit,
            lambda task: _with_modules(task, estimator, record.fit),
            copy=False,  # the arrays were read into memory of their own
        )
    return estimator


@contextmanager
def _naming(
    path: str | os.PathLike[str], versions: Mapping[str, str]
) -> Iterator[None]:
    """Add the path and the version that wrote it to what is wrong with a file."""
    try:
        yield
    except (DamagedFileError, UnknownFormatError) as error:
        raise type(error)(
            f"{os.fspath(path)} holds no model that this version of sk_jae can read: "
            f"{error}. It was written by sk_jae {versions.get('sk_jae')}; if that is a "
            "newer one, update sk_jae."
        ) from error


def _checked_functions(
    needed: Mapping[str, str],
    given: Mapping[str, Any],
    path: str | os.PathLike[str],
) -> dict[str, Any]:
    if more := set(given) - set(needed):
        asked = ", ".join(needed) or "nothing"
        raise ValueError(
            f"functions has {min(more)!r}, but {os.fspath(path)} needs {asked}."
        )
    if missing := {k: v for k, v in needed.items() if k not in given}:
        listed = ", ".join(f"{name} ({value})" for name, value in missing.items())
        example = ", ".join(f"{name!r}: ..." for name in needed)
        raise MissingFunctionError(
            f"{os.fspath(path)} does not hold the values of {listed}; give them as "
            f"load(path, functions={{{example}}}), None for what only fit needs."
        )
    return dict(given)


def _unfitted(
    cls: type[Any], record: ModelRecord, given: dict[str, Any]
) -> BaseJointEstimator:
    """The estimator with its parameters; those that the file lacks have defaults."""
    generators = {k: _generator(v) for k, v in record.random_states.items()}
    estimator: BaseJointEstimator = cls()
    parameters = {**record.parameters, **generators, **given}
    if unknown := set(parameters) - set(estimator.get_params(deep=False)):
        raise DamagedFileError(f"it has the parameter {min(unknown)[:30]!r}")
    for name, value in parameters.items():
        setattr(estimator, name, value)
    return estimator


def _generator(state: dict[str, Any]) -> np.random.RandomState:
    found = np.random.RandomState()
    try:
        found.set_state(state)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise DamagedFileError(f"it has no state of a generator ({error})") from error
    return found


def _set_attributes(estimator: BaseJointEstimator, record: ModelRecord) -> None:
    kinds: dict[str, type] = {
        "n_features_in_": int,
        "feature_names_in_": np.ndarray,
        "_sklearn_output_config": dict,
    }
    for name, value in record.attributes.items():
        if type(value) is not kinds.get(name):
            raise DamagedFileError(f"it has the attribute {name[:30]!r}")
        setattr(estimator, name, value)
    for method, requests in record.requests.items():
        setter = getattr(estimator, f"set_{method}_request", None)
        if method not in ("fit", "score") or setter is None:
            raise DamagedFileError(f"it has requests of {method[:30]!r}")
        with sklearn.config_context(enable_metadata_routing=True):
            setter(**requests)


def _with_modules(
    task: TaskDescription, estimator: BaseJointEstimator, fit: dict[str, Any]
) -> Architecture:
    """The architecture of a task whose modules come from functions of the user."""
    names = fit["facts"]["task_names"]
    t = names.index(task.name)
    encoder, decoder = (
        per_task(value, names, name, is_one=is_one_coder)[t]
        for name, value in (
            ("encoder", estimator.encoder),
            ("decoder", estimator.decoder),
        )
    )
    generators = LentGenerators(torch.device("cpu"))
    generators.seed(0, "encoder")
    with generators.lent():
        made = describe(
            task.name,
            task.shape,
            task.view,
            encoder,
            decoder,
            shared_encoder=estimator.shared_encoder,
        )
    parts = {
        name: getattr(made, name)
        for name in ("private", "shared", "decoder")
        if any(isinstance(layer, OwnLayer) for layer in getattr(task, name))
    }
    return replace(Architecture(**vars(task)), **parts)
