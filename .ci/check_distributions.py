"""Check what the wheel and the source distribution in a folder hold.

python .ci/check_distributions.py FOLDER
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

# What has to be in the source distribution of what git knows.
KEPT = ("sk_jae/", "tests/", "examples/", "benchmarks/", "docs/")
KEPT_FILES = ("README.md", "CHANGES.md", "CONTRIBUTING.md", "CITATION.cff", "LICENSE")


def check_wheel(names: list[str]) -> None:
    wrong = [name for name in names if not name.startswith(("sk_jae/", "sk_jae-"))]
    assert not wrong, f"the wheel holds {wrong}"
    assert "sk_jae/py.typed" in names, "the wheel lacks py.typed"
    assert any(name.endswith("LICENSE") for name in names), "the wheel lacks LICENSE"
    expected = {name for name in in_git() if name.startswith("sk_jae/")}
    missing = expected - set(names)
    assert not missing, f"the wheel lacks {sorted(missing)}"


def check_source(names: list[str]) -> None:
    # Every name starts with the folder of the archive, sk_jae-<version>.
    inside = {name.partition("/")[2] for name in names}
    expected = {name for name in in_git() if name.startswith(KEPT)} | set(KEPT_FILES)
    missing = expected - inside
    assert not missing, f"the source distribution lacks {sorted(missing)}"


def in_git() -> list[str]:
    """The files that git knows and that are there."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], capture_output=True, text=True, check=True
    ).stdout.split("\0")
    return [name for name in listed if name and Path(name).is_file()]


def main() -> None:
    folder = Path(sys.argv[1])
    (wheel,) = folder.glob("*.whl")
    (source,) = folder.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        check_wheel(archive.namelist())
    with tarfile.open(source) as archive:
        check_source(archive.getnames())
    print(f"{wheel.name} and {source.name} are complete.")


if __name__ == "__main__":
    main()
