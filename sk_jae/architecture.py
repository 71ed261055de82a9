"""From the parameters `encoder` and `decoder` to the layers of every branch."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

from sk_jae._layers import Shape
from sk_jae.notation import FC, Deconv, from_widths, mirror, parse, shapes

__all__ = ["Architecture", "auto_encoder", "common_view", "describe"]

_SMALLEST_SIDE = 8


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
        Hidden decoder layers, the same for both branches, then the output layer.
    """

    name: str
    shape: Shape
    view: Shape
    private: tuple[Any, ...]
    shared: tuple[Any, ...]
    decoder: tuple[Any, ...]


def auto_encoder(shape: Shape) -> tuple[Any, ...]:
    """The hidden layers of ``encoder="auto"``.

    Parameters
    ----------
    shape : tuple of int, (features,) or (channels, height, width)
        Shape of one sample.

    Returns
    -------
    layers : tuple of Layer
        Convolutions with batch normalization for images of at least 8 x 8 pixels, a
        dense layer otherwise. All end as wide as each other, so that the bottleneck
        can be tied across tasks of any shape.

    Examples
    --------
    >>> from sk_jae.architecture import auto_encoder
    >>> from sk_jae.notation import to_string
    >>> to_string(auto_encoder((64,)))
    'FC 128'
    """
    if len(shape) == 1 or min(shape[1:]) < _SMALLEST_SIDE:
        return parse("FC 128")
    return parse("Conv 32x(3x3), BN, MP 2x2, Conv 64x(3x3), BN, MP 2x2, FC 128, BN")


def common_view(shapes: Sequence[Shape]) -> Shape | None:
    """The one image shape for all tasks, or None if not all tasks are images.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shape of one sample of each task.

    Returns
    -------
    shape : tuple of int, (channels, height, width), or None
        The largest height and width, and the smallest number of channels.
    """
    if any(len(shape) != 3 for shape in shapes):
        return None
    channels = min(shape[0] for shape in shapes)
    if channels != max(shape[0] for shape in shapes):
        channels = 1
    return (
        channels,
        max(shape[1] for shape in shapes),
        max(shape[2] for shape in shapes),
    )


def describe(
    name: str, shape: Shape, view: Shape, encoder: Any, decoder: Any
) -> Architecture:
    """The layers of one task's branches.

    Parameters
    ----------
    name : str
        The name of the task.
    shape, view : tuple of int, (features,) or (channels, height, width)
        Shape of one sample, and as the shared branch sees it.
    encoder : "auto", str, tuple of int or callable
        See the estimators.
    decoder : "mirror", str, tuple of int or callable
        See the estimators.

    Returns
    -------
    architecture : Architecture

    Raises
    ------
    ValueError, TypeError
        If the layers do not fit the samples; the message names the task.
    """
    try:
        private = _layers(encoder, shape, "encoder", auto_encoder)
        shared = _layers(encoder, view, "encoder", auto_encoder)
        # Not tied, so it goes straight to the task's own size, whatever the view.
        decoding = _decoder(decoder, private, shape)
    except (TypeError, ValueError) as error:
        raise type(error)(f"In the layers of task {name!r}: {error}") from error
    return Architecture(name, shape, view, private, shared, decoding)


def _layers(
    value: Any,
    shape: Shape,
    parameter: str,
    auto: Callable[[Shape], tuple[Any, ...]],
) -> tuple[Any, ...]:
    if callable(value):
        value = value(shape)
    if isinstance(value, str):
        layers = auto(shape) if value == "auto" else parse(value)
    elif isinstance(value, (tuple, list)) and all(
        isinstance(layer, int) for layer in value
    ):
        layers = from_widths(tuple(value))
    elif isinstance(value, (tuple, list)) and all(map(_is_layer, value)):
        layers = tuple(value)
    else:
        raise TypeError(
            f"{parameter} must be a string such as 'Conv 32x(5x5), MP 2x2, FC 500', a "
            "tuple of widths, or a callable that returns these or a list of layers for "
            f"a feature shape, got {value!r}."
        )
    if not _has_modules(layers):
        shapes(layers, shape)
    return layers


def _decoder(value: Any, encoder: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    if isinstance(value, str) and value == "mirror":
        # Modules of the user's own cannot be reversed by rule.
        return mirror(auto_encoder(shape) if _has_modules(encoder) else encoder, shape)
    hidden = (
        _layers(value, shape, "decoder", auto_encoder)
        if callable(value)
        else (parse(value) if isinstance(value, str) else from_widths(value))
    )
    behind = shapes(hidden, (1,))[-1] if hidden and not _has_modules(hidden) else (1,)
    if len(behind) == 3 and len(shape) == 3:
        return (*hidden, Deconv(shape[0], (3, 3), None, (shape[1], shape[2])))
    return (*hidden, FC(prod(shape)))


def _is_layer(layer: Any) -> bool:
    return hasattr(layer, "__dataclass_fields__") or hasattr(layer, "parameters")


def _has_modules(layers: Sequence[Any]) -> bool:
    return any(hasattr(layer, "parameters") for layer in layers)
