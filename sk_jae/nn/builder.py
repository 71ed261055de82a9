"""Building torch layers from their descriptions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from math import prod
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn.parameter import UninitializedParameter

from sk_jae.architecture import (
    BN,
    FC,
    PPV,
    AvgPool,
    Bands,
    Conv,
    Deconv,
    Kernel,
    Layer,
    MaxPool,
    Power,
    Profile,
    Reshape,
    Shape,
    output_shape,
)
from sk_jae.nn.fixed_kernels import PositiveProportions
from sk_jae.nn.layers import FlattenLinear, UnflattenImage, UpConv2d
from sk_jae.nn.signal_layers import BandPower, LogPower
from sk_jae.nn.task_norm import TaskBatchNorm

__all__ = ["Stage", "build_encoder", "build_stages", "linear", "output_layer"]

# A layer with weights and the modules that belong to it: batch normalization, ReLU and
# pooling.
Stage: TypeAlias = list[nn.Module]


def build_stages(
    layers: Iterable[Any],
    shape: Shape,
    generator: torch.Generator | None,
    n_tasks: int = 1,
) -> tuple[list[Stage], Shape]:
    """Build hidden layers, and divide them into stages of one layer with weights each.

    Parameters
    ----------
    layers : iterable of Layer or torch.nn.Module
        Descriptions of layers, to which ReLUs are added, or modules. Modules are
        copied, so that no module is in two places.
    shape : tuple of int, (features,), (channels, height, width) or (channels, time)
        Shape of one sample before the first layer.
    generator : torch.Generator or None
        Draws the Glorot-uniform weights of the layers that are built from descriptions.
        With None these weights are left unset, on torch's device "meta", which has no
        memory.
    n_tasks : int, default=1
        Number of tasks for which batch normalization keeps separate statistics.

    Returns
    -------
    stages : list of list of torch.nn.Module
        One stage per layer with weights, together with the layers after it. The layers
        before the first layer with weights are in the first stage. If no layer has
        weights, all layers are one stage.
    shape : tuple of int
        Shape of one sample after the last layer.

    Raises
    ------
    ValueError
        If a layer does not fit the output of the layer before it.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn.builder import build_stages
    >>> from sk_jae.architecture import parse
    >>> layers = parse("Conv 4x(3x3), BN, MP 2x2, FC 10")
    >>> stages, shape = build_stages(layers, (1, 8, 8), torch.Generator())
    >>> [[type(module).__name__ for module in stage] for stage in stages]
    [['Conv2d', 'TaskBatchNorm', 'MaxPool2d', 'ReLU'], ['FlattenLinear', 'ReLU']]
    >>> shape
    (10,)
    """
    stages: list[Stage] = []
    waiting: Stage = []
    given = tuple(layers)
    for k, layer in enumerate(given):
        if isinstance(layer, nn.Module):
            modules, weights = [deepcopy(layer).float()], _has_weights(layer)
            shape = _probed_shape(layer, shape)
        else:
            weights = isinstance(layer, FC | Conv | Deconv)
            modules = _build(layer, shape, generator, n_tasks)
            shape = output_shape(layer, shape)
            if _ends_in_relu(given[: k + 1], given[k + 1 :]):
                modules.append(nn.ReLU())
        if weights:
            stages.append([*waiting, *modules])
            waiting = []
        elif stages:
            if isinstance(layer, MaxPool) and isinstance(stages[-1][-1], nn.ReLU):
                # After the pooling, ReLU has the same result with less work.
                modules.append(stages[-1].pop())
            stages[-1].extend(modules)
        else:
            waiting.extend(modules)
    if waiting:
        stages.append(waiting)
    return stages, shape


def build_encoder(
    layers: Iterable[Any],
    shape: Shape,
    n_codes: int,
    generator: torch.Generator | None,
    n_tasks: int = 1,
) -> list[Stage]:
    """Build hidden layers and the linear bottleneck, which is the last stage.

    Parameters
    ----------
    layers, shape, generator, n_tasks
        As in `build_stages`.
    n_codes : int
        Width of the bottleneck.

    Returns
    -------
    stages : list of list of torch.nn.Module
        One stage per layer with weights.

    Raises
    ------
    ValueError
        If a layer does not fit the output of the layer before it.
    """
    stages, shape = build_stages(layers, shape, generator, n_tasks)
    code = linear(shape, n_codes, generator)
    if not any(_has_weights(module) for stage in stages for module in stage):
        return [[*chain.from_iterable(stages), code]]
    return [*stages, [code]]


def linear(in_shape: Shape, width: int, generator: torch.Generator | None) -> nn.Module:
    """Return a linear layer with Glorot-uniform weights and zero biases."""
    layer: nn.Module = _with_weights(
        lambda: FlattenLinear(prod(in_shape), width), generator
    )
    return layer


def output_layer(
    layer: Layer, in_shape: Shape, shape: Shape, generator: torch.Generator | None
) -> list[nn.Module]:
    """Build the layer that gives the reconstruction, without a ReLU after it."""
    modules = _build(layer, in_shape, generator, 1)
    if output_shape(layer, in_shape) != shape:
        modules.append(UnflattenImage(shape))
    return modules


def _build(
    layer: Layer, shape: Shape, generator: torch.Generator | None, n_tasks: int
) -> list[nn.Module]:
    if isinstance(layer, FC):
        return [linear(shape, layer.width, generator)]
    if isinstance(layer, BN):
        with torch.device("cpu" if generator else "meta"):
            return [TaskBatchNorm(shape[0], n_tasks)]
    if isinstance(layer, Reshape):
        return [UnflattenImage(layer.shape)]
    if isinstance(layer, MaxPool | AvgPool):
        return [_pooling(layer)]
    if isinstance(layer, PPV):
        sizes = shape[0], layer.thresholds, layer.dilation, layer.stride
        return [PositiveProportions(*sizes, generator)]
    if isinstance(layer, Bands):
        return [BandPower(layer.bands)]
    if isinstance(layer, Power | Profile):
        return [LogPower(layer.stretches if isinstance(layer, Profile) else 0)]
    if isinstance(layer, Conv):
        return _convolution(
            shape[0], layer.channels, layer.kernel, layer.stride, generator
        )
    return _deconvolution(layer, shape, generator)


def _ends_in_relu(before: Sequence[Any], after: Sequence[Any]) -> bool:
    """Tell whether a ReLU follows the last of the layers that are built so far."""
    *earlier, layer = before
    if isinstance(layer, BN):
        # The signs of logarithms tell no more than their sizes.
        return not (_is_power(earlier[-1:]) or _is_power(after[:1]))
    if not isinstance(layer, FC | Conv | Deconv):
        return False
    # ReLU comes after the batch normalization if there is one.
    return not (after and isinstance(after[0], BN)) and not _is_power(after[:1])


def _is_power(layers: Sequence[Any]) -> bool:
    return bool(layers) and isinstance(layers[0], Bands | Power | Profile | PPV)


def _pooling(layer: MaxPool | AvgPool) -> nn.Module:
    kind = isinstance(layer, MaxPool), len(layer.kernel)
    make: Any = {
        (True, 1): nn.MaxPool1d,
        (True, 2): nn.MaxPool2d,
        (False, 1): nn.AvgPool1d,
        (False, 2): nn.AvgPool2d,
    }[kind]
    module: nn.Module = make(layer.kernel, layer.stride, ceil_mode=True)
    return module


def _deconvolution(
    layer: Deconv, shape: Shape, generator: torch.Generator | None
) -> list[nn.Module]:
    size = output_shape(layer, shape)[1:]
    if len(size) == 1:
        modules = _convolution(shape[0], layer.channels, layer.kernel, 1, generator)
        if size != shape[1:]:
            modules.insert(0, nn.Upsample(size=size, mode="nearest"))
        return modules
    height, width = size
    factor = height // shape[1]
    exact = (height, width) == (factor * shape[1], factor * shape[2])
    if factor > 1 and exact and all(side % 2 for side in layer.kernel):
        channels, kernel = layer.channels, (layer.kernel[0], layer.kernel[-1])
        return [
            _with_weights(
                lambda: UpConv2d(shape[0], channels, kernel, factor), generator
            )
        ]
    modules = _convolution(shape[0], layer.channels, layer.kernel, 1, generator)
    if (height, width) != shape[1:]:
        modules.insert(0, nn.Upsample(size=(height, width), mode="nearest"))
    return modules


def _convolution(
    n_in: int,
    n_out: int,
    kernel: Kernel,
    stride: int,
    generator: torch.Generator | None,
) -> list[nn.Module]:
    is_signal = len(kernel) == 1
    padding = tuple(side // 2 for side in kernel)
    modules: list[nn.Module] = []
    if not all(side % 2 for side in kernel):
        # Even kernels need one more position on one side than on the other.
        ends = [n for side in reversed(kernel) for n in ((side - 1) // 2, side // 2)]
        pad: Any = nn.ZeroPad1d if is_signal else nn.ZeroPad2d
        modules.append(pad(tuple(ends)))
        padding = (0,) * len(kernel)
    make: Any = nn.Conv1d if is_signal else nn.Conv2d
    layer: nn.Module = _with_weights(
        lambda: make(n_in, n_out, kernel, stride, padding), generator
    )
    return [*modules, layer]


def _with_weights(make: Callable[[], Any], generator: torch.Generator | None) -> Any:
    """Make a layer with Glorot-uniform weights and zero biases.

    Its constructor would draw them from the global generator.
    """
    with torch.device("meta"):
        layer = make()
    if generator is None:
        return layer.float()
    for name, unset in list(layer.named_parameters()):
        own = torch.empty(unset.shape, dtype=torch.float32, device="cpu")
        layer.register_parameter(name, nn.Parameter(own))
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _probed_shape(module: nn.Module, shape: Shape) -> Shape:
    """Return the shape of one sample after a module by running a copy of it."""
    # Whole networks are known by their names alone.
    words = type(module).__name__ if any(module.children()) else str(module)
    misfit = f"{words} does not fit an input of shape {shape}"
    x = torch.zeros(2, *shape, dtype=torch.float32)
    if any(isinstance(p, UninitializedParameter) for p in module.parameters()):
        raise ValueError(f"{misfit}: give it the sizes that it waits for.")
    try:
        probe = deepcopy(module).float().eval()
        with torch.no_grad():
            found: Any = probe(x)
    except (AttributeError, IndexError, RuntimeError, TypeError, ValueError) as error:
        raise ValueError(f"{misfit}: {error}") from error
    if not isinstance(found, Tensor):
        raise ValueError(f"{misfit}: it returns {type(found).__name__}, not a tensor.")
    if found.dtype != x.dtype or found.device != x.device:
        raise ValueError(
            f"{misfit}: it returns {found.dtype} on {found.device}, not {x.dtype} on "
            f"{x.device}."
        )
    if found.ndim < 2 or len(found) != len(x) or not found.numel():
        raise ValueError(
            f"{misfit}: of {len(x)} samples it makes a tensor of shape "
            f"{tuple(found.shape)}, not (n_samples, ...) with at least one value each."
        )
    return tuple(found.shape[1:])


def _has_weights(module: nn.Module) -> bool:
    norm = (nn.modules.batchnorm._NormBase, nn.LayerNorm, nn.GroupNorm, nn.PReLU)
    if isinstance(module, (TaskBatchNorm, *norm)):
        return False
    return any(True for _ in module.parameters())
