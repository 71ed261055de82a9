"""Print the oldest releases that pyproject.toml allows, as constraints for pip.

    python .ci/floors.py                      all of them
    python .ci/floors.py --newest torch       all but torch

They are the floors of `dependencies` and of the extra "test" (`"numpy>=1.26"` gives
`numpy==1.26`), so that no version is written down twice. The extra is part of it since
old releases do not always work with new ones: scikit-learn 1.6 finds no column names in
polars 2. A requirement without a floor is an error.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"
FLOOR = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*(?:\[.*?\])?\s*>=\s*([0-9][^,;\s]*)")


def read_floors(pyproject: Path) -> dict[str, str]:
    """Names of the packages with the oldest version that is allowed of each."""
    project = tomllib.loads(pyproject.read_text(encoding="utf-8"))["project"]
    floors = {}
    tools = project["optional-dependencies"]["test"]
    for requirement in [*project["dependencies"], *tools]:
        match = FLOOR.match(requirement)
        if match is None:
            raise SystemExit(
                f"{pyproject}: {requirement!r} has no floor; expected 'name>=version'."
            )
        floors[match[1]] = match[2]
    return floors


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--newest", nargs="*", default=[], help="packages to leave out")
    newest = parser.parse_args().newest
    floors = read_floors(PYPROJECT)
    if unknown := set(newest) - set(floors):
        raise SystemExit(f"Not among the requirements: {', '.join(sorted(unknown))}.")
    for name, version in floors.items():
        if name not in newest:
            print(f"{name}=={version}")


if __name__ == "__main__":
    main()
