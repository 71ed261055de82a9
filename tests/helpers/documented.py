"""Numbers as the documentation has them, for tests that behavior keeps to them."""

from __future__ import annotations

import re

NUMBER = r"(\d+(?:\.\d+)?)"


def documented(described, words):
    """The numbers that stand at each ``{}`` among these words of a docstring.

    Where a number is retuned, its documentation has to follow, but no test.
    """
    text = " ".join(described.__doc__.split())
    found = re.search(NUMBER.join(map(re.escape, words.split("{}"))), text)
    assert found, f"The docstring of {described.__name__} lacks {words!r}."
    numbers = [float(number) for number in found.groups()]
    return numbers[0] if len(numbers) == 1 else numbers
