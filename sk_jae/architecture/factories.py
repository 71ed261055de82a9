"""Functions of the user that make the layers of a branch."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

from sk_jae.architecture.checked import Shape

__all__ = ["called"]

_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


def called(
    function: Callable[..., Any], shape: Shape, parameter: str, name: str
) -> Any:
    """Return what a function makes for samples of a shape.

    A function that takes no argument is called without one.

    Raises
    ------
    TypeError
        If it would choose pretrained weights, which it might download.
    """
    arguments: tuple[Shape, ...] = (shape,)
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some classes and builtins have none
        parameters = []
    else:
        parameters = list(signature.parameters.values())
        _check_chooses_no_weights(function, parameters, parameter)
        if not any(p.kind in _POSITIONAL for p in parameters):
            arguments = ()
    try:
        return function(*arguments)
    except Exception as error:  # the user's own, which stays as it is
        given = f"with {shape}, the shape" if arguments else "for the shape"
        error.add_note(
            f"{parameter} is a function, which was called {given} of one sample of "
            f"task {name!r}."
        )
        raise


def _check_chooses_no_weights(
    function: Callable[..., Any],
    parameters: list[inspect.Parameter],
    parameter: str,
) -> None:
    """Refuse the builders of torchvision and timm themselves.

    The shape of a sample would be taken for the wish for pretrained weights.
    """
    chosen = _bound(function)
    positional = [p.name for p in parameters if p.kind in _POSITIONAL]
    first = positional[:1] or [p.name for p in parameters]
    asked = [name for name in first if _means_weights(name) and name not in chosen]
    if asked:
        made = getattr(function, "__name__", type(function).__name__)
        raise TypeError(
            f"{parameter} is the function {made}, which chooses weights by its "
            f"argument {asked[0]!r} and may download them; call it yourself, "
            f"{parameter}={made}({asked[0]}=...), or give a function without "
            f"arguments, such as functools.partial({made}, {asked[0]}=None), for a new "
            "network in every fit."
        )


def _means_weights(name: str) -> bool:
    return name.startswith(("pretrained", "weights"))


def _bound(function: Any) -> set[str]:
    """The arguments that are given already."""
    found: set[str] = set()
    while isinstance(function, partial):
        found |= set(function.keywords)
        function = function.func
    return found
