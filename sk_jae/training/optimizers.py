"""The optimizer of a fit: its checks, its state, and steps that need a closure."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch
from torch import Tensor
from torch.optim import Optimizer

__all__ = [
    "OptimizerState",
    "check_optimizer",
    "copied",
    "naming_optimizer",
    "needs_closure",
    "step_with_closure",
]

T = TypeVar("T")


@dataclass
class OptimizerState:
    """The state of an optimizer, by the position of the parameter.

    Attributes
    ----------
    name : str
        The full name of its class.
    state : dict of {int: dict}
    """

    name: str
    state: dict[int, dict[str, Any]]

    @classmethod
    def of(cls, optimizer: Optimizer) -> OptimizerState:
        kind = type(optimizer)
        name = f"{kind.__module__}.{kind.__qualname__}"
        return cls(name, optimizer.state_dict()["state"])


def copied(state: Any) -> Any:
    """A copy of a state, whose tensors have memory of their own.

    `deepcopy` of a tensor copies all the memory that it is a part of.
    """
    if isinstance(state, Tensor):
        return state.detach().clone()
    if type(state) is dict:
        return {key: copied(value) for key, value in state.items()}
    return deepcopy(state)


@contextmanager
def naming_optimizer(optimizer: Any) -> Iterator[None]:
    """Name the parameter in errors of torch's own classes, and note it in others."""
    try:
        yield
    except Exception as error:
        made = optimizer.func if isinstance(optimizer, partial) else optimizer
        of_torch = str(getattr(made, "__module__", "")).startswith("torch.optim")
        if not of_torch or not isinstance(error, (TypeError, ValueError)):
            error.add_note(
                "optimizer is a function, which was called with the parameters of the "
                "module and lr, and with weight_decay if that is not 0."
            )
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(
            f"optimizer={made.__name__} cannot be made with the parameters lr and "
            f"weight_decay as they are ({error}); change these, or the optimizer."
        ) from error


def check_optimizer(optimizer: Any, parameters: Iterable[Tensor]) -> None:
    """Refuse what cannot train these parameters.

    Parameters
    ----------
    optimizer : object
        What the parameter `optimizer` of the estimator has made.
    parameters : iterable of Tensor
        The parameters to train.

    Raises
    ------
    TypeError
        If it is not a torch optimizer.
    ValueError
        If it needs sparse gradients, or has none of the parameters.
    """
    name = type(optimizer).__name__
    if not isinstance(optimizer, Optimizer):
        raise TypeError(
            f"optimizer made a {name}, expected a torch optimizer; give a subclass of "
            "torch.optim.Optimizer, or a function that takes the parameters and lr and "
            "returns one."
        )
    if isinstance(optimizer, torch.optim.SparseAdam):
        raise ValueError(
            f"optimizer is {name}, which needs sparse gradients, but all gradients "
            "here are dense; use optimizer='adam'."
        )
    known = {id(parameter) for parameter in parameters}
    groups = optimizer.param_groups
    if not any(id(p) in known for group in groups for p in group["params"]):
        raise ValueError(
            f"optimizer made a {name} without any parameter of the module, so that "
            "nothing would be trained; give it the parameters that it receives."
        )


def needs_closure(optimizer: Optimizer) -> bool:
    """Whether a step asks for the loss itself, perhaps several times, like L-BFGS."""
    closure = inspect.signature(type(optimizer).step).parameters.get("closure")
    return closure is not None and closure.default is inspect.Parameter.empty


def step_with_closure(
    optimizer: Optimizer,
    compute: Callable[[], tuple[Tensor, T]],
    generators: Sequence[torch.Generator],
) -> tuple[Tensor, T]:
    """Make one step, and return the loss before it and what came with the loss.

    `compute` draws the same numbers from the generators whenever it is called, since
    losses that are compared with each other must differ by the weights alone.
    """
    states = [generator.get_state() for generator in generators]
    found: list[tuple[Tensor, T]] = []

    def closure() -> Any:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        found.append(compute())
        return found[-1][0]

    optimizer.step(closure)
    return found[0]
