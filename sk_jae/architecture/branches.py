"""From the parameters `encoder` and `decoder` to the layers of every branch."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from math import ceil, log2, prod
from numbers import Integral
from typing import Any, Literal, Protocol, TypeAlias, cast

from sk_jae.architecture.layers import (
    BN,
    FC,
    Conv,
    Deconv,
    Layer,
    MaxPool,
    Shape,
    shapes,
)
from sk_jae.architecture.mirror import mirror
from sk_jae.architecture.notation import from_widths, parse

__all__ = ["Architecture", "auto_encoder", "common_view", "describe"]


class ModuleLike(Protocol):
    """A torch module, for what does without torch."""

    def parameters(self) -> Iterable[Any]: ...


Hidden: TypeAlias = str | Sequence[int] | Sequence[Layer] | Sequence[ModuleLike]
# A list has one for each task.
Coder: TypeAlias = (
    str
    | tuple[int, ...]
    | tuple[Layer, ...]
    | tuple[ModuleLike, ...]
    | Callable[[Shape], Hidden]
)

_SMALLEST_SIDE = 8
_MOST_DENSE = 2**14
_LARGEST_MAP = 8


@dataclass(frozen=True)
class Architecture:
    """The layers of one task's two branches.

    Attributes
    ----------
    name : str
        The name of the task.
    shape : tuple of int, (features,) or (channels, height, width)
        Shape of one sample.
    view : tuple of int, (features,) or (channels, height, width)
        Shape of one sample as the shared branch sees it.
    private, shared : tuple of Layer or torch modules
        Hidden encoder layers of the private branch, which sees `shape`, and of the
        shared branch, which sees `view`.
    decoder : tuple of Layer or torch modules
        Hidden decoder layers, the same for both branches, then the output layer, which
        is a Layer.

    Examples
    --------
    >>> from sk_jae.architecture import describe, to_string
    >>> gray = describe("gray", (1, 16, 16), (1, 28, 28), "FC 64, FC 32", "mirror")
    >>> to_string(gray.decoder)
    'FC 32, FC 64, FC 256'
    """

    name: str
    shape: Shape
    view: Shape
    private: tuple[Any, ...]
    shared: tuple[Any, ...]
    decoder: tuple[Any, ...]


def auto_encoder(shape: Shape, *, classified: bool = False) -> tuple[Any, ...]:
    """The hidden layers of ``encoder="auto"``.

    Parameters
    ----------
    shape : tuple of int, (features,) or (channels, height, width)
        Shape of one sample.
    classified : bool, default=False
        Whether the classes are learned from this branch.

    Returns
    -------
    layers : tuple of Layer
        A dense layer, behind convolutions if the samples are images of at least 8 x 8
        pixels and either too large for a dense layer or classified, then with batch
        normalization. All end as wide as each other, so that the bottleneck can be tied
        across tasks of any shape.

    Examples
    --------
    >>> from sk_jae.architecture import auto_encoder
    >>> from sk_jae.architecture import to_string
    >>> to_string(auto_encoder((1, 28, 28)))
    'FC 128'
    >>> to_string(auto_encoder((1, 28, 28), classified=True))
    'Conv 16x(3x3), BN, MP 2x2, Conv 32x(3x3), BN, MP 2x2, FC 128, BN'
    """
    if len(shape) == 1 or min(shape[1:]) < _SMALLEST_SIDE:
        return (FC(128),)
    if not classified and prod(shape) <= _MOST_DENSE:
        # Dense layers reconstruct small images better, in a fraction of the time.
        return (FC(128),)
    norm = (BN(),) if classified else ()
    layers: list[Layer] = []
    for k in range(max(2, ceil(log2(max(shape[1:]) / _LARGEST_MAP)))):
        layers += [Conv(min(16 * 2**k, 128), (3, 3)), *norm, MaxPool((2, 2))]
    return (*layers, FC(128), *norm)


def common_view(shapes: Sequence[Shape]) -> Shape | None:
    """The one image shape for all tasks, or None if not all tasks are images.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shape of one sample of each task.

    Returns
    -------
    shape : tuple of int, (channels, height, width), or None
        The largest height and width, and the common number of channels, else 1.

    Examples
    --------
    >>> from sk_jae.architecture import common_view
    >>> common_view([(1, 28, 28), (3, 32, 30)])
    (1, 32, 30)
    """
    if any(len(shape) != 3 for shape in shapes):
        return None
    channels, heights, widths = zip(*shapes, strict=True)
    return channels[0] if len(set(channels)) == 1 else 1, max(heights), max(widths)


def describe(
    name: str,
    shape: Shape,
    view: Shape,
    encoder: Coder,
    decoder: Coder,
    *,
    classified: Literal["private", "shared"] | None = None,
) -> Architecture:
    """The layers of one task's branches.

    Parameters
    ----------
    name : str
        The name of the task.
    shape, view : tuple of int, (features,) or (channels, height, width)
        Shape of one sample, and as the shared branch sees it.
    encoder : "auto", str, tuple of int or callable
        The hidden layers of both branches' encoders, see the estimators.
    decoder : "mirror", str, tuple of int or callable
        The hidden layers of both branches' decoders, see the estimators.
    classified : {"private", "shared"} or None, default=None
        The branch from which classes are learned.

    Returns
    -------
    architecture : Architecture

    Raises
    ------
    ValueError, TypeError
        If the layers do not fit the samples; the message names the task.

    Examples
    --------
    >>> from sk_jae.architecture import describe, to_string
    >>> encoder = "Conv 8x(3x3), MP 2x2, FC 32"
    >>> branches = describe("usps", (1, 16, 16), (1, 28, 28), encoder, "mirror")
    >>> to_string(branches.shared)
    'Conv 8x(3x3), MP 2x2, FC 32'
    >>> to_string(branches.decoder)
    'FC 32, FC 512, Reshape 8x8x8, Deconv 1x3x3'
    """
    try:
        private = _encoder(encoder, shape, classified == "private")
        shared = _encoder(encoder, view, classified == "shared")
        # Not tied, so it goes straight to the task's own size, whatever the view.
        decoding = _decoder(decoder, private, shape)
    except (TypeError, ValueError) as error:
        raise type(error)(f"In the layers of task {name!r}: {error}") from error
    return Architecture(name, shape, view, private, shared, decoding)


def _encoder(coder: Coder, shape: Shape, classified: bool = False) -> tuple[Any, ...]:
    value = _called(coder, shape)
    if _is(value, "auto"):
        return auto_encoder(shape, classified=classified)
    layers = _read(value, "encoder")
    if not _has_modules(layers):
        shapes(layers, shape)
    return layers


def _decoder(coder: Coder, encoder: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    value = _called(coder, shape)
    if _is(value, "mirror"):
        # Modules of the user's own cannot be reversed by rule.
        return mirror(auto_encoder(shape) if _has_modules(encoder) else encoder, shape)
    hidden = _read(value, "decoder")
    if not hidden or _has_modules(hidden):
        return (*hidden, FC(prod(shape)))
    if not isinstance(hidden[0], FC):
        raise ValueError(
            f"the decoder starts with {hidden[0]}, but what it decodes is a code, a "
            "vector of any length; start it with FC."
        )
    end = shapes(hidden, (1,))[-1]
    if len(end) == 3 and len(shape) == 3:
        return (*hidden, Deconv(shape[0], (3, 3), None, (shape[1], shape[2])))
    return (*hidden, FC(prod(shape)))


def _called(value: Coder, shape: Shape) -> Hidden:
    """What a function of the user's own returns for a shape."""
    # A torch module can be called too, but not with a shape.
    if callable(value) and not _is_layer(value):
        return value(shape)
    return cast(Hidden, value)


def _is(value: object, word: str) -> bool:
    return isinstance(value, str) and value == word


def _read(value: Hidden, parameter: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        return parse(value)
    if isinstance(value, (tuple, list)):
        if all(isinstance(item, Integral) for item in value):
            return from_widths(value)
        if all(map(_is_layer, value)):
            return tuple(value)
    raise TypeError(
        f"{parameter} must be a string such as 'Conv 32x(5x5), MP 2x2, FC 500', a "
        "tuple of widths, or a callable that returns these or a list of layers for a "
        f"feature shape, got {value!r}."
    )


def _is_layer(value: object) -> bool:
    return isinstance(value, Layer) or _is_module(value)


def _is_module(value: object) -> bool:
    # A torch module, without importing torch; a class is not one yet.
    return hasattr(value, "parameters") and not isinstance(value, type)


def _has_modules(layers: Sequence[Any]) -> bool:
    return any(map(_is_module, layers))
