"""Attempts: an estimator, data, and the parameters that are tried with them."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from benchmarks.reliability import _callbacks as callbacks
from benchmarks.reliability import _functions as functions
from benchmarks.reliability import _values as values
from sk_jae import JointAutoencoder, JointTransferClassifier, pack

KINDS = ("parameters", "functions", "callbacks")
TINY = {
    "n_shared": 2,
    "n_private": 2,
    "encoder": (4,),
    "max_epochs": 1,
    "batch_size": 8,
    "device": "cpu",
    "random_state": 0,
}


@dataclass
class Attempt:
    """What is tried.

    Attributes
    ----------
    estimator : estimator
        Fitted or not, with the parameters that are tried.
    X, y : samples and labels
    tried : dict
        The parameters that are not those of a small ordinary fit.
    earlier : dict
        The fitted attributes before the attempt.
    """

    estimator: Any
    X: Any
    y: Any
    tried: dict[str, Any]
    earlier: dict[str, Any] = field(default_factory=dict)


def make_data(name: str) -> tuple[Any, Any]:
    """Samples and labels that can be used."""
    rng = np.random.default_rng(0)
    shapes = {"images": ((8, 9), (3, 9, 8)), "one sample": ((3,), (2,))}
    sizes = {"one sample": (1, 1)}.get(name, (12, 9))
    X = [
        rng.uniform(size=(n, *shape))
        for n, shape in zip(sizes, shapes.get(name, ((3,), (4,))), strict=True)
    ]
    y = [np.arange(len(X[0])) % 3, np.arange(len(X[1])) % 2]
    if name == "one sample":
        y = [np.array([0]), np.array([1])]
    if name == "partly labeled":
        y = [np.where(np.arange(12) < 2, y[0], -1), None]
    if name == "named":
        return dict(zip("ab", X, strict=True)), {"a": y[0]}
    if name == "packed":
        return pack(X, y)
    if name == "one array":
        return X[0], y[0]
    return X, y


DATA = (
    *("vectors", "vectors", "named", "named", "images", "packed", "one array"),
    *("partly labeled", "one sample"),
)


@cache
def _fitted(kind: type, data: str) -> Any:
    return kind(**TINY).fit(*make_data(data))


def make_attempt(kind: str, number: int) -> Attempt:
    """The attempt of this number, always the same."""
    draw = np.random.default_rng([KINDS.index(kind), number])
    of_class = values.one_of(draw, (JointAutoencoder, JointTransferClassifier))
    data = values.one_of(draw, DATA)
    X, y = make_data(data)
    new = of_class(**TINY)
    tried = _tried(draw, kind, list(new.get_params(deep=False)))
    estimator = copy.deepcopy(_fitted(of_class, data)) if draw.random() < 0.5 else new
    for name, value in tried.items():
        setattr(estimator, name, value)  # as set_params does
    for item in items_of(tried.get("callbacks")):
        if isinstance(item, callbacks.Looks):
            item.estimator, item.X = estimator, X
    return Attempt(estimator, X, y, tried, fitted_attributes(estimator))


def items_of(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else []
    return [
        item[1] if isinstance(item, tuple) and len(item) == 2 else item
        for item in items
    ]


def _tried(draw: np.random.Generator, kind: str, names: list[str]) -> dict[str, Any]:
    if kind == "callbacks":
        items = [callbacks.drawn(draw) for _ in range(draw.integers(1, 4))]
        others = {"max_epochs": 2, "verbose": int(draw.integers(3))}
        for name in ("early_stopping", "warm_start"):
            others[name] = bool(draw.random() < 0.3)
        return {"callbacks": items, **others}
    if kind == "functions":
        pools: dict[str, Callable[[], Any]] = {
            "reconstruction_loss": lambda: values.one_of(draw, functions.LOSSES),
            "augmentation": lambda: values.one_of(draw, functions.AUGMENTATIONS),
            "optimizer": lambda: values.one_of(draw, functions.OPTIMIZERS),
            "encoder": lambda: values.per_task(draw, values.coder),
            "decoder": lambda: values.per_task(draw, values.coder),
        }
        chosen = draw.permutation(list(pools))[: draw.choice([1, 1, 2])].tolist()
        others = {"precision": values.one_of(draw, ("auto", "float32", "bfloat16"))}
        for name in ("early_stopping", "warm_start"):
            others[name] = bool(draw.random() < 0.2)
        return {name: pools[name]() for name in chosen} | others
    chosen = draw.permutation(names)[: draw.choice([1, 1, 2, 3])].tolist()
    return {name: values.parameter(draw, name) for name in chosen}


def fitted_attributes(estimator: Any) -> dict[str, Any]:
    """All that a fit sets, as values that can be compared."""
    names = [name for name in dir(type(estimator)) if _is_fitted_name(name)]
    names += [name for name in vars(estimator) if _is_fitted_name(name)]
    found = {}
    for name in sorted(set(names) - {"module_"}):
        with contextlib.suppress(AttributeError, KeyError):
            found[name] = copy.copy(getattr(estimator, name))
    if hasattr(estimator, "module_"):
        state = estimator.module_.state_dict()
        found["weights"] = {k: v.numpy().tobytes() for k, v in state.items()}
    return found


def _is_fitted_name(name: str) -> bool:
    return name.endswith("_") and not name.startswith("_") and name != "net_"
