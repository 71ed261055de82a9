"""Steps of the optimizers of several networks with stacked weights."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import groupby
from typing import Any, TypeAlias, cast

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from sk_jae.training.stacked_adam import AdamSteps

__all__ = ["StackedOptimizers", "settings_of"]

Pairs: TypeAlias = Sequence[tuple[nn.Parameter, Sequence[nn.Parameter]]]
_Part: TypeAlias = tuple[nn.Parameter, list[tuple[Optimizer, nn.Parameter]]]

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
    options = _options(optimizer)
    if options is None:
        return None
    n_steps = [
        tuple(sorted({_n_steps(optimizer.state.get(p)) for p in group["params"]}))
        for group in optimizer.param_groups
    ]
    return type(optimizer), options, *n_steps


def _options(optimizer: Optimizer) -> tuple[str, ...] | None:
    """The options of all parameter groups; None if one can change unseen."""
    groups = []
    for group in optimizer.param_groups:
        options = {key: value for key, value in group.items() if key != "params"}
        if any(isinstance(value, Tensor) for value in options.values()):
            return None
        groups.append(repr(sorted(options.items())))
    return tuple(groups)


def _have_equal_options(optimizers: Sequence[Optimizer]) -> bool:
    """Whether optimizers of which that was so before still have equal options."""
    first = optimizers[0].param_groups
    return all(
        group.keys() == known.keys()
        and all(group[key] == known[key] for key in group if key != "params")
        for optimizer in optimizers[1:]
        for group, known in zip(optimizer.param_groups, first, strict=True)
    )


def _n_steps(state: Mapping[str, Any] | None) -> float:
    return float(state["step"]) if state and "step" in state else 0.0


class StackedOptimizers:
    """One optimizer for every run of neighbors that have equal settings.

    The states of the networks' own optimizers are parts of the stacked ones.

    Parameters
    ----------
    optimizers : sequence of Optimizer
        Those of the networks.
    parameters : sequence of (Parameter, sequence of Parameter)
        Each stacked parameter, and the parameters of the networks in it.
    """

    def __init__(self, optimizers: Sequence[Optimizer], parameters: Pairs) -> None:
        self.own = list(optimizers)
        self._stacked = [stacked for stacked, _ in parameters]
        self._stacks = {id(p): stacked for stacked, own in parameters for p in own}
        self._blocks: list[_Block] = []

    def take(self) -> None:
        """Take over the settings of the networks' optimizers, and changed states."""
        if not self._blocks or not all(block.is_bound() for block in self._blocks):
            self._blocks, start = [], 0
            for _, alike in groupby(self.own, settings_of):
                own = list(alike)
                self._blocks.append(_Block(own, start, self._stacks))
                start += len(own)
        for block in self._blocks:
            block.take_settings()

    def tensors(self) -> list[Tensor]:
        """All states."""
        return [
            value
            for block in self._blocks
            for state in block.optimizer.state.values()
            for value in state.values()
            if isinstance(value, Tensor)
        ]

    def zero_grad(self) -> None:
        for stacked in self._stacked:
            stacked.grad = None

    def step(self) -> None:
        for block in self._blocks:
            block.step()

    def bind(self) -> None:
        """Let the states of the networks' optimizers be parts of the stacked ones."""
        for block in self._blocks:
            block.bind()

    def release(self) -> None:
        """Give the states of the networks' optimizers memory of their own again."""
        for optimizer in self.own:
            for state in optimizer.state.values():
                for key, value in state.items():
                    if isinstance(value, Tensor):
                        state[key] = value.clone()
        self._blocks = []


class _Block:
    """An optimizer for networks whose places in the stack begin with `start`."""

    def __init__(
        self,
        optimizers: Sequence[Optimizer],
        start: int,
        stacks: Mapping[int, nn.Parameter],
    ) -> None:
        self._own = optimizers
        self._start = start
        # Parts of a stacked parameter, which have the same memory, and the parameters
        # of the networks in them.
        self._parts: list[_Part] = []
        # Of each stacked parameter, how many networks a part of it has.
        self._sizes: list[tuple[nn.Parameter, int]] = []
        first = optimizers[0]
        groups = [
            {**group, "params": self._parts_of_group(stacks, g)}
            for g, group in enumerate(first.param_groups)
        ]
        make: Any = type(first)
        self.optimizer: Optimizer = make(groups)
        for part, of_networks in self._parts:
            states = [optimizer.state.get(p, {}) for optimizer, p in of_networks]
            if states[0]:
                self.optimizer.state[part] = {
                    key: _stacked([state[key] for state in states]) for key in states[0]
                }
        self._adam: AdamSteps | None = None
        self._n_bound = 0
        self._states: list[Any] = []

    def _parts_of_group(
        self, stacks: Mapping[int, nn.Parameter], g: int
    ) -> list[nn.Parameter]:
        found = []
        for of_networks in zip(
            *(o.param_groups[g]["params"] for o in self._own), strict=True
        ):
            stacked = stacks[id(of_networks[0])]
            own = list(zip(self._own, of_networks, strict=True))
            n = 1 if of_networks[0].numel() % _VALUES else len(own)
            self._sizes.append((stacked, n))
            for i in range(0, len(own), n):
                place = slice(self._start + i, self._start + i + n)
                part = nn.Parameter(stacked.data[place], stacked.requires_grad)
                self._parts.append((part, own[i : i + n]))
                found.append(part)
        return found

    def take_settings(self) -> None:
        groups = zip(
            self.optimizer.param_groups, self._own[0].param_groups, strict=True
        )
        for group, own in groups:
            group.update({**own, "params": group["params"]})

    def step(self) -> None:
        gradients = self._gradients()
        if self._adam and all(gradient is not None for gradient in gradients):
            self._adam.step(cast(list[Tensor], gradients))
            return
        if self._adam:
            self._adam.end()
        for (part, _), gradient in zip(self._parts, gradients, strict=True):
            part.grad = gradient
        self.optimizer.step()
        can_be_quick = AdamSteps.can_make(self.optimizer)
        self._adam = AdamSteps(self.optimizer) if can_be_quick else None
        self._n_bound = 0

    def _gradients(self) -> list[Tensor | None]:
        """The gradients of all parts."""
        found: list[Tensor | None] = []
        end = self._start + len(self._own)
        for stacked, n in self._sizes:
            gradient = stacked.grad
            if gradient is None:
                found += [None] * (len(self._own) // n)
            elif n == 1:
                found += gradient[self._start : end].split(1)
            else:
                found.append(gradient[self._start : end])
        return found

    def is_bound(self) -> bool:
        """Whether the networks still have equal settings and the states of `bind`."""
        return all(
            optimizer.state is state
            for optimizer, state in zip(self._own, self._states, strict=True)
        ) and _have_equal_options(self._own)

    def bind(self) -> None:
        if self._n_bound == len(self.optimizer.state) and self._states:
            return
        for part, own in self._parts:
            for key, value in self.optimizer.state.get(part, {}).items():
                is_stacked = isinstance(value, Tensor) and value.ndim > 0
                of_each = value.unbind() if is_stacked else [value] * len(own)
                for (optimizer, p), new in zip(own, of_each, strict=True):
                    optimizer.state[p][key] = new
        self._n_bound = len(self.optimizer.state)
        self._states = [optimizer.state for optimizer in self._own]


def _stacked(values: Sequence[Any]) -> Any:
    """The values of all networks as one, or the one that all have."""
    first = values[0]
    if not isinstance(first, Tensor):
        return first
    return torch.stack(list(values)) if first.ndim else first.clone()
