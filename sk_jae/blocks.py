"""Torch layers built from their descriptions, run on one task or on several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae._layers import Shape
from sk_jae.notation import (
    BN,
    FC,
    Conv,
    Deconv,
    MaxPool,
    Reshape,
    output_shape,
)

__all__ = ["Layers", "TaskBatchNorm", "View", "build_stages", "linear"]


class TaskBatchNorm(nn.Module):
    """Batch normalization whose statistics are each task's own.

    Tasks differ in their mean and variance, so that statistics over the samples of
    several tasks fit none of them. The scale and the offset are common to all tasks.

    Parameters
    ----------
    n_features : int
        Number of features or channels.
    n_tasks : int, default=1
        Number of tasks whose statistics are kept.

    Notes
    -----
    Shape: input (n, n_features) or (n, n_features, height, width), output the same.

    References
    ----------
    S. Ioffe, C. Szegedy, "Batch normalization", ICML 2015. W.-G. Chang et al.,
    "Domain-specific batch normalization for unsupervised domain adaptation", CVPR 2019
    (which also keeps the scale and the offset apart).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.blocks import TaskBatchNorm
    >>> norm = TaskBatchNorm(3, n_tasks=2)
    >>> norm(torch.ones(5, 3), [0, 1], [4, 1]).shape
    torch.Size([5, 3])
    """

    momentum = 0.1
    eps = 1e-5
    running_mean: Tensor
    running_var: Tensor

    def __init__(self, n_features: int, n_tasks: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features))
        self.bias = nn.Parameter(torch.zeros(n_features))
        self.register_buffer("running_mean", torch.zeros(n_tasks, n_features))
        self.register_buffer("running_var", torch.ones(n_tasks, n_features))

    def forward(
        self, x: Tensor, tasks: Sequence[int] = (0,), sizes: Sequence[int] = ()
    ) -> Tensor:
        if len(tasks) == 1:
            return self._normalize(x, tasks[0])
        parts = x.split(list(sizes))
        return torch.cat(
            [self._normalize(p, t) for p, t in zip(parts, tasks, strict=True)]
        )

    def _normalize(self, x: Tensor, task: int) -> Tensor:
        # One value per feature has no variance: fall back on the running statistics.
        training = self.training and x.numel() > x.shape[1]
        t = task if len(self.running_mean) > 1 else 0
        return F.batch_norm(
            x,
            self.running_mean[t],
            self.running_var[t],
            self.weight,
            self.bias,
            training,
            self.momentum,
            self.eps,
        )


class Reshaped(nn.Module):
    """A vector read as an image.

    Notes
    -----
    Shape: input (n, channels * height * width), output (n, channels, height, width).
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        return x.reshape(len(x), *self.shape)


class View(nn.Module):
    """The fixed view of images that the shared branch sees: one size, one color space.

    Parameters
    ----------
    shape : tuple of int, (channels, height, width)
        Shape of the view.

    Notes
    -----
    Shape: input (n, any channels, any height, any width), output (n, *shape). Images
    in color become gray by the mean of their channels, gray ones are repeated.
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        channels, *size = self.shape
        if x.shape[1] != channels:
            x = x[:, :3].mean(1, keepdim=True)  # (n, 1, H, W); a fourth is opacity
            x = x.expand(-1, channels, -1, -1)
        if list(x.shape[2:]) != size:
            x = F.interpolate(
                x,
                size=tuple(size),
                mode="bilinear",
                align_corners=False,
                antialias=True,
            )
        return x


class Layers(nn.ModuleList):
    """Layers in a row, run on the samples of one task or of several at once.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.blocks import Layers
    >>> layers = Layers([torch.nn.Linear(3, 2)])
    >>> [part.shape for part in layers([torch.ones(4, 3), torch.ones(1, 3)], [0, 1])]
    [torch.Size([4, 2]), torch.Size([1, 2])]
    """

    def forward(self, parts: Sequence[Tensor], tasks: Sequence[int]) -> list[Tensor]:
        """Run the layers.

        Parameters
        ----------
        parts : list of Tensor of shape (n_t, ...)
            The samples of each task.
        tasks : list of int
            The task of each part.

        Returns
        -------
        parts : list of Tensor of shape (n_t, ...)
        """
        if not len(self) or not parts:
            return list(parts)
        if len({part.shape[1:] for part in parts}) > 1:
            return [self([part], [t])[0] for part, t in zip(parts, tasks, strict=True)]
        sizes = [len(part) for part in parts]
        x = torch.cat(list(parts)) if len(parts) > 1 else parts[0]
        for layer in self:
            if isinstance(layer, TaskBatchNorm):
                x = layer(x, tasks, sizes)
            else:
                x = layer(x)
        return list(x.split(sizes)) if len(parts) > 1 else [x]


def build_stages(
    layers: Iterable[Any],
    shape: Shape,
    generator: torch.Generator,
    n_tasks: int = 1,
) -> tuple[list[list[nn.Module]], Shape]:
    """Build hidden layers, each layer with weights in a stage with what follows it.

    Parameters
    ----------
    layers : iterable of Layer or torch.nn.Module
        Descriptions, of which ReLUs are made too, or modules, taken as they are.
    shape : tuple of int, (features,) or (channels, height, width)
        Shape of one sample before the first layer.
    generator : torch.Generator
        Draws the Glorot-uniform weights of described layers.
    n_tasks : int, default=1
        Number of tasks with batch statistics of their own.

    Returns
    -------
    stages : list of list of torch.nn.Module
        One item per layer with weights; the layers before the first are in its stage.
    shape : tuple of int
        Shape of one sample behind the last layer.
    """
    stages: list[list[nn.Module]] = []
    waiting: list[nn.Module] = []
    layers = list(layers)
    for layer, following in zip(layers, [*layers[1:], None], strict=True):
        if isinstance(layer, nn.Module):
            modules, weights = [layer], _has_weights(layer)
            with torch.no_grad():
                # Two samples, for modules that need a batch.
                shape = tuple(layer(torch.zeros(2, *shape)).shape[1:])
        else:
            weights = isinstance(layer, FC | Conv | Deconv)
            modules = _build(layer, shape, generator, n_tasks)
            shape = output_shape(layer, shape)
            # ReLU stands behind the batch normalization where there is one.
            if isinstance(layer, BN) or (weights and not isinstance(following, BN)):
                modules.append(nn.ReLU())
        if weights:
            stages.append([*waiting, *modules])
            waiting = []
        elif stages:
            stages[-1].extend(modules)
        else:
            waiting.extend(modules)
    if waiting:
        stages.append(waiting)
    return stages, shape


def linear(in_shape: Shape, width: int, generator: torch.Generator) -> list[nn.Module]:
    """A linear layer, with what flattens its input."""
    layer = nn.Linear(prod(in_shape), width)
    _glorot(layer, generator)
    return [nn.Flatten(), layer] if len(in_shape) > 1 else [layer]


def output_layer(
    layer: Any, in_shape: Shape, shape: Shape, generator: torch.Generator
) -> list[nn.Module]:
    """The layer that gives the reconstruction, without a ReLU behind it."""
    if isinstance(layer, nn.Module):
        return [layer]
    modules = _build(layer, in_shape, generator, 1)
    if output_shape(layer, in_shape) != shape:
        modules.append(Reshaped(shape))
    return modules


def _build(
    layer: Any, shape: Shape, generator: torch.Generator, n_tasks: int
) -> list[nn.Module]:
    if isinstance(layer, FC):
        return linear(shape, layer.width, generator)
    if isinstance(layer, BN):
        return [TaskBatchNorm(shape[0], n_tasks)]
    if isinstance(layer, Reshape):
        return [Reshaped(layer.shape)]
    if isinstance(layer, MaxPool):
        return [nn.MaxPool2d(layer.kernel, layer.stride, ceil_mode=True)]
    if isinstance(layer, Conv):
        return _convolution(
            shape[0], layer.channels, layer.kernel, layer.stride, generator
        )
    size = output_shape(layer, shape)[1:]
    modules = _convolution(shape[0], layer.channels, layer.kernel, 1, generator)
    if size != shape[1:]:
        modules.insert(0, nn.Upsample(size=size, mode="nearest"))
    return modules


def _convolution(
    n_in: int,
    n_out: int,
    kernel: tuple[int, int],
    stride: int,
    generator: torch.Generator,
) -> list[nn.Module]:
    height, width = kernel
    padding: tuple[int, int] = (height // 2, width // 2)
    modules: list[nn.Module] = []
    if not (height % 2 and width % 2):
        # Even kernels need one position more on one side than on the other.
        modules.append(
            nn.ZeroPad2d(((width - 1) // 2, width // 2, (height - 1) // 2, height // 2))
        )
        padding = (0, 0)
    layer = nn.Conv2d(n_in, n_out, kernel, stride, padding)
    _glorot(layer, generator)
    return [*modules, layer]


def _glorot(layer: nn.Linear | nn.Conv2d, generator: torch.Generator) -> None:
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)


def _has_weights(module: nn.Module) -> bool:
    norm = (nn.modules.batchnorm._BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.PReLU)
    return not isinstance(module, norm) and any(True for _ in module.parameters())
