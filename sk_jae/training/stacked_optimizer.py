"""Steps of the optimizers of several networks with stacked weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

__all__ = ["StackedOptimizers", "settings_of"]

Pairs: TypeAlias = Sequence[tuple[nn.Parameter, Sequence[nn.Parameter]]]
_Part: TypeAlias = tuple[
    nn.Parameter, nn.Parameter, slice, list[tuple[Optimizer, nn.Parameter]]
]

# So many values are changed by one instruction, and the rest of a tensor one by one,
# which can round differently. Tensors that have a rest are not put together.
_VALUES = 16

# Their steps change every value by itself, so that a stack of weights is changed as
# each of them would be.
_VALUE_BY_VALUE = {torch.optim.Adam, torch.optim.AdamW, torch.optim.SGD}


def settings_of(optimizer: Optimizer) -> Hashable | None:
    """All on which the steps of an optimizer depend, or None if that is not known.

    Optimizers with equal settings of networks with equal layers can make their steps
    together.
    """
    if type(optimizer) not in _VALUE_BY_VALUE:
        return None
    groups = []
    for group in optimizer.param_groups:
        options = {key: value for key, value in group.items() if key != "params"}
        if any(isinstance(value, Tensor) for value in options.values()):
            return None
        n_steps = {_n_steps(optimizer.state.get(p)) for p in group["params"]}
        groups.append((repr(sorted(options.items())), *sorted(n_steps)))
    return type(optimizer), *groups


def _n_steps(state: Mapping[str, Any] | None) -> float:
    return float(state["step"]) if state and "step" in state else 0.0


class StackedOptimizers:
    """One optimizer for every run of neighbors that have equal settings.

    Parameters
    ----------
    optimizers : sequence of Optimizer
        Those of the networks, whose states are taken over.
    settings : sequence of hashable
        What :func:`settings_of` has found for each.
    parameters : sequence of (Parameter, sequence of Parameter)
        Each stacked parameter, and the parameters of the networks in it.
    """

    def __init__(
        self,
        optimizers: Sequence[Optimizer],
        settings: Sequence[Hashable],
        parameters: Pairs,
    ) -> None:
        stacks = {id(p): stacked for stacked, own in parameters for p in own}
        self._blocks = []
        start = 0
        pairs = zip(optimizers, settings, strict=True)
        for _, block in groupby(pairs, lambda pair: pair[1]):
            own = [optimizer for optimizer, _ in block]
            self._blocks.append(_Block(own, start, stacks))
            start += len(own)

    def step(self) -> None:
        for block in self._blocks:
            block.step()

    def give_back(self) -> None:
        """Write the states into the networks' own optimizers."""
        for block in self._blocks:
            block.give_back()


class _Block:
    """An optimizer for networks whose places in the stack begin with `start`."""

    def __init__(
        self,
        optimizers: Sequence[Optimizer],
        start: int,
        stacks: Mapping[int, nn.Parameter],
    ) -> None:
        self._optimizers = optimizers
        self._start = start
        # Parts of a stacked parameter, which have the same memory, their places in it,
        # and the parameters of the networks in them.
        self._parts: list[_Part] = []
        first = optimizers[0]
        groups = [
            {**group, "params": self._parts_of_group(stacks, g)}
            for g, group in enumerate(first.param_groups)
        ]
        make: Any = type(first)
        self._optimizer: Optimizer = make(groups)
        for _, part, _, own in self._parts:
            states = [optimizer.state.get(p, {}) for optimizer, p in own]
            if states[0]:
                self._optimizer.state[part] = {
                    key: _stacked([state[key] for state in states]) for key in states[0]
                }

    def _parts_of_group(
        self, stacks: Mapping[int, nn.Parameter], g: int
    ) -> list[nn.Parameter]:
        found = []
        for of_networks in zip(
            *(o.param_groups[g]["params"] for o in self._optimizers), strict=True
        ):
            stacked = stacks[id(of_networks[0])]
            own = list(zip(self._optimizers, of_networks, strict=True))
            n = 1 if of_networks[0].numel() % _VALUES else len(own)
            for i in range(0, len(own), n):
                place = slice(self._start + i, self._start + i + n)
                part = nn.Parameter(stacked.data[place], stacked.requires_grad)
                self._parts.append((stacked, part, place, own[i : i + n]))
                found.append(part)
        return found

    def step(self) -> None:
        for stacked, part, place, _ in self._parts:
            gradient = stacked.grad
            part.grad = None if gradient is None else gradient[place]
        self._optimizer.step()

    def give_back(self) -> None:
        for _, part, _, own in self._parts:
            state = self._optimizer.state.get(part)
            if not state:
                continue
            for i, (optimizer, p) in enumerate(own):
                optimizer.state[p] = {
                    key: _of_network(value, i) for key, value in state.items()
                }


def _stacked(values: Sequence[Any]) -> Any:
    """The values of all networks as one, or the one that all have."""
    first = values[0]
    if not isinstance(first, Tensor):
        return first
    return torch.stack(list(values)) if first.ndim else first.clone()


def _of_network(value: Any, i: int) -> Any:
    if not isinstance(value, Tensor):
        return value
    return value[i].clone() if value.ndim else value.clone()
