"""The programs of docs/bigger.md that need more packages than the other pages."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "bigger.md"

# tests/sklearn/test_recipes.py runs these, and tests/callbacks/test_distributed.py the
# last one.
HEADINGS = ("Dask", "Ray", "Optuna", "MLflow", "One fit on several processes")


def recipe(heading):
    """The program below a heading."""
    text = re.split(rf"^##+ {heading}$", PAGE.read_text(encoding="utf-8"), flags=re.M)
    return re.search(r"^```py\n(.*?)^```", text[1], flags=re.M | re.S)[1]


def run_recipe(heading, *, is_main=True):
    """Run a program, and return what it has defined."""
    namespace = {"__name__": "__main__" if is_main else "recipe"}
    exec(compile(recipe(heading), f"{PAGE.name}, {heading}", "exec"), namespace)
    return namespace
