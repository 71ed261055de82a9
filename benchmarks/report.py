"""Write the tables of README.md and docs/*.md anew from the committed results.

A table stands between two comments, the first of which names it::

    <!-- table: transfer/digits -->

    ...

    <!-- end of table -->

What tables there are, and what they show, is in the files _<benchmark>_tables.py beside
the benchmarks.

    python -m benchmarks.report [--check]
"""

from __future__ import annotations

import argparse
import re
import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from benchmarks._results import ROOT, Results, results_path
from benchmarks._tables import Table, render

MARKED = re.compile(
    r"^<!-- table: (?P<name>\S+) -->\n(?P<text>.*?)^<!-- end of table -->$",
    flags=re.M | re.S,
)


@cache
def all_tables() -> dict[str, Table]:
    """Every table by its name."""
    tables: dict[str, Table] = {}
    for path in sorted((ROOT / "benchmarks").glob("*/_*_tables.py")):
        module = import_module(f"benchmarks.{path.parent.name}.{path.stem}")
        tables |= module.TABLES
    return tables


def make_table(name: str) -> str:
    """The table as the committed results have it."""
    table = all_tables()[name]
    content = Results(results_path(table.results)).read()
    for other in table.other_results:
        content["runs"] += Results(results_path(other)).read()["runs"]
    return render(table, content)


def pages() -> list[Path]:
    """The pages that may hold tables."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def tables_in(text: str) -> dict[str, str]:
    """The tables that a page shows, by name."""
    return {found["name"]: found["text"].strip() for found in MARKED.finditer(text)}


def with_tables(text: str) -> str:
    """The page with all its tables made anew."""

    def anew(found: re.Match[str]) -> str:
        name = found["name"]
        return f"<!-- table: {name} -->\n\n{make_table(name)}\n\n<!-- end of table -->"

    return MARKED.sub(anew, text)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing, fail if a page differs"
    )
    args = parser.parse_args()
    changed = []
    for page in pages():
        text = page.read_text(encoding="utf-8")
        new = with_tables(text)
        if new != text:
            changed.append(page.relative_to(ROOT).as_posix())
            if not args.check:
                page.write_text(new, encoding="utf-8")
    if changed and args.check:
        sys.exit(f"Tables differ from the results in {', '.join(changed)}.")
    print(f"Written anew: {', '.join(changed)}" if changed else "All tables are right.")


if __name__ == "__main__":
    main()
