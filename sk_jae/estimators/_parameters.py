"""The constructor parameters of the estimators: their types, and what is valid."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Literal, Self, TypeAlias, TypeVar

import torch
from torch import Tensor

from sk_jae._doc_link import DocLinkMixin
from sk_jae._sklearn_types import BaseEstimator, RandomState
from sk_jae.architecture import Coder
from sk_jae.estimators._numbers import check_numbers
from sk_jae.estimators._sklearn_compat import Interval, Options, StrOptions
from sk_jae.nn import ReconstructionLoss
from sk_jae.tasks import LOSSES, Axes, LayoutParameter, SamplingRate

__all__ = [
    "Augmentation",
    "ClassWeight",
    "ClassifierParameters",
    "CodesChoice",
    "JointParameters",
    "OptimizerChoice",
    "PerTask",
    "Precision",
    "PredictorParameters",
    "RegressorParameters",
    "SharedInput",
]

T = TypeVar("T")
PerTask: TypeAlias = T | Sequence[T] | Mapping[str, T]

CodesChoice: TypeAlias = Literal["both", "shared", "private"]
OptimizerChoice: TypeAlias = (
    Literal["adam", "adamw", "sgd"] | Callable[..., torch.optim.Optimizer]
)
Augmentation: TypeAlias = Literal["auto"] | Callable[[Tensor], Tensor] | None
ClassWeight: TypeAlias = Mapping[Any, float] | Literal["balanced"] | None
SharedInput: TypeAlias = tuple[int, int, int] | Literal["auto"] | Axes | None
Precision: TypeAlias = Literal["auto", "float32", "bfloat16"]

_COUNT = Interval(Integral, 0, None, closed="left")
_POSITIVE = Interval(Integral, 1, None, closed="left")


def has_axes(estimator: JointParameters) -> bool:
    """Whether `shared_input` has an axis per task."""
    return isinstance(estimator.shared_input, list | dict)


def has_known_steps(estimator: JointParameters) -> bool:
    """Whether the parameters say how long the steps of signals are."""
    return estimator.sampling_rate is not None or has_axes(estimator)


def is_one_coder(value: object) -> bool:
    """Whether an encoder or decoder is one for all tasks."""
    return isinstance(value, (str, tuple)) or callable(value)


def _position(callbacks: Any, name: str) -> int | None:
    """Find a callback by its name or by the name of its class."""
    for k, item in enumerate(callbacks if isinstance(callbacks, list) else []):
        if isinstance(item, tuple) and len(item) == 2 and item[0] == name:
            return k
        if type(item).__name__ == name:
            return k
    return None


class JointParameters(DocLinkMixin, BaseEstimator):
    """The parameters that all joint estimators have."""

    n_shared: int
    n_private: int
    encoder: PerTask[Coder]
    decoder: PerTask[Coder]
    shared_encoder: Coder | None
    shared_encoder_lr: float | None
    shared_depth: int | Literal["auto"]
    n_shared_layers: int | None
    shared_input: SharedInput
    layout: LayoutParameter
    sampling_rate: SamplingRate
    input_scaling: Literal["auto", "whiten"] | None
    loss_scaling: Literal["auto"] | None
    reconstruction_weight: PerTask[float]
    reconstruction_loss: PerTask[ReconstructionLoss]
    _losses: list[Any]  # the same for each task, in the copy that a fit makes
    pairing_weight: float
    max_epochs: int | Literal["auto"]
    batch_size: int
    lr: float
    lr_schedule: Literal["constant", "cosine"]
    optimizer: OptimizerChoice
    weight_decay: float | Literal["auto"]
    early_stopping: bool
    validation_fraction: float
    n_iter_no_change: int
    tol: float
    augmentation: Augmentation
    precision: Precision
    device: str
    codes: CodesChoice
    callbacks: list[Any] | Literal["disable"] | None
    verbose: int
    warm_start: bool
    random_state: RandomState

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_shared": [_COUNT],
        "n_private": [_COUNT],
        "encoder": [str, tuple, list, dict, callable],
        "decoder": [str, tuple, list, dict, callable],
        "shared_encoder": [str, tuple, callable, None],
        "shared_encoder_lr": [Interval(Real, 0, None, closed="left"), None],
        "shared_depth": [Integral, StrOptions({"auto"})],
        "n_shared_layers": [_POSITIVE, None],
        "shared_input": [StrOptions({"auto"}), tuple, list, dict, None],
        "layout": [str, tuple, list, dict],
        "sampling_rate": [Real, list, tuple, dict, None],
        "input_scaling": [StrOptions({"auto", "whiten"}), None],
        "loss_scaling": [StrOptions({"auto"}), None],
        "reconstruction_loss": [StrOptions({*LOSSES}), callable, list, tuple, dict],
        "pairing_weight": [Interval(Real, 0, None, closed="left")],
        "max_epochs": [_POSITIVE, StrOptions({"auto"})],
        "batch_size": [_POSITIVE],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"constant", "cosine"})],
        "optimizer": [StrOptions({"adam", "adamw", "sgd"}), callable],
        "weight_decay": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [_POSITIVE],
        "tol": [Interval(Real, 0, None, closed="left")],
        "augmentation": [StrOptions({"auto"}), callable, None],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "device": [str],
        "codes": [StrOptions({"both", "shared", "private"})],
        "callbacks": [list, None, Options(str, {"disable"})],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    def _validate_params(self) -> None:
        check_numbers(self.get_params(deep=False), self._parameter_constraints)
        super()._validate_params()

    def set_params(self, **params: Any) -> Self:
        """Set the parameters of this estimator, and those of its callbacks.

        Parameters
        ----------
        **params : object
            Parameters by name. As in skorch, ``callbacks__<name>`` is a callback and
            ``callbacks__<name>__<parameter>`` a parameter of it. The name is the one in
            the pair (name, callback), or the name of the class.

        Returns
        -------
        self : estimator
        """
        start = "callbacks__"
        of_callbacks = {k: v for k, v in params.items() if k.startswith(start)}
        super().set_params(**{k: v for k, v in params.items() if k not in of_callbacks})
        for key, value in of_callbacks.items():
            name, _, parameter = key.removeprefix(start).partition("__")
            k = _position(self.callbacks, name)
            if not isinstance(self.callbacks, list) or k is None:
                raise ValueError(
                    f"Invalid parameter {key!r}: callbacks has no callback of the name "
                    f"{name!r}; give it as a pair ({name!r}, callback)."
                )
            if not parameter:
                before, after = self.callbacks[:k], self.callbacks[k + 1 :]
                self.callbacks = [*before, (name, value), *after]
                continue
            item = self.callbacks[k]
            callback = item[1] if isinstance(item, tuple) else item
            callback.set_params(**{parameter: value})
        return self


class PredictorParameters(JointParameters):
    """The parameters that the classifier and the regressor have in addition."""

    head: Literal["auto", "shared", "both"]
    strategy: Literal["end-to-end", "common-branch"]
    labeled_fraction: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **JointParameters._parameter_constraints,
        # Beyond, an epoch would be more than a hundred times as long as the data.
        "labeled_fraction": [Interval(Real, 0, 0.99, closed="both")],
        "head": [StrOptions({"auto", "shared", "both"})],
        "strategy": [StrOptions({"end-to-end", "common-branch"})],
    }


class ClassifierParameters(PredictorParameters):
    """The parameters that only the classifier has."""

    classification_weight: PerTask[float]
    infomax_weight: PerTask[float]
    consistency_weight: PerTask[float]
    class_weight: ClassWeight
    class_prior: Any

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **PredictorParameters._parameter_constraints,
        "class_weight": [dict, StrOptions({"balanced"}), None],
        "class_prior": ["array-like", dict, None],
    }


class RegressorParameters(PredictorParameters):
    """The parameters that only the regressor has."""

    regression_weight: PerTask[float]
