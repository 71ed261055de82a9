"""JSON that means one thing only."""

from __future__ import annotations

import json
from typing import Any, NoReturn

from sk_jae.exceptions import DamagedFileError

__all__ = ["read_json", "write_json"]


def write_json(value: Any) -> bytes:
    """JSON as UTF-8."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    # A lone half of a surrogate pair is valid text in Python, but not in UTF-8.
    return text.encode("utf-8", "surrogatepass")


def read_json(content: bytes) -> Any:
    """The value of a JSON text without repeated names, NaN and infinity.

    Raises
    ------
    DamagedFileError
        If the text is not that.
    """
    try:
        return json.loads(
            content.decode("utf-8", "surrogatepass"),
            object_pairs_hook=_unique,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise DamagedFileError(f"its text is no valid JSON ({error})") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name occurs twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number")
