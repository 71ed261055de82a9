"""Samples from the units of the user to those of the module and back, as modules."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from sk_jae.tasks import LARGEST_EXPONENT, LINEAR_RANGE, Layout, TargetScale, Whitening

__all__ = ["FromUser", "TargetsToUser", "ToUser"]


class FromUser(nn.Module):
    """Samples of the user as the module sees them; see :func:`arrange`.

    Parameters
    ----------
    layout : Layout
        The layout of one task.

    Notes
    -----
    Shape: the input is (n, *layout.shape), of any dtype, and the output is
    (n, *layout.module_shape), of float32.
    """

    mean: Tensor
    factor: Tensor

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self.layout = layout
        if layout.scaling is not None:
            self.register_buffer("mean", torch.tensor(layout.scaling.mean))
            self.register_buffer(
                "factor", torch.tensor(layout.scaling.factor).contiguous()
            )

    def forward(self, x: Tensor) -> Tensor:
        layout = self.layout
        if layout.scaling is not None:
            return self._scaled(x).reshape(x.shape[0], *layout.module_shape)
        x = x.to(torch.float32)
        if layout.scale != 1.0:
            x = x * layout.scale
        if layout.kind == "channels_last":
            return x.reshape(x.shape[0], *layout.sample_shape).permute(0, 3, 1, 2)
        return x.reshape(x.shape[0], *layout.module_shape)

    def _scaled(self, x: Tensor) -> Tensor:
        x = x.reshape(x.shape[0], -1).to(torch.float64) - self.mean
        x = (x @ self.factor if self.factor.ndim == 2 else x * self.factor).float()
        beyond = (x.abs() - LINEAR_RANGE).clamp(min=0).log1p()
        return x.clamp(-LINEAR_RANGE, LINEAR_RANGE) + x.sign() * beyond


class ToUser(nn.Module):
    """Outputs of the module in the units of the user; see `Layout.from_module`.

    Parameters
    ----------
    layout : Layout
        The layout of one task.
    gives_logits : bool
        Whether the module gives logits ("bce").

    Notes
    -----
    Shape: the input is (n, *layout.module_shape), and the output is
    (n, *layout.shape), of ``layout.dtype``.
    """

    mean: Tensor
    sizes: Tensor
    directions: Tensor | None

    def __init__(self, layout: Layout, *, gives_logits: bool) -> None:
        super().__init__()
        self.layout, self.gives_logits = layout, gives_logits
        scaling = layout.scaling
        if scaling is None:
            return
        self.register_buffer("mean", torch.tensor(scaling.mean))
        sizes = scaling.sizes if isinstance(scaling, Whitening) else scaling.spread
        self.register_buffer("sizes", torch.tensor(sizes))
        directions = None
        if isinstance(scaling, Whitening):
            directions = torch.tensor(scaling.directions).T.contiguous()
        self.register_buffer("directions", directions)

    def forward(self, x: Tensor) -> Tensor:
        layout = self.layout
        if self.gives_logits:
            x = x.sigmoid()
        if layout.kind == "channels_last":
            x = x.permute(0, 2, 3, 1)
        if layout.scaling is not None:
            x = self._unscaled(x.reshape(x.shape[0], -1))
        x = x.reshape(x.shape[0], *layout.shape)
        if layout.scale != 1.0:
            x = x / layout.scale
        if layout.dtype == "uint8":
            x = x.clamp(0, 255).round().to(torch.uint8)
        return x

    def _unscaled(self, x: Tensor) -> Tensor:
        x = x.to(torch.float64)
        beyond = (x.abs() - LINEAR_RANGE).clamp(0, LARGEST_EXPONENT).exp() - 1
        x = x.clamp(-LINEAR_RANGE, LINEAR_RANGE) + x.sign() * beyond
        x = x * self.sizes
        if self.directions is not None:
            x = x @ self.directions
        largest = torch.finfo(torch.float32).max
        return (x + self.mean).clamp(-largest, largest).to(torch.float32)


class TargetsToUser(nn.Module):
    """Predicted targets in the units and the form of the user, in float64.

    Parameters
    ----------
    scale : TargetScale

    Notes
    -----
    Shape: the input is (n, n_outputs), and the output is the same, or (n,) if the
    targets are flat.
    """

    mean: Tensor
    spread: Tensor

    def __init__(self, scale: TargetScale) -> None:
        super().__init__()
        self.is_flat = scale.is_flat
        self.register_buffer("mean", torch.tensor(scale.mean))
        self.register_buffer("spread", torch.tensor(scale.spread))

    def forward(self, values: Tensor) -> Tensor:
        found = values.to(torch.float64) * self.spread + self.mean
        return found[:, 0] if self.is_flat else found
