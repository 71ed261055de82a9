"""The layers of each branch, from the parameters `encoder` and `decoder`."""

from __future__ import annotations

import reprlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from numbers import Integral
from typing import Any, Literal, Protocol, TypeAlias, cast

from sk_jae.architecture.auto_layers import auto_encoder
from sk_jae.architecture.checked import Shape
from sk_jae.architecture.column_scale import ColumnScale
from sk_jae.architecture.common_axis import AxisPoints
from sk_jae.architecture.common_signals import CommonSteps
from sk_jae.architecture.factories import called
from sk_jae.architecture.layer_shapes import shapes
from sk_jae.architecture.layers import FC, Deconv, Layer
from sk_jae.architecture.mirror import mirror
from sk_jae.architecture.notation import from_widths, parse
from sk_jae.architecture.signal_layers import Summary

__all__ = ["Architecture", "common_view", "describe"]


class ModuleLike(Protocol):
    """A torch module, for code that does not import torch."""

    def parameters(self) -> Iterable[Any]: ...


Hidden: TypeAlias = (
    str | Sequence[int] | Sequence[Layer] | Sequence[ModuleLike] | ModuleLike
)
# The value for one task; the estimators also accept lists and dicts of these.
Coder: TypeAlias = (
    str
    | tuple[int, ...]
    | tuple[Layer, ...]
    | tuple[ModuleLike, ...]
    | ModuleLike
    | Callable[[Shape], Hidden]
    | Callable[[], Hidden]
)

_MOST_LAYERS = 1000

# Gray, red green and blue, and these with opacity.
_GRAY_OR_COLOR = {1, 3, 4}


@dataclass(frozen=True)
class Architecture:
    """The layers of the two branches of one task.

    Attributes
    ----------
    name : str
        Name of the task.
    shape : tuple of int, (features,), (channels, height, width) or (channels, \
            time)
        Shape of one sample.
    view : tuple of int, (features,) or (channels, height, width)
        Shape of one sample as the input of the shared branch.
    private, shared : tuple of Layer or torch modules
        Hidden encoder layers of the private branch, whose input has the shape `shape`,
        and of the shared branch, whose input has the shape `view`.
    decoder : tuple of Layer or torch modules
        Hidden decoder layers, which are the same for both branches, and the output
        layer, which is a Layer, as the last item.
    features : tuple of str or None, default=None
        The names of the columns that the shared branch sees. The first layers of tasks
        in which these differ are not tied.
    indices : tuple of int or None, default=None
        The places of these columns in a sample, None if they are the whole sample.
    scale : ColumnScale or None, default=None
        How the shared branch moves and weighs these columns, if it does.
    steps : CommonSteps or None, default=None
        How the shared branch resamples signals and weighs their frequencies, if it
        does.
    points : AxisPoints or None, default=None
        Where the shared branch reads vectors or signals, if they lie on an axis.

    Examples
    --------
    >>> from sk_jae.architecture import Architecture, describe, to_string
    >>> gray = describe("gray", (1, 16, 16), (1, 28, 28), "FC 64, FC 32", "mirror")
    >>> isinstance(gray, Architecture)
    True
    >>> to_string(gray.decoder)
    'FC 32, FC 64, FC 256'
    """

    name: str
    shape: Shape
    view: Shape
    private: tuple[Any, ...]
    shared: tuple[Any, ...]
    decoder: tuple[Any, ...]
    features: tuple[str, ...] | None = None
    indices: tuple[int, ...] | None = None
    scale: ColumnScale | None = None
    steps: CommonSteps | None = None
    points: AxisPoints | None = None


def common_view(shapes: Sequence[Shape]) -> Shape | None:
    """Return one shape for the images of all tasks; None if there is none.

    Parameters
    ----------
    shapes : sequence of tuple of int
        Shape of one sample of each task.

    Returns
    -------
    shape : tuple of int, (channels, height, width), or None
        The largest height and the largest width, with the number of channels if it is
        equal in all tasks, else 1 if these are gray images and images in color. None if
        not all are images, or if they have other channels that cannot be reconciled.

    Examples
    --------
    >>> from sk_jae.architecture import common_view
    >>> common_view([(1, 28, 28), (3, 32, 30)])
    (1, 32, 30)
    """
    if any(len(shape) != 3 for shape in shapes):
        return None
    channels, heights, widths = zip(*shapes, strict=True)
    size = max(heights), max(widths)
    if len(set(channels)) == 1:
        return channels[0], *size
    return (1, *size) if set(channels) <= _GRAY_OR_COLOR else None


def describe(
    name: str,
    shape: Shape,
    view: Shape,
    encoder: Coder,
    decoder: Coder,
    *,
    classified: Literal["private", "shared"] | None = None,
    auto: tuple[Layer, ...] | None = None,
    columns: tuple[str, ...] | None = None,
    features: tuple[str, ...] | None = None,
    shared_encoder: Coder | None = None,
) -> Architecture:
    """Describe the layers of the two branches of one task.

    Parameters
    ----------
    name : str
        Name of the task.
    shape, view : tuple of int, (features,) or (channels, height, width)
        Shape of one sample, and its shape as the input of the shared branch.
    encoder : "auto", str, tuple of int, torch module or callable
        The hidden layers of the encoders of both branches, as in the estimators.
    decoder : "mirror", str, tuple of int or callable
        The hidden layers of the decoders of both branches, as in the estimators.
    classified : {"private", "shared"} or None, default=None
        The branch from which the classes are learned, if there is one.
    auto : tuple of Layer or None, default=None
        The layers of this branch with ``encoder="auto"``. None are those of
        :func:`auto_encoder`.
    columns : tuple of str or None, default=None
        The names of the columns of a table.
    features : tuple of str or None, default=None
        Those of them that the shared branch sees, which then decide its view; see
        :func:`common_columns`.
    shared_encoder : str, tuple of int, torch module, callable or None, default=None
        The hidden layers of the encoder of the shared branch, if they are others.

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
    indices = None
    if columns and features and features != columns:
        places = {column: i for i, column in enumerate(columns)}
        indices = tuple(places[column] for column in features)
        view = (len(indices),)
    given = ("encoder", encoder)
    if shared_encoder is not None:
        given = ("shared_encoder", shared_encoder)
    own = _made(encoder, shape, "encoder", name)
    common = _made(given[1], view, given[0], name)
    back = _made(decoder, shape, "decoder", name)
    with _naming("encoder", name):
        private = _encoder(own, shape, classified == "private", auto)
    with _naming(given[0], name):
        shared = _encoder(common, view, classified == "shared", auto)
    with _naming("decoder", name):
        # Decoders are not tied, so both lead to the task's own shape, not to the view.
        decoding = _decoder(back, private, shape)
    return Architecture(name, shape, view, private, shared, decoding, features, indices)


@contextmanager
def _naming(parameter: str, name: str) -> Iterator[None]:
    """Add the parameter and the task to errors about layers."""
    try:
        yield
    except (TypeError, ValueError) as error:
        text = f"In the {parameter} of task {name!r}: {error}"
        raise type(error)(text) from error


def _made(value: Coder, shape: Shape, parameter: str, name: str) -> Hidden:
    """Return the value, or what it returns if it is a user's function."""
    # A torch module is callable too, but it is a layer.
    if not callable(value) or _is_layer(value):
        return cast(Hidden, value)
    return cast(Hidden, called(value, shape, parameter, name))


def _encoder(
    value: Hidden, shape: Shape, classified: bool, auto: tuple[Layer, ...] | None
) -> tuple[Any, ...]:
    if _is(value, "auto"):
        if classified and auto is not None:
            return auto
        return auto_encoder(shape, classified=classified)
    layers = _read(value, "encoder")
    if not _has_modules(layers):
        shapes(layers, shape)
    return layers


def _decoder(value: Hidden, encoder: tuple[Any, ...], shape: Shape) -> tuple[Any, ...]:
    if _is(value, "mirror"):
        # There is no rule to reverse a module of the user, or what forgets the time.
        forgets = any(isinstance(layer, Summary) for layer in encoder)
        is_known = not forgets and not _has_modules(encoder)
        return mirror(encoder if is_known else auto_encoder(shape), shape)
    hidden = _read(value, "decoder")
    if not hidden or _has_modules(hidden):
        return (*hidden, FC(prod(shape)))
    if not isinstance(hidden[0], FC):
        raise ValueError(
            f"the decoder starts with {hidden[0]}, but its input is a code, which is a "
            "vector; let it start with FC."
        )
    end = shapes(hidden, (1,))[-1]
    if len(end) == len(shape) == 3:
        return (*hidden, Deconv(shape[0], (3, 3), None, (shape[1], shape[2])))
    if len(end) == len(shape) == 2:
        return (*hidden, Deconv(shape[0], (3,), None, (shape[1],)))
    return (*hidden, FC(prod(shape)))


def _is(value: object, word: str) -> bool:
    return isinstance(value, str) and value == word


def _read(value: Hidden, parameter: str) -> tuple[Any, ...]:
    layers = _layers_of(value, parameter)
    if len(layers) > _MOST_LAYERS:
        raise ValueError(
            f"{parameter} has {len(layers):,} layers, expected at most "
            f"{_MOST_LAYERS:,}."
        )
    return layers


def _layers_of(value: Hidden, parameter: str) -> tuple[Any, ...]:
    if isinstance(value, str):
        return parse(value)
    if _is_layer(value):
        return (value,)
    if isinstance(value, (tuple, list)):
        if all(isinstance(item, Integral) for item in value):
            return from_widths(value)
        if all(map(_is_layer, value)):
            return tuple(value)
    raise TypeError(
        f"{parameter} must be a string such as 'Conv 32x(5x5), MP 2x2, FC 500', a "
        "tuple of widths, a torch module, or a function that takes the shape of one "
        "sample and returns one of these or a list of layers, got "
        f"{reprlib.repr(value)}."
    )


def _is_layer(value: object) -> bool:
    return isinstance(value, Layer) or _is_module(value)


def _is_module(value: object) -> bool:
    # This recognizes a torch module without importing torch. A class is no module.
    return hasattr(value, "parameters") and not isinstance(value, type)


def _has_modules(layers: Sequence[Any]) -> bool:
    return any(map(_is_module, layers))
