"""One task of a fitted estimator as one torch module, in the units of the user."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sk_jae.estimators._prediction import module_for_prediction, n_chosen_codes
from sk_jae.estimators._state import FittedState
from sk_jae.nn import (
    DecoderOfTask,
    EncoderOfTask,
    HeadsOfTask,
    JoinedCodes,
    JointModule,
)
from sk_jae.tasks import Layout
from sk_jae.training import FromUser, TargetsToUser, ToUser

__all__ = ["Program", "program_of"]

# The dtypes that torch and ONNX can compute with; what comes in others is numbers that
# float64 can hold.
_DTYPES = {
    "bool",
    "uint8",
    "int8",
    "int16",
    "int32",
    "int64",
    "float16",
    "float32",
    "float64",
}


@dataclass(frozen=True)
class Program:
    """A module with one input and one output, and what is known about it.

    Attributes
    ----------
    module : torch.nn.Module
        In evaluation mode, on the CPU.
    example : Tensor of shape (2, ...)
        Samples as it takes them.
    facts : dict of {str: object}
        What the metadata of its file say, as plain values.
    """

    module: nn.Module
    example: Tensor
    facts: dict[str, Any]


def program_of(
    state: FittedState, t: int, what: str, target: int | None, dtype: str | None
) -> Program:
    """Make the program of a task.

    Parameters
    ----------
    state : FittedState
    t : int
        The position of the task.
    what : {"predict", "predict_proba", "transform", "reconstruct", "translate"}
    target : int or None
        The task that "translate" gives samples of.
    dtype : str or None
        The dtype of the input; None is that of `fit`.
    """
    layout = state.layouts[t]
    own = module_for_prediction(state)
    joint = deepcopy(own).cpu().to(memory_format=torch.contiguous_format)
    steps = [FromUser(layout), *_steps(state, joint, t, what, target)]
    x = torch.zeros(2, *layout.shape, dtype=_dtype(layout, dtype))
    return Program(
        nn.Sequential(*steps).eval().requires_grad_(False),
        x,
        {
            "task": state.task_names[t],
            "what": what,
            "input": {
                "name": "x",
                "dtype": str(x.dtype).removeprefix("torch."),
                "shape": ["n", *layout.shape],
                "layout": layout.kind,
                "columns": None if layout.columns is None else list(layout.columns),
            },
            "output": _output(state, what, target),
            "classes": None if state.classes is None else state.classes.tolist(),
        },
    )


def _steps(
    state: FittedState, joint: JointModule, t: int, what: str, target: int | None
) -> list[nn.Module]:
    """What is computed of the samples as the module sees them."""
    shape = state.layouts[t].module_shape
    if what == "transform":
        return [EncoderOfTask(joint, t, shape, state.codes), JoinedCodes()]
    if what in ("reconstruct", "translate"):
        to = t if target is None else target
        codes: Literal["both", "shared"] = "both" if target is None else "shared"
        back = ToUser(state.layouts[to], gives_logits=state.gives_logits)
        encoder = EncoderOfTask(joint, t, shape, codes)
        return [encoder, DecoderOfTask(joint, to, codes), back]
    heads = HeadsOfTask(joint, t)
    encoder = EncoderOfTask(joint, t, shape, heads.codes)
    if state.target_scale is not None:
        return [encoder, heads, TargetsToUser(state.target_scale)]
    return [encoder, heads, _Probabilities() if what == "predict_proba" else _Index()]


class _Probabilities(nn.Module):
    """The probabilities of the classes, of float64, from their logits."""

    def forward(self, logits: Tensor) -> Tensor:
        return logits.to(torch.float64).softmax(1)


class _Index(nn.Module):
    """The position of the class with the largest logit."""

    def forward(self, logits: Tensor) -> Tensor:
        return logits.argmax(1)


def _output(state: FittedState, what: str, target: int | None) -> dict[str, Any]:
    """What the metadata say about the output."""
    if what == "predict" and state.classes is not None:
        return {"name": "class_index", "meaning": "position of the class in classes"}
    if what == "predict":
        return {"name": "targets", "meaning": "targets in their units"}
    if what == "predict_proba":
        return {"name": "probabilities", "meaning": "one column per class"}
    if what == "transform":
        numbers = n_chosen_codes(state)
        names = [f"{kind}{i}" for kind, n in numbers.items() for i in range(n)]
        return {"name": "codes", "meaning": "codes", "columns": names}
    meaning = "samples in the units of the task"
    if target is None:
        return {"name": "reconstruction", "meaning": meaning}
    name = state.task_names[target]
    return {"name": "translation", "meaning": meaning, "task": name}


def _dtype(layout: Layout, dtype: str | None) -> torch.dtype:
    if dtype is None:
        dtype = layout.given or layout.dtype
        dtype = dtype if dtype in _DTYPES else "float64"
    elif not isinstance(dtype, str) or dtype not in _DTYPES:
        raise ValueError(
            f"dtype is {dtype!r}, expected None, which takes that of the samples in "
            f"fit, or one of {', '.join(sorted(_DTYPES))}."
        )
    found: torch.dtype = getattr(torch, dtype)
    return found
