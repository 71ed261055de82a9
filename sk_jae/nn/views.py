"""What the shared branch of a task sees of its samples."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from sk_jae.architecture import Architecture
from sk_jae.nn.layers import CommonView

__all__ = [
    "CommonAxis",
    "CommonColumns",
    "CommonScale",
    "CommonSignals",
    "common_scale_of",
    "view_of",
]


class CommonAxis(nn.Module):
    """Linear interpolation of vectors or signals at the points of a common axis.

    Parameters
    ----------
    lower, upper : sequence of int
    part : sequence of float
        See :class:`sk_jae.architecture.AxisPoints`.

    Attributes
    ----------
    lower, upper : Tensor of int64 of shape (n_points,)
        The same as buffers.
    part : Tensor of float32 of shape (n_points,)
        The same as a buffer.

    Notes
    -----
    Shape: the input is (n, ..., n_features), and the output is (n, ..., n_points).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import CommonAxis
    >>> CommonAxis([0, 1], [1, 2], [0.5, 0.0])(torch.tensor([[1.0, 3.0, 7.0]]))
    tensor([[2., 3.]])
    """

    lower: Tensor
    upper: Tensor
    part: Tensor

    def __init__(
        self, lower: Sequence[int], upper: Sequence[int], part: Sequence[float]
    ) -> None:
        super().__init__()
        for name, values in (("lower", lower), ("upper", upper)):
            places = torch.tensor(list(values), dtype=torch.int64, device="cpu")
            self.register_buffer(name, places)
        numbers = torch.tensor(list(part), dtype=torch.float32, device="cpu")
        self.register_buffer("part", numbers)

    def forward(self, x: Tensor) -> Tensor:
        lower, upper = x.index_select(-1, self.lower), x.index_select(-1, self.upper)
        return lower + (upper - lower) * self.part  # (n, ..., n_points)

    def extra_repr(self) -> str:
        return f"n_points={len(self.part)}"


class CommonColumns(nn.Module):
    """Selection of the columns that the tables of all tasks have.

    Tables of different columns become tables of the same columns in the same order, so
    that the first layer can be tied.

    Parameters
    ----------
    indices : sequence of int
        The places of these columns in a sample of one task.

    Attributes
    ----------
    indices : Tensor of int64 of shape (n_columns,)
        The same as a buffer.

    Notes
    -----
    Shape: the input is (n, n_features), and the output is (n, n_columns).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import CommonColumns
    >>> CommonColumns([2, 0])(torch.tensor([[0.1, 0.2, 0.3]]))
    tensor([[0.3000, 0.1000]])
    """

    indices: Tensor

    def __init__(self, indices: Sequence[int]) -> None:
        super().__init__()
        places = torch.tensor(list(indices), dtype=torch.int64, device="cpu")
        self.register_buffer("indices", places)

    def forward(self, x: Tensor) -> Tensor:
        return x.index_select(1, self.indices)  # (n, n_columns)

    def extra_repr(self) -> str:
        return f"n_columns={len(self.indices)}"


class CommonScale(nn.Module):
    """One scale for the columns of the tables of all tasks.

    Parameters
    ----------
    offset, factor : sequence of float
    is_common : bool, default=False
        See :class:`sk_jae.architecture.ColumnScale`.

    Attributes
    ----------
    offset, factor : Tensor of float32 of shape (n_columns,)
        The same as buffers.
    is_placed : Tensor of bool
        A buffer that says whether training has placed the table by the shares of its
        classes. It is kept with the weights, so that going back to earlier weights
        takes it back too.

    Notes
    -----
    Shape: the input and the output are (n, n_columns).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import CommonScale
    >>> CommonScale([1.0, 0.0], [0.5, 2.0])(torch.tensor([[3.0, 3.0]]))
    tensor([[2., 6.]])
    """

    offset: Tensor
    factor: Tensor
    is_placed: Tensor

    def __init__(
        self,
        offset: Sequence[float],
        factor: Sequence[float],
        *,
        is_common: bool = False,
    ) -> None:
        super().__init__()
        self.is_common = is_common
        for name, values in (("offset", offset), ("factor", factor)):
            numbers = torch.tensor(list(values), dtype=torch.float32, device="cpu")
            self.register_buffer(name, numbers)
        self.register_buffer("is_placed", torch.tensor(False, device="cpu"))

    def forward(self, x: Tensor) -> Tensor:
        return (x + self.offset) * self.factor  # (n, n_columns)

    def extra_repr(self) -> str:
        return f"n_columns={len(self.offset)}"


def common_scale_of(view: nn.Module) -> CommonScale | None:
    """The scale in what makes the input of a task's shared branch."""
    return next((m for m in view.modules() if isinstance(m, CommonScale)), None)


class CommonSignals(nn.Module):
    """Signals of one sampling rate, in which all frequencies are equally strong.

    Parameters
    ----------
    n_steps : int
        See :class:`sk_jae.architecture.CommonSteps`.
    gains : sequence of sequence of float, or None, default=None
        See there.

    Attributes
    ----------
    gains : Tensor of float32 of shape (channels, n_steps // 2 + 1) or None
        The same as a buffer.

    Notes
    -----
    Shape: the input is (n, channels, time), and the output is (n, channels, n_steps).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import CommonSignals
    >>> wave = torch.sin(torch.pi / 8 * torch.arange(32)).reshape(1, 1, -1)
    >>> half = CommonSignals(16)(wave)
    >>> torch.allclose(half, wave[:, :, ::2], atol=1e-5)
    True
    """

    gains: Tensor | None

    def __init__(
        self, n_steps: int, gains: Sequence[Sequence[float]] | None = None
    ) -> None:
        super().__init__()
        self.n_steps = n_steps
        values = None
        if gains is not None:
            values = torch.tensor(gains, dtype=torch.float32, device="cpu")
        self.register_buffer("gains", values)

    def forward(self, x: Tensor) -> Tensor:
        # Without the frequencies that the new steps are too long for.
        spectrum = torch.fft.rfft(x)[:, :, : self.n_steps // 2 + 1]
        spectrum = spectrum * (self.n_steps / x.shape[2])
        if self.gains is not None:
            spectrum = spectrum * self.gains
        found: Tensor = torch.fft.irfft(spectrum, n=self.n_steps)
        return found  # (n, channels, n_steps)

    def extra_repr(self) -> str:
        return f"n_steps={self.n_steps}, whitens={self.gains is not None}"


def view_of(architecture: Architecture) -> nn.Module:
    """Return the module that makes the input of a task's shared branch."""
    steps: list[nn.Module] = []
    if architecture.indices is not None:
        steps.append(CommonColumns(architecture.indices))
    elif architecture.points is not None:
        steps.append(CommonAxis(**vars(architecture.points)))
    elif architecture.steps is not None:
        steps.append(
            CommonSignals(architecture.steps.n_steps, architecture.steps.gains)
        )
    elif architecture.view != architecture.shape:
        steps.append(CommonView(architecture.view))
    if architecture.scale is not None:
        scale = architecture.scale
        own = CommonScale(scale.offset, scale.factor, is_common=scale.is_common)
        steps.append(own)
    if len(steps) > 1:
        return nn.Sequential(*steps)
    return steps[0] if steps else nn.Identity()
