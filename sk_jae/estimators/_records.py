"""The result of a fit as one plain record, which copies, pickles and files share."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import torch

from sk_jae.architecture import Architecture
from sk_jae.estimators._state import FittedFacts, FittedState
from sk_jae.exceptions import DamagedFileError, DeviceWarning
from sk_jae.nn import (
    JointModule,
    TaskDescription,
    skeleton,
    to_arrays,
    to_tensors,
    with_weights,
)
from sk_jae.persistence import from_record, to_record
from sk_jae.training import OptimizerState, available_devices

__all__ = ["FitRecord", "record_of", "state_of"]


# What building a module from values that contradict each other can raise.
_CONTRADICTIONS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


@dataclass(kw_only=True)
class FitRecord:
    """The record of a :class:`FittedState`.

    Attributes
    ----------
    facts : FittedFacts
    device : str
    weights : dict of {str: ndarray}
        The parameters and buffers of the module, by name.
    frozen : tuple of str
        The names of the parameters that are not trained.
    optimizer : OptimizerState or None
        With arrays in place of tensors.
    skeleton : JointModule or None
        The module without its weights, if modules of the user are part of it. Only
        copies and pickles have it.
    """

    facts: FittedFacts
    device: str
    weights: dict[str, Any]
    frozen: tuple[str, ...] = ()
    optimizer: OptimizerState | None = None
    skeleton: Any = None


def record_of(state: FittedState, *, with_skeleton: bool) -> dict[str, Any]:
    """Make the record of a state; its arrays share memory with the module."""
    facts = {f.name: getattr(state, f.name) for f in fields(FittedFacts)}
    optimizer = state.optimizer
    if optimizer is not None:
        optimizer = OptimizerState(optimizer.name, to_arrays(optimizer.state))
    record = FitRecord(
        facts=FittedFacts(**facts),
        device=str(state.device),
        weights=to_arrays(dict(state.module.state_dict())),
        frozen=tuple(
            name
            for name, weight in state.module.named_parameters()
            if not weight.requires_grad
        ),
        optimizer=optimizer,
    )
    if with_skeleton and state.description.has_own:
        record.skeleton = skeleton(state.module)
    plain: dict[str, Any] = to_record(record)
    return plain


def state_of(
    plain: Any,
    own: Callable[[TaskDescription], Architecture] | None = None,
    *,
    copy: bool = True,
) -> FittedState:
    """Make a state of its record.

    Parameters
    ----------
    plain : dict
    own : callable or None, default=None
        See :meth:`ModuleDescription.build`.
    copy : bool, default=True
        Whether the state has memory of its own, and not that of the record.

    Raises
    ------
    DamagedFileError
        If it is no such record.

    Warns
    -----
    DeviceWarning
        If the device is not there.
    """
    record: FitRecord = from_record(plain, FitRecord)
    try:
        record.facts.check()
        module = _module_of(record, own, copy)
        device = torch.device(record.device)
    except _CONTRADICTIONS as error:
        raise DamagedFileError(f"its parts do not fit together ({error})") from error
    if str(device) not in available_devices():
        warnings.warn(
            f"The estimator was fitted on {device}, which is not there, and goes on "
            "with the CPU.",
            DeviceWarning,
            stacklevel=3,
        )
        device = torch.device("cpu")
    optimizer = record.optimizer
    if optimizer is not None:
        moments = to_tensors(optimizer.state, device, copy=copy)
        optimizer = OptimizerState(optimizer.name, moments)
    return FittedState(
        **vars(record.facts),
        module=module.to(device),
        device=device,
        optimizer=optimizer,
    )


def _module_of(
    record: FitRecord,
    own: Callable[[TaskDescription], Architecture] | None,
    copy: bool,
) -> JointModule:
    facts, module = record.facts, record.skeleton
    if not isinstance(module, JointModule | None):
        raise TypeError(f"a skeleton that is a {type(module).__name__}")
    # Made in torch.inference_mode, weights could never be trained again.
    with torch.inference_mode(False):
        if module is None:
            module = facts.description.build(to_tensors(facts.class_mask), own)
        module = with_weights(module, to_tensors(record.weights, copy=copy))
    for name in record.frozen:
        module.get_parameter(name).requires_grad_(False)
    return module
