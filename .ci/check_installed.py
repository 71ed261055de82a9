"""Import every module of the sk_jae that is installed in a folder.

PYTHONPATH=FOLDER python -P .ci/check_installed.py FOLDER
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import sk_jae


def main() -> None:
    expected, found = Path(sys.argv[1]).resolve(), Path(sk_jae.__file__).resolve()
    assert expected == found.parent.parent, f"sk_jae was imported from {found}"
    modules = [m.name for m in pkgutil.walk_packages(sk_jae.__path__, "sk_jae.")]
    for name in modules:
        importlib.import_module(name)
    missing = [name for name in sk_jae.__all__ if not hasattr(sk_jae, name)]
    assert not missing, f"sk_jae lacks {missing}, which its __all__ lists"
    print(f"sk_jae {sk_jae.__version__}, {len(modules)} modules:", *sk_jae.__all__)


if __name__ == "__main__":
    main()
