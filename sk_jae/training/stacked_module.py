"""Several networks with equal layers, computed at once.

The weights of equal layers are stacked, (n_networks, ...). The samples of all networks
are in one tensor, (n_networks * n, ...), those of the first network first, so that the
joint module itself works on them as on the samples of one network. Only layers that
have weights, or that look at several samples, have to know about the networks.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import chain, islice
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from sk_jae.nn import (
    CommonAxis,
    CommonColumns,
    CommonScale,
    FlattenLinear,
    JointModule,
    TaskBatchNorm,
    TaskSequential,
    UnflattenImage,
)

__all__ = ["Stack", "can_be_stacked"]

_WITHOUT_STATE = {nn.Identity, nn.ReLU, UnflattenImage}
_VIEWS = {CommonAxis, CommonColumns, CommonScale}
_CONTAINERS = {JointModule, nn.ModuleDict, nn.ModuleList, nn.Sequential, TaskSequential}
_STACKED = {FlattenLinear, TaskBatchNorm}


def can_be_stacked(module: nn.Module) -> bool:
    """Whether all layers are such that several networks can be computed at once.

    Convolutions are not, since together they were not faster than one by one.
    """
    known = _WITHOUT_STATE | _VIEWS | _CONTAINERS | _STACKED
    is_frozen = isinstance(module, JointModule) and module.frozen
    return not is_frozen and all(type(part) in known for part in module.modules())


class Stack:
    """The joint modules of several networks as one module with stacked weights.

    Parameters
    ----------
    modules : sequence of JointModule
        Modules for which :func:`can_be_stacked` is true, with equal layers.

    Attributes
    ----------
    module : JointModule
        It has the stacked weights. Its methods take and return the samples of all
        networks, (n_networks * n, ...).
    """

    def __init__(self, modules: Sequence[JointModule]) -> None:
        self.n = len(modules)
        self.module: Any = _stacked(modules)
        self._layers = [
            part for part in self.module.modules() if isinstance(part, _StackedLayer)
        ]

    def parameters(self) -> Iterator[tuple[nn.Parameter, Sequence[nn.Parameter]]]:
        """Each stacked parameter, and the parameters of the networks that are in it."""
        for layer in self._layers:
            yield from layer.stacked_parameters()

    def statistics(self) -> Iterator[Tensor]:
        """The batch statistics of the networks, which a forward pass changes."""
        for layer in self._layers:
            if isinstance(layer, _StackedNorm):
                yield from chain.from_iterable(own.buffers() for own in layer.layers)

    def refresh(self) -> None:
        """Take over what has changed in the networks besides parameters."""
        for part in self.module.modules():
            if isinstance(part, _StackedScale):
                part.refresh()

    def bind(self) -> None:
        """Let the networks' own parameters be parts of the stacked ones."""
        for stacked, own in self.parameters():
            for parameter, part in zip(own, stacked.data.unbind(), strict=True):
                parameter.data = part

    def release(self) -> None:
        """Give the networks' parameters memory of their own again."""
        for _, own in self.parameters():
            for parameter in own:
                parameter.data = parameter.data.clone()


def _stacked(modules: Sequence[Any]) -> Any:
    """One module for several equal ones."""
    first = modules[0]
    if isinstance(first, FlattenLinear):
        return _StackedLinear(modules)
    if isinstance(first, TaskBatchNorm):
        return _StackedNorm(modules)
    if isinstance(first, CommonScale):
        return _StackedScale(modules)
    if type(first) in _VIEWS:
        return _EachAlone(modules)
    if not first._modules:
        return first
    twin = _StackedSequential() if isinstance(first, TaskSequential) else copy(first)
    twin._modules = {
        name: part and _stacked([module._modules[name] for module in modules])
        for name, part in first._modules.items()
    }
    if isinstance(twin, _StackedSequential):
        twin.n_networks = len(modules)
    return twin


def joined(parts: Sequence[Tensor]) -> Tensor:
    """Samples (n, ...) of every network in one tensor."""
    return torch.cat(list(parts))


def parted(x: Tensor, n_networks: int) -> Tensor:
    """Samples of all networks in one tensor, as (n_networks, n, ...)."""
    n, *shape = x.shape
    return x.reshape(n_networks, n // n_networks, *shape)


class _EachAlone(nn.Module):
    """Modules without weights, each of which is run for its own network."""

    def __init__(self, modules: Sequence[nn.Module]) -> None:
        super().__init__()
        self.each = nn.ModuleList(modules)

    def forward(self, x: Tensor) -> Tensor:
        parts = x.chunk(len(self.each))
        each = zip(self.each, parts, strict=True)
        return joined([module(part) for module, part in each])


class _StackedScale(nn.Module):
    """Scales of columns that each network has for itself."""

    def __init__(self, scales: Sequence[Any]) -> None:
        super().__init__()
        self.scales = list(scales)
        self.offset, self.factor = self._stacked()

    def refresh(self) -> None:
        """Take over the scales of the networks, which may change between epochs."""
        for stacked, own in zip(
            (self.offset, self.factor), self._stacked(), strict=True
        ):
            stacked.copy_(own)

    def _stacked(self) -> list[Tensor]:
        return [
            torch.stack([getattr(scale, name) for scale in self.scales]).unsqueeze(1)
            for name in ("offset", "factor")
        ]  # (n_networks, 1, n_columns)

    def forward(self, x: Tensor) -> Tensor:
        parts = parted(x, len(self.offset))
        return ((parts + self.offset) * self.factor).flatten(0, 1)


class _StackedLayer(nn.Module):
    """A layer with stacked weights."""

    weight: nn.Parameter
    bias: nn.Parameter

    def __init__(self, layers: Sequence[Any]) -> None:
        super().__init__()
        self.layers = list(layers)  # in a list, they are no parts of this module
        self.n_networks = len(layers)
        for name in ("weight", "bias"):
            own = [getattr(layer, name).detach() for layer in layers]
            needs_gradient = getattr(layers[0], name).requires_grad
            stacked = _aligned_like(own[0], (len(own), *own[0].shape))
            torch.stack(own, out=stacked)
            setattr(self, name, nn.Parameter(stacked, needs_gradient))

    def stacked_parameters(
        self,
    ) -> Iterator[tuple[nn.Parameter, Sequence[nn.Parameter]]]:
        for name in ("weight", "bias"):
            yield getattr(self, name), [getattr(layer, name) for layer in self.layers]


class _StackedLinear(_StackedLayer):
    """Linear layers of several networks by batched products."""

    def forward(self, x: Tensor) -> Tensor:
        x = parted(x.flatten(1), self.n_networks)  # (n_networks, n, in_features)
        out: Tensor = _BatchedLinear.apply(x, self.weight, self.bias)
        return out.flatten(0, 1)


class _BatchedLinear(torch.autograd.Function):
    """The product and its gradients, rounded as for each network alone.

    The gradients that torch finds for a batched product are those of the transposed
    product, whose last digits can differ.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x, weight = _aligned(x), _aligned(weight)
        ctx.save_for_backward(x, weight)
        out = _aligned_like(x, (x.shape[0], x.shape[1], weight.shape[1]))
        if _is_tiny(x, weight.mT):
            for b, one, other, found in zip(bias, x, weight.mT, out, strict=True):
                torch.addmm(b, one, other, out=found)
        else:
            torch.baddbmm(bias.unsqueeze(1), x, weight.mT, out=out)
        return out.contiguous()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.saved_tensors
        of_x, of_weight, of_bias = ctx.needs_input_grad
        g = _aligned(gradient)
        gx = gw = None
        if of_x:
            gx = _product(g, weight)
        if of_weight:
            gw = _product(g.mT, x)
        return (
            None if gx is None else gx.contiguous(),
            None if gw is None else gw.contiguous(),
            gradient.sum(1) if of_bias else None,
        )


# The last digits of a product depend on where in memory the factors begin. Tensors of a
# network alone begin at multiples of 64 bytes.
_VALUES = 16


def _aligned_like(x: Tensor, shape: Sequence[int]) -> Tensor:
    """Unset tensors (n_networks, ...), each of which begins where one alone would."""
    n_networks, *own = shape
    n = math.prod(own)
    if n % _VALUES == 0:
        return x.new_empty(shape)
    memory = x.new_empty((n_networks, -(-n // _VALUES) * _VALUES))
    found: Tensor = memory[:, :n].unflatten(1, own)
    return found


def _aligned(x: Tensor) -> Tensor:
    """Matrices (n_networks, ...), each of which begins where one alone would."""
    if x.stride(0) % _VALUES == 0:
        return x
    return _aligned_like(x, x.shape).copy_(x)


# torch itself multiplies matrices in a batch if they need fewer products than this.
_FEWEST = 400


def _is_tiny(a: Tensor, b: Tensor) -> bool:
    return a.shape[1] * a.shape[2] * b.shape[2] < _FEWEST


def _product(a: Tensor, b: Tensor) -> Tensor:
    """Products of the matrices of every network."""
    out = _aligned_like(a, (a.shape[0], a.shape[1], b.shape[2]))
    if not _is_tiny(a, b):
        return torch.bmm(a, b, out=out)
    for one, other, found in zip(a, b, out, strict=True):
        torch.mm(one, other, out=found)
    return out


class _StackedNorm(_StackedLayer):
    """Batch normalization, for which each network keeps its own statistics."""

    def forward(
        self, x: Tensor, tasks: Sequence[int] = (0,), sizes: Sequence[int] = ()
    ) -> Tensor:
        of_networks = zip(
            self.layers,
            parted(x, self.n_networks).unbind(),
            self.weight.unbind(),
            self.bias.unbind(),
            strict=True,
        )
        return joined(
            [
                functional_call(
                    norm, {"weight": weight, "bias": bias}, (part, tasks, sizes)
                )
                for norm, part, weight, bias in of_networks
            ]
        )


class _StackedSequential(TaskSequential):
    """As :class:`TaskSequential`, for the samples of several networks."""

    n_networks: int

    def forward(
        self, parts: Sequence[Tensor], tasks: Sequence[int], start: int = 0
    ) -> list[Tensor]:
        if not len(self) or not parts:
            return list(parts)
        if len({part.shape[1:] for part in parts}) > 1:
            return [
                self([part], [t], start)[0]
                for part, t in zip(parts, tasks, strict=True)
            ]
        # (n_networks, n_t, ...) per task
        own = [parted(part, self.n_networks) for part in parts]
        sizes = [part.shape[1] for part in own]
        x = torch.cat(own, dim=1).flatten(0, 1) if len(parts) > 1 else parts[0]
        for layer in islice(self, start, None):
            whose = (tasks, sizes) if isinstance(layer, _StackedNorm) else ()
            x = layer(x, *whose)
        if len(parts) == 1:
            return [x]
        split = parted(x, self.n_networks).split(sizes, dim=1)
        return [part.flatten(0, 1) for part in split]
