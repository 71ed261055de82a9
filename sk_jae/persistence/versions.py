"""The versions that a state was written with."""

from __future__ import annotations

import sys
import warnings
from importlib.metadata import version

from sklearn.exceptions import InconsistentVersionWarning

__all__ = ["PACKAGE", "package_version", "warn_of_other_version", "written_versions"]

PACKAGE = __name__.partition(".")[0]
_LIBRARIES = ("numpy", "scikit-learn", "torch", "safetensors")


def package_version() -> str:
    """The version of this package."""
    return str(sys.modules[PACKAGE].__version__)


def written_versions() -> dict[str, str]:
    """The versions of this package, of Python and of the libraries."""
    python = ".".join(map(str, sys.version_info[:3]))
    libraries = {name: version(name) for name in _LIBRARIES}
    return {PACKAGE: package_version(), "python": python, **libraries}


def warn_of_other_version(estimator: str, written: str) -> None:
    """Give scikit-learn's warning if a pickle is from another version."""
    if written != package_version():
        warnings.warn(
            InconsistentVersionWarning(
                estimator_name=f"{estimator} of {PACKAGE}",
                current_sklearn_version=package_version(),
                original_sklearn_version=written,
            ),
            stacklevel=3,
        )
