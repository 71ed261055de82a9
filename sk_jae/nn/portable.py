"""Layers as other runtimes can compute them: of one task, without spectra.

Runtimes that read ONNX know neither the statistics of several tasks nor complex
numbers, and their resizing differs from that of torch in the last digits. All samples
of a task have one shape, so that resizing, resampling and spectra are products with
matrices that are known beforehand.
"""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.nn.fixed_kernels import PositiveProportions, halves
from sk_jae.nn.layers import CommonView, UpConv2d
from sk_jae.nn.signal_layers import BandPower, LogPower, evenness_of, powers_of
from sk_jae.nn.task_copies import TaskCopies
from sk_jae.nn.task_norm import TaskBatchNorm
from sk_jae.nn.views import CommonSignals

__all__ = ["portable"]

# Larger matrices than this make files of hundreds of MB; spectra are left as they are.
_MOST_VALUES = 2**24


def portable(layers: Iterable[nn.Module], x: Tensor, task: int = 0) -> nn.Sequential:
    """Return copies of layers, for one task and without spectra.

    Parameters
    ----------
    layers : iterable of torch.nn.Module
        In evaluation mode, on the CPU.
    x : Tensor of shape (n, ...)
        Any samples of the shape that the first layer takes.
    task : int, default=0
        The task whose batch statistics are used.

    Returns
    -------
    layers : torch.nn.Sequential
        It computes the same up to rounding.
    """
    found = nn.Sequential()
    with torch.no_grad():
        for layer in layers:
            if isinstance(layer, nn.Sequential):
                found.append(portable(layer, x, task))
            else:
                found.append(_portable(layer, x, task))
            x = found[-1](x)
    return found


def _portable(layer: nn.Module, x: Tensor, task: int) -> nn.Module:
    if isinstance(layer, TaskBatchNorm):
        return _Normalized(layer, task)
    if isinstance(layer, TaskCopies):
        return deepcopy(layer.copies[task])
    if isinstance(layer, UpConv2d):
        return _two_steps(layer)
    if isinstance(layer, CommonView):
        return _Resized(layer, x.shape[2], x.shape[3])
    if isinstance(layer, LogPower):
        return _Power(layer)
    if isinstance(layer, PositiveProportions):
        return _Proportions(layer, x)
    if isinstance(layer, CommonSignals) and x.shape[2] * layer.n_steps <= _MOST_VALUES:
        return _Resampled(layer, x.shape[1], x.shape[2])
    if isinstance(layer, BandPower) and x.shape[2] ** 2 <= _MOST_VALUES:
        return _Bands(layer, x.shape[2])
    return deepcopy(layer)


def _two_steps(layer: UpConv2d) -> nn.Sequential:
    """Upsampling and a convolution, whose kernel is not computed for each batch."""
    conv = nn.Conv2d(
        layer.in_channels,
        layer.out_channels,
        layer.kernel_size,  # type: ignore[arg-type]
        padding=layer.padding,  # type: ignore[arg-type]
    )
    conv.load_state_dict(layer.state_dict())
    return nn.Sequential(nn.Upsample(scale_factor=layer.factor, mode="nearest"), conv)


class _Normalized(nn.Module):
    """See :class:`TaskBatchNorm`; with fixed statistics it is a product and a sum."""

    factor: Tensor
    offset: Tensor

    def __init__(self, layer: TaskBatchNorm, task: int) -> None:
        super().__init__()
        mean, variance = layer.running_mean[task], layer.running_var[task]
        factor = layer.weight.double() / (variance.double() + layer.eps).sqrt()
        offset = layer.bias.double() - mean.double() * factor
        self.register_buffer("factor", factor.float())
        self.register_buffer("offset", offset.float())

    def forward(self, x: Tensor) -> Tensor:
        shape = (-1, *[1] * (x.ndim - 2))  # along the axis of the channels
        return x * self.factor.reshape(shape) + self.offset.reshape(shape)


class _Resized(nn.Module):
    """See :class:`CommonView`; resizing is linear along each of the axes."""

    def __init__(self, layer: CommonView, height: int, width: int) -> None:
        super().__init__()
        self.channels, rows, columns = layer.shape
        self.resizes = (rows, columns) != (height, width)
        self.register_buffer("rows", _resizing(height, rows).T.contiguous())
        self.register_buffer("columns", _resizing(width, columns))

    rows: Tensor
    columns: Tensor

    def forward(self, x: Tensor) -> Tensor:
        if x.shape[1] == 4 != self.channels:
            x = x[:, :3]
        if x.shape[1] != self.channels:
            x = x.mean(1, keepdim=True).expand(-1, self.channels, -1, -1)
        return self.rows @ x @ self.columns if self.resizes else x


def _resizing(before: int, after: int) -> Tensor:
    """What resizing makes of each pixel of a line (before, after)."""
    pixels = torch.eye(before, dtype=torch.float64)[:, None, None]
    found = F.interpolate(
        pixels, size=(1, after), mode="bilinear", align_corners=False, antialias=True
    )
    return found[:, 0, 0].float()


class _Resampled(nn.Module):
    """See :class:`CommonSignals`; resampling is a product with a matrix."""

    matrix: Tensor

    def __init__(self, layer: CommonSignals, channels: int, time: int) -> None:
        super().__init__()
        steps = torch.eye(time, dtype=torch.float64)[:, None].expand(-1, channels, -1)
        if layer.gains is None:  # the same for all channels
            steps = steps[:, :1]
        found = layer(steps).transpose(0, 1).float()  # (channels, time, n_steps)
        self.register_buffer("matrix", found.contiguous())

    def forward(self, x: Tensor) -> Tensor:
        return (x[:, :, None] @ self.matrix)[:, :, 0]  # (n, channels, n_steps)


class _Power(nn.Module):
    """See :class:`LogPower`; the stretches are slices."""

    def __init__(self, layer: LogPower) -> None:
        super().__init__()
        self.whole, self.stretches = LogPower(), layer.stretches

    def forward(self, x: Tensor) -> Tensor:
        n, time = self.stretches, x.shape[2]
        ends = [(k * time // n, -(-(k + 1) * time // n)) for k in range(n)]
        parts = [x[:, :, start:end] for start, end in ends]
        found = [self.whole(x)]
        if parts:
            found.append(torch.stack([p.amax(2) for p in parts], 2).flatten(1))
            found.append(torch.stack([p.mean(2) for p in parts], 2).flatten(1))
        return torch.cat(found, 1)


class _Proportions(nn.Module):
    """See :class:`PositiveProportions`, whose kernels are those of convolutions."""

    thresholds: Tensor

    def __init__(self, layer: PositiveProportions, x: Tensor) -> None:
        super().__init__()
        self.profile = _Power(layer.profile)
        self.register_buffer("thresholds", layer.thresholds)
        self.responses = nn.ModuleList(
            _convolution(weight, layer.stride, layer.side(dilation), dilation)
            for weight, dilation in zip(layer.kernels(), layer.dilations, strict=True)
        )
        lengths = [response.shape[2] for response in layer.responses(x)]
        self.inside = [layer.inside(k, n) for k, n in enumerate(lengths)]

    def forward(self, x: Tensor) -> Tensor:
        parts = []
        for k, convolution in enumerate(self.responses):
            response = convolution(x)
            for threshold in self.thresholds[k].unbind(1):
                above = (response > threshold[:, None]).float()
                parts += [p.mean(2) for p in halves(above, self.inside[k], k)]
        return torch.cat([*parts, self.profile(x)], 1)


def _convolution(weight: Tensor, stride: int, side: int, dilation: int) -> nn.Conv1d:
    n, channels, width = weight.shape
    layer = nn.Conv1d(channels, n, width, stride, side, dilation, bias=False)
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return layer


class _Bands(nn.Module):
    """See :class:`BandPower`; spectra are two real products, cosine and sine."""

    shares: Tensor
    places: Tensor
    window: Tensor

    def __init__(self, layer: BandPower, time: int) -> None:
        super().__init__()
        self.time, self.n_wide = time, layer.n_wide
        n = time // 2 + 1
        spectrum = torch.fft.rfft(torch.eye(time, dtype=torch.float64))
        window = torch.hann_window(time, dtype=torch.float64)[:, None]
        self.windowed = _Parts(window * spectrum)
        self.register_buffer("shares", layer.shares(torch.zeros(1, 1, n)))
        if layer.n_wide:
            self.plain = _Parts(spectrum)
            places, own = layer.wide_bands(n - 1, torch.device("cpu"))
            self.register_buffer("places", places.flatten())
            self.register_buffer("window", own)
            line = torch.eye(len(own), dtype=torch.float64)
            self.back = _Parts(torch.fft.ifft(line, n=2 * len(own)))

    def forward(self, x: Tensor) -> Tensor:
        x = x.float()
        real, imaginary = self.windowed(x)
        power = (real.square() + imaginary.square()) / (self.time * 3 / 8)
        parts = [powers_of(power, self.shares)]
        if self.n_wide:
            parts.append(self._evenness(x))
        parts.append(x.mean(2, keepdim=True))
        return torch.cat([part.flatten(1) for part in parts], 1)

    def _evenness(self, x: Tensor) -> Tensor:
        spectrum = self.plain(x)
        width = len(self.window)
        real, imaginary = (
            part.index_select(2, self.places).unflatten(2, (self.n_wide, width))
            * self.window
            for part in spectrum
        )
        (a, b), (c, d) = self.back(real), self.back(imaginary)
        amplitude = ((a - d).square() + (b + c).square()).sqrt()
        return evenness_of(amplitude, spectrum[0].shape[2])


class _Parts(nn.Module):
    """Products with the real and the imaginary part of a matrix."""

    real: Tensor
    imaginary: Tensor

    def __init__(self, matrix: Tensor) -> None:
        super().__init__()
        self.register_buffer("real", matrix.real.float().contiguous())
        self.register_buffer("imaginary", matrix.imag.float().contiguous())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x @ self.real, x @ self.imaginary
