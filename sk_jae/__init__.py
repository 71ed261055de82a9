"""Joint autoencoders for scikit-learn.

Several related data sets, of different sizes and shapes and partly labeled, learned
at once through private and shared branches.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sk_jae import (
        architecture,
        callbacks,
        datasets,
        exceptions,
        inspection,
        metrics,
        model_selection,
        nn,
        paper,
        preprocessing,
    )
    from sk_jae.estimators import (
        JointAutoencoder,
        JointTransferClassifier,
        JointTransferRegressor,
        load,
    )
    from sk_jae.tasks import JointArrays, pack

__version__ = "0.1.0"

__all__ = [
    "JointArrays",
    "JointAutoencoder",
    "JointTransferClassifier",
    "JointTransferRegressor",
    "architecture",
    "callbacks",
    "datasets",
    "exceptions",
    "inspection",
    "load",
    "metrics",
    "model_selection",
    "nn",
    "pack",
    "paper",
    "preprocessing",
]

_HOMES = {
    "JointArrays": "sk_jae.tasks",
    "JointAutoencoder": "sk_jae.estimators",
    "JointTransferClassifier": "sk_jae.estimators",
    "JointTransferRegressor": "sk_jae.estimators",
    "load": "sk_jae.estimators",
    "pack": "sk_jae.tasks",
}

# Hidden from type checkers, which would take any name for one of the package's.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> Any:
        """Import a public name when it is used first: torch takes seconds."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        if name in _HOMES:
            found = getattr(import_module(_HOMES[name]), name)
        else:
            found = import_module(f"{__name__}.{name}")
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
