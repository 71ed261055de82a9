"""Reading and writing the notation that is described in :mod:`sk_jae.architecture`."""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterable, Sequence
from numbers import Integral
from typing import NoReturn

from sk_jae.architecture.layers import (
    BN,
    FC,
    AvgPool,
    Conv,
    Deconv,
    Layer,
    MaxPool,
    Reshape,
    has_weights,
)
from sk_jae.architecture.signal_layers import PPV, Bands, Power, Profile, Summary

__all__ = ["from_widths", "parse", "to_string"]

# A thousand layers, the most that an estimator takes, need about half of this.
_MOST_CHARACTERS = 50_000
_MOST_DIGITS = 18

_SHOWN = 60  # characters before and after a fault, in a message


def parse(text: str) -> tuple[Layer, ...]:
    """Read layers that are written in the paper's notation.

    Parameters
    ----------
    text : str
        Layers (see the table at the top of :mod:`sk_jae.architecture`), separated by
        ``,``, ``;``, ``->``, ``→`` or line ends. Upper and lower case, spaces, ``x``
        and ``×``, and parentheses around a kernel make no difference.

    Returns
    -------
    layers : tuple of Layer
        The layers in order, none for an empty text. A ReLU that is written is checked
        and left out, because ReLU is implied after every hidden layer with weights, and
        after its BN if it has one, but not around Bands, Power, Profile and PPV.

    Raises
    ------
    TypeError
        If `text` is not a string.
    ValueError
        If `text` does not follow the notation. The message has the position of the
        fault as an index into `text`, what was expected there and what was found. Or
        if `text` has more than 50,000 characters.

    Examples
    --------
    >>> from sk_jae.architecture import parse
    >>> parse("FC 500, BN, ReLU, FC 250")
    (FC(width=500), BN(), FC(width=250))
    >>> parse("conv 64,5,2 -> mp(2x2)") == parse("Conv 64×(5×5) stride 2, MP 2×2")
    True
    >>> parse("Conv 32x(5x5), MP 2x2 FC 500")
    Traceback (most recent call last):
        ...
    ValueError: Bad architecture at position 22: expected ',' or the end, found 'FC'.
        Conv 32x(5x5), MP 2x2 FC 500
                              ^
    """
    if not isinstance(text, str):
        raise TypeError(
            "An architecture must be a string such as 'Conv 32x(5x5), MP 2x2, FC 500', "
            f"got {reprlib.repr(text)} of type {type(text).__name__}."
        )
    if len(text) > _MOST_CHARACTERS:
        raise ValueError(
            f"An architecture has {len(text):,} characters, expected at most "
            f"{_MOST_CHARACTERS:,}; write fewer layers."
        )
    return _Parser(text).layers()


def to_string(layers: Iterable[Layer]) -> str:
    """Write layers in the paper's notation.

    Parameters
    ----------
    layers : iterable of Layer
        The layers.

    Returns
    -------
    text : str
        The text, from which `parse` makes the same layers. Only the exact `size` of a
        `Deconv` made by `mirror` is not written.

    Examples
    --------
    >>> from sk_jae.architecture import parse, to_string
    >>> to_string(parse("conv 32 x 5 x 5; relu; mp(2x2); fc500"))
    'Conv 32x(5x5), MP 2x2, FC 500'
    """
    return ", ".join(map(str, layers))


def from_widths(widths: Sequence[int]) -> tuple[FC, ...]:
    """Return fully connected layers for their widths, as in `hidden_layer_sizes`.

    Parameters
    ----------
    widths : sequence of int
        Number of output features of each layer, in order.

    Returns
    -------
    layers : tuple of FC
        One layer per width.

    Raises
    ------
    TypeError
        If `widths` is not a sequence, or if a width is not an integer.
    ValueError
        If a width is less than 1.

    Examples
    --------
    >>> from sk_jae.architecture import from_widths
    >>> from_widths((500, 250))
    (FC(width=500), FC(width=250))
    """
    if isinstance(widths, str | bytes) or not isinstance(widths, Iterable):
        raise TypeError(
            f"Layer widths must be a tuple of integers such as (500, 250), got "
            f"{reprlib.repr(widths)}."
        )
    layers: list[FC] = []
    for number, width in enumerate(widths, start=1):
        if isinstance(width, bool) or not isinstance(width, Integral):
            kind = type(width).__name__
            raise TypeError(f"{_bad_width(widths, number, width)} of type {kind}.")
        if width < 1:
            raise ValueError(f"{_bad_width(widths, number, width)}.")
        layers.append(FC(int(width)))
    return tuple(layers)


def _bad_width(widths: Sequence[int], number: int, width: object) -> str:
    return (
        f"In {reprlib.repr(widths)}, the width of layer {number} must be a positive "
        f"integer, got {reprlib.repr(width)}"
    )


# For each name, what follows it (n is a number, +n an optional one after a further x, s
# an optional stride, and parentheses may be left out) and an example. What is optional
# is there for images and not for signals.
_FORMS = {
    "conv": ("n x ( n +n ) s", "Conv 32x(5x5)"),
    "deconv": ("n x ( n +n ) s", "Deconv 32x5x5"),
    "mp": ("( n +n ) s", "MP 2x2"),
    "ap": ("( n +n ) s", "AP 2x2"),
    "bands": ("n", "Bands 64"),
    "power": ("", "Power"),
    "profile": ("n", "Profile 8"),
    "ppv": ("n x n s", "PPV 4x32"),
    "fc": ("n", "FC 500"),
    "bn": ("", "BN"),
    "relu": ("", "ReLU"),
    "reshape": ("n x n +n", "Reshape 64x7x7"),
}
_NAMES = "Conv, Deconv, MP, AP, Bands, Power, Profile, PPV, FC, BN, ReLU or Reshape"


def _is_normalized(layer: Layer | None) -> bool:
    """Tell whether a BN may follow."""
    return layer is not None and (has_weights(layer) or isinstance(layer, Summary))


def _sides(numbers: list[int]) -> tuple[int] | tuple[int, int]:
    return (numbers[0],) if len(numbers) == 1 else (numbers[0], numbers[1])


class _Parser:
    """Recursive descent over the tokens of one architecture string."""

    _TOKEN = re.compile(r"[^\W\d_]+|-?\d+(?:\.\d+)?|->|\n|\S")
    _SEPARATORS = (",", ";", "->", "→")

    def __init__(self, text: str) -> None:
        self._text = text
        matches = list(self._TOKEN.finditer(text))
        self._found = [match[0] for match in matches]
        self._tokens = [*(t.lower().replace("×", "x") for t in self._found), ""]
        self._positions = [*(match.start() for match in matches), len(text)]
        self._next = 0

    def layers(self) -> tuple[Layer, ...]:
        layers: list[Layer] = []
        previous: Layer | None = None
        self._skip_line_ends()
        while self._peek():
            previous = self._layer(layers, previous)
            if previous is not None:
                layers.append(previous)
            line_ended = self._skip_line_ends()
            if self._peek() in self._SEPARATORS:
                self._next += 1
                self._skip_line_ends()
                if not self._peek():
                    self._fail("a layer")
            elif self._peek() and not line_ended:
                self._fail("',' or the end")
        return tuple(layers)

    def _layer(self, layers: list[Layer], previous: Layer | None) -> Layer | None:
        """Return the next layer, or None for a ReLU.

        `previous` is the layer before it, or None after a ReLU and at the start.
        """
        name = self._peek()
        if name not in _FORMS:
            self._fail(_NAMES)
        if name == "bn" and not _is_normalized(previous):
            self._fail(
                "Conv, Deconv, FC, Bands, Power, Profile or PPV directly before BN "
                "(and no ReLU)"
            )
        if name == "relu" and not any(map(has_weights, layers)):
            self._fail("Conv, Deconv or FC before ReLU")
        self._next += 1
        if name in ("conv", "deconv") and self._is_short():
            make, example = (
                (Conv, "Conv 64,5,2") if name == "conv" else (Deconv, "Deconv 64,5,2")
            )
            (channels, side, stride), _ = self._numbers("n , n , n", example)
            return make(channels, (side, side), stride)
        numbers, optional_stride = self._numbers(*_FORMS[name])
        match name, numbers:
            case "conv", [channels, *kernel]:
                return Conv(channels, _sides(kernel), optional_stride or 1)
            case "deconv", [channels, *kernel]:
                return Deconv(channels, _sides(kernel), optional_stride)
            case "mp", kernel:
                return MaxPool(_sides(kernel), optional_stride)
            case "ap", kernel:
                return AvgPool(_sides(kernel), optional_stride)
            case "reshape", [channels, *sides]:
                return Reshape((channels, *_sides(sides)))
            case "fc", [width]:
                return FC(width)
            case "bands", [bands]:
                return Bands(bands)
            case "profile", [stretches]:
                return Profile(stretches)
            case "ppv", [thresholds, dilation]:
                return PPV(thresholds, dilation, optional_stride or 1)
            case "power", []:
                return Power()
        return BN() if name == "bn" else None

    def _is_short(self) -> bool:
        # Commas also separate layers, but no layer consists of a number only.
        comma, side = [*self._tokens[self._next + 1 : self._next + 3], "", ""][:2]
        return comma == "," and side.isdecimal()

    def _numbers(self, form: str, example: str) -> tuple[list[int], int | None]:
        """Return the numbers of a layer, and its stride if it has one."""
        numbers: list[int] = []
        stride = None
        opened = False
        for item in form.split():
            if item == "n":
                numbers.append(self._number(example))
            elif item == "+n":
                if self._accept("x"):
                    numbers.append(self._number(example))
            elif item == "(":
                opened = self._accept("(")
            elif item == "s":
                if self._accept("stride"):
                    stride = self._number(f"{example} stride 2")
            elif (item != ")" or opened) and not self._accept(item):
                self._fail(f"{item!r}, as in {example}")
        return numbers, stride

    def _number(self, example: str) -> int:
        text = self._peek()
        if text.isdecimal() and len(text) > _MOST_DIGITS:
            self._fail(f"a positive integer of at most {_MOST_DIGITS} digits")
        if not text.isdecimal() or int(text) < 1:
            self._fail(f"a positive integer, as in {example}")
        self._next += 1
        return int(text)

    def _accept(self, text: str) -> bool:
        accepted = self._peek() == text
        self._next += accepted
        return accepted

    def _peek(self) -> str:
        return self._tokens[self._next]

    def _skip_line_ends(self) -> bool:
        start = self._next
        while self._accept("\n"):
            pass
        return self._next > start

    def _fail(self, expected: str) -> NoReturn:
        found = "the end"
        if self._peek():
            token = self._found[self._next]
            found = "the end of the line" if token == "\n" else reprlib.repr(token)
        position = self._positions[self._next]
        line, place = self._line_at(position)
        raise ValueError(
            f"Bad architecture at position {position}: expected {expected}, "
            f"found {found}.\n    {line}\n    {' ' * place}^"
        )

    def _line_at(self, position: int) -> tuple[str, int]:
        """Return the line around a position, cut if it is long, and the place in it."""
        start = self._text.rfind("\n", 0, position) + 1
        line = self._text[start:].partition("\n")[0].expandtabs(1)
        place = position - start
        before, after = line[:place], line[place:]
        if len(before) > _SHOWN:
            before = "..." + before[-_SHOWN:]
        if len(after) > _SHOWN:
            after = after[:_SHOWN] + "..."
        return before + after, len(before)
