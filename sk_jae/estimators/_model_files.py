"""What a file of a model holds beside the result of the fit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from sk_jae.estimators._parameters import JointParameters
from sk_jae.exceptions import NotSavableError
from sk_jae.persistence import is_plain

__all__ = ["ESTIMATORS", "ModelRecord", "model_record"]

# The classes that a file may name, and where they are.
ESTIMATORS = {
    "JointAutoencoder": "sk_jae.estimators._autoencoder",
    "JointTransferClassifier": "sk_jae.estimators._classifier",
    "JointTransferRegressor": "sk_jae.estimators._regressor",
}

_OUTPUT, _REQUESTS = "_sklearn_output_config", "_metadata_request"
_PLAIN_ATTRIBUTES = ("n_features_in_", "feature_names_in_", _OUTPUT)
_OTHER_ATTRIBUTES = ("_state", "_net", _REQUESTS)


@dataclass(kw_only=True)
class ModelRecord:
    """The content of a file.

    Attributes
    ----------
    estimator : str
        The name of the class.
    parameters : dict of {str: object}
        The constructor parameters whose values are plain.
    functions : dict of {str: str}
        The other ones, each with the name of its value.
    random_states : dict of {str: dict}
        The parameters that are random generators of numpy, each with its state.
    attributes : dict of {str: object}
        The attributes that scikit-learn gives an estimator.
    requests : dict of {str: dict}
        What the methods ask of scikit-learn's metadata routing.
    fit : dict
        See :class:`FitRecord`.
    """

    estimator: str
    parameters: dict[str, Any]
    functions: dict[str, str] = field(default_factory=dict)
    random_states: dict[str, dict[str, Any]] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    requests: dict[str, dict[str, Any]] = field(default_factory=dict)
    fit: dict[str, Any]


def model_record(estimator: JointParameters, fit: dict[str, Any]) -> ModelRecord:
    """Make the content of a file.

    Raises
    ------
    NotSavableError
        If the estimator has an attribute of another kind.
    """
    parameters = estimator.get_params(deep=False)
    known = {*parameters, *_PLAIN_ATTRIBUTES, *_OTHER_ATTRIBUTES}
    if unknown := sorted(set(vars(estimator)) - known):
        raise NotSavableError(
            f"The estimator has the attribute {unknown[0]!r}, which has no place in a "
            "file; delete it, or pickle the estimator."
        )
    record = ModelRecord(estimator=type(estimator).__name__, parameters={}, fit=fit)
    for name, value in parameters.items():
        if is_plain(value):
            record.parameters[name] = value
        elif type(value) is np.random.RandomState:
            record.random_states[name] = value.get_state(legacy=False)
        else:
            record.functions[name] = getattr(value, "__name__", type(value).__name__)
    for name in _PLAIN_ATTRIBUTES:
        if name in vars(estimator):
            record.attributes[name] = vars(estimator)[name]
    if _REQUESTS in vars(estimator):
        routing = estimator.get_metadata_routing()
        for method in ("fit", "score"):
            if requests := dict(getattr(routing, method).requests):
                record.requests[method] = requests
    return record
