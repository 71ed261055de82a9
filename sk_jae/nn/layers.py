"""Torch layers for the samples of one task or of several tasks together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.architecture import Shape
from sk_jae.nn.task_copies import TaskCopies
from sk_jae.nn.task_norm import TaskBatchNorm

__all__ = [
    "CommonView",
    "FlattenLinear",
    "FrozenSequential",
    "TaskSequential",
    "UnflattenImage",
    "UpConv2d",
]


class FlattenLinear(nn.Linear):
    """Linear layer that flattens images.

    It is the same layer for vectors and for images, so that it can be tied across
    tasks some of which have vectors and some images.

    Notes
    -----
    Shape: the input is (n, in_features) or (n, channels, height, width), and the output
    is (n, out_features).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import FlattenLinear
    >>> layer = FlattenLinear(12, 2)
    >>> layer(torch.zeros(5, 12)).shape, layer(torch.zeros(5, 3, 2, 2)).shape
    (torch.Size([5, 2]), torch.Size([5, 2]))
    """

    def reset_parameters(self) -> None:
        if not self.weight.is_meta:  # where to draw what is not there takes time
            super().reset_parameters()

    def forward(self, x: Tensor) -> Tensor:
        x = x.flatten(1)  # (n, in_features)
        return F.linear(x, self.weight, self.bias)  # (n, out_features)


class UpConv2d(nn.Conv2d):
    """Nearest-neighbor upsampling, followed by a convolution that keeps the size.

    The result is computed directly from the small image. After upsampling by s, several
    weights of the kernel are multiplied by the same pixel, so these weights can be
    added first. This gives s x s kernels, one for each position within a pixel, each of
    about 1 / s^2 of the size. The result is the same up to rounding, with fewer
    products and without the large image in memory.

    Parameters
    ----------
    in_channels, out_channels : int
        Number of channels.
    kernel_size : tuple of int, (height, width)
        Size of the kernel on the large image. Both numbers must be odd.
    factor : int
        Upsampling factor along both axes.

    Notes
    -----
    Shape: the input is (n, in_channels, height, width), and the output is
    (n, out_channels, factor * height, factor * width).

    Examples
    --------
    >>> import torch
    >>> from torch import nn
    >>> from sk_jae.nn import UpConv2d
    >>> layer, x = UpConv2d(2, 3, (3, 3), factor=2), torch.rand(4, 2, 5, 6)
    >>> two = nn.Sequential(nn.Upsample(scale_factor=2), nn.Conv2d(2, 3, 3, padding=1))
    >>> two[1].load_state_dict(layer.state_dict())
    <All keys matched successfully>
    >>> torch.allclose(layer(x), two(x), atol=1e-6)
    True
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, int],
        factor: int,
    ) -> None:
        height, width = kernel_size
        super().__init__(
            in_channels, out_channels, kernel_size, padding=(height // 2, width // 2)
        )
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        s = self.factor
        # Sums of s x s neighbors: (out, in, height + s - 1, width + s - 1).
        taps = F.pad(self.weight, (s - 1,) * 4)
        taps = F.avg_pool2d(taps, s, stride=1, divisor_override=1)
        height, width = self.kernel_size[0] // 2, self.kernel_size[1] // 2
        if height % s or width % s:
            taps = taps.flip(2, 3).transpose(0, 1)
            return F.conv_transpose2d(x, taps, self.bias, s, (height, width))
        # All s x s kernels cover the same pixels, so they can be channels of one plain
        # convolution, which is faster than a transposed one.
        taps = taps.unflatten(3, (-1, s)).unflatten(2, (-1, s)).flip(3, 5)
        taps = taps.permute(0, 3, 5, 1, 2, 4).flatten(0, 2)
        bias = None if self.bias is None else self.bias.repeat_interleave(s * s)
        x = F.conv2d(x, taps, bias, padding=(height // s, width // s))
        # (n, s * s * out, height, width) -> (n, out, s * height, s * width)
        return F.pixel_shuffle(x, s)

    def extra_repr(self) -> str:
        own = super().extra_repr()  # type: ignore[no-untyped-call]
        return f"{own}, factor={self.factor}"


class UnflattenImage(nn.Module):
    """Conversion of vectors to images.

    Parameters
    ----------
    shape : tuple of int, (channels, height, width)
        Shape of one image.

    Notes
    -----
    Shape: the input is (n, channels * height * width), and the output is
    (n, channels, height, width).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import UnflattenImage
    >>> UnflattenImage((3, 2, 2))(torch.zeros(5, 12)).shape
    torch.Size([5, 3, 2, 2])
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], *self.shape)  # (n, channels, height, width)
        if x.ndim != 4:
            return x
        # All images have this memory format here. With another one, each of the next
        # layers would convert it.
        return x.contiguous(memory_format=torch.channels_last)

    def extra_repr(self) -> str:
        return str(self.shape)


class CommonView(nn.Module):
    """Conversion of images to one size and one number of channels for all tasks.

    Images in color become gray by the mean of red, green and blue, and the channel of
    gray images is repeated to make color images. A fourth channel (opacity) is left out
    if the result does not have four channels. Of other numbers of channels, the mean is
    taken.

    Parameters
    ----------
    shape : tuple of int, (channels, height, width)
        Shape of one image after the conversion.

    Notes
    -----
    Shape: the input is (n, channels_in, height_in, width_in), and the output is
    (n, channels, height, width).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import CommonView
    >>> view = CommonView((1, 28, 28))
    >>> view(torch.zeros(5, 1, 16, 16)).shape, view(torch.zeros(5, 3, 32, 32)).shape
    (torch.Size([5, 1, 28, 28]), torch.Size([5, 1, 28, 28]))
    """

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape

    def forward(self, x: Tensor) -> Tensor:
        channels, *size = self.shape
        if x.shape[1] == 4 != channels:
            x = x[:, :3]  # without opacity
        if x.shape[1] != channels:
            x = x.mean(1, keepdim=True).expand(-1, channels, -1, -1)
        if list(x.shape[2:]) != size:
            x = F.interpolate(
                x,
                size=tuple(size),
                mode="bilinear",
                align_corners=False,
                antialias=True,
            )
        return x  # (n, channels, height, width)

    def extra_repr(self) -> str:
        return str(self.shape)


class TaskSequential(nn.ModuleList):
    """Sequence of layers for the samples of one task or of several tasks together.

    Notes
    -----
    Shape: the input and the output are lists with one tensor of shape (n_t, ...) per
    task. If the samples of all tasks have the same shape, each layer is run once, on
    the samples of all tasks together.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import TaskSequential
    >>> layers = TaskSequential([torch.nn.Linear(3, 2)])
    >>> [part.shape for part in layers([torch.ones(4, 3), torch.ones(1, 3)], [0, 1])]
    [torch.Size([4, 2]), torch.Size([1, 2])]
    """

    def forward(
        self, parts: Sequence[Tensor], tasks: Sequence[int], start: int = 0
    ) -> list[Tensor]:
        """Return the output of the last layer.

        Parameters
        ----------
        parts : list of Tensor of shape (n_t, ...)
            The samples of each task.
        tasks : list of int
            The position of the task of each part.
        start : int, default=0
            The position of the first layer that is run.

        Returns
        -------
        parts : list of Tensor of shape (n_t, ...)
            The output for the samples of each task.
        """
        if not len(self) or not parts:
            return list(parts)
        if len({part.shape[1:] for part in parts}) > 1:
            return [
                self([part], [t], start)[0]
                for part, t in zip(parts, tasks, strict=True)
            ]
        # Not len(part), which torch.export would take for a constant.
        sizes = [part.shape[0] for part in parts]
        # (n_1 + n_2 + ..., ...)
        x = torch.cat(list(parts)) if len(parts) > 1 else parts[0]
        for layer in islice(self, start, None):
            tells_apart = isinstance(layer, TaskBatchNorm | TaskCopies)
            x = layer(x, tasks, sizes) if tells_apart else layer(x)
        return list(x.split(sizes)) if len(parts) > 1 else [x]


class FrozenSequential(TaskSequential):
    """A sequence of which only the last layer is trained.

    The others stay as they are, with their batch statistics.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
    """

    def __init__(self, layers: Iterable[nn.Module]) -> None:
        super().__init__(layers)
        self._frozen().requires_grad_(False)

    def train(self, mode: bool = True) -> Self:
        super().train(mode)
        self._frozen().eval()
        return self

    def _frozen(self) -> nn.Module:
        return nn.ModuleList(list(self)[:-1])
