"""Check rules that hold for every file of the repository.

    python .ci/check_files.py FILE...

Text ends in one newline, has no spaces at the end of a line, no tabs in Python files
and no marks of an unsolved merge. No file is larger than 500 kB: data sets, weights
and generated files do not belong here.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

MAX_BYTES = 500_000
MERGE_MARK = re.compile(r"^(<{7} |={7}$|>{7} )")


def faults_of(path: Path) -> Iterator[str]:
    """What is wrong with a file, each with its line where there is one."""
    content = path.read_bytes()
    if len(content) > MAX_BYTES:
        yield f"{path}: {len(content)} bytes; at most {MAX_BYTES} are allowed"
    if not content or b"\0" in content:
        return
    text = content.decode("utf-8")
    if not text.endswith("\n") or text.endswith("\n\n"):
        yield f"{path}: does not end in exactly one newline"
    for number, line in enumerate(text.split("\n"), start=1):
        if line != line.rstrip():
            yield f"{path}:{number}: ends in a space"
        if MERGE_MARK.match(line):
            yield f"{path}:{number}: a merge was not solved here"
        if path.suffix == ".py" and "\t" in line:
            yield f"{path}:{number}: holds a tab"


def main() -> int:
    # A file that was deleted, but not yet in git, is listed all the same.
    paths = [path for path in map(Path, sys.argv[1:]) if path.is_file()]
    faults = [fault for path in paths for fault in faults_of(path)]
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(paths)} files checked, {len(faults)} faults.")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
