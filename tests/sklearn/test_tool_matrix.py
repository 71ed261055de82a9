"""The table of scikit-learn's tools in the documentation is what the tools do."""

from __future__ import annotations

import pytest

from tests.helpers.tool_matrix import MARKED, PAGE, TOOLS, verdict

ROWS = dict(
    line.strip("| ").split(" | ")
    for line in MARKED.search(PAGE.read_text(encoding="utf-8"))[0].splitlines()[2:]
)


def test_every_tool_has_a_row():
    assert list(ROWS) == list(TOOLS)


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_does_what_its_row_says(name):
    assert verdict(TOOLS[name]) == ROWS[name], (
        "run python -m tests.helpers.tool_matrix, and read docs/sklearn_tools.md"
    )
