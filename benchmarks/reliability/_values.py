"""Values of constructor parameters: right ones, those at an edge, and hostile ones."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import torch

from benchmarks.reliability import _functions as functions
from benchmarks.reliability import _layers as layers

Draw = np.random.Generator


class Strange:
    """An object whose methods fail, as those of no sensible class do."""

    def __eq__(self, other: object) -> bool:
        raise functions.Own("by __eq__")

    def __bool__(self) -> bool:
        raise functions.Own("by __bool__")

    __hash__ = object.__hash__


class NoText:
    """An object that cannot be written in a message."""

    def __repr__(self) -> str:
        raise functions.Own("by __repr__")


# What makes no sense, or only for a few of the parameters.
ANYTHING: Sequence[Callable[[], Any]] = [
    *(
        lambda value=value: value
        for value in (
            *(None, True, False, 0, -1, 1, 2, 3, 7, 0.5, 1.5, -0.5, 1.0, 0.0, -0.0),
            *(math.nan, math.inf, -math.inf, 5e-324, 1e-300, 1e300, -1e300),
            *(10**12, -(10**12), 2**31, 2**63, 2**64, 10**30, 10**400, -(10**400)),
            *(10**5000, 1j, Fraction(1, 2), Decimal("0.5"), Decimal("NaN")),
            *(np.int64(1), np.int8(2), np.uint8(3), np.float32(0.5), np.float64(0.25)),
            *(np.float16(0.5), np.longdouble(0.5), np.bool_(True), np.str_("auto")),
            *("", " ", "auto", "AUTO", "none", "1", "mse", "both", "\x00", "é" * 9),
            *(b"auto", bytearray(b"1"), Ellipsis, NotImplemented, pd.NA, pd.NaT),
            *((), (1,), (1, 2), (1.0, 2.0), (None, None), ("auto", "auto"), (0, 0)),
            *(range(2), slice(2), int, object, len, print, str.upper),
        )
    ),
    *(list, dict, set, object, Strange, NoText, np.random.default_rng),
    lambda: [1, 2],
    lambda: [1.0, 0.0],
    lambda: [None, None],
    lambda: ["auto", "auto"],
    lambda: [1, 2, 3],
    lambda: [[1, 2], [3, 4]],
    lambda: {"a": 1, "b": 2},
    lambda: {"a": 1},
    lambda: {"a": 1, "b": 2, "c": 3},
    lambda: {0: 1, 1: 2},
    lambda: {"a": None, "b": "auto"},
    lambda: {1, 2},
    lambda: np.array(1),
    lambda: np.array([1.0, 2.0]),
    lambda: np.array([[1.0], [2.0]]),
    lambda: np.array(["auto", "auto"]),
    lambda: np.array([None, 1], dtype=object),
    lambda: torch.tensor(1),
    lambda: torch.tensor([0.5, 2.0]),
    lambda: torch.nn.Linear(2, 2),
    lambda: pd.Series([1.0, 2.0]),
    lambda: pd.DataFrame({"a": [1]}),
    lambda: (x for x in (1, 2)),
    lambda: iter([1, 2]),
    lambda: np.ma.masked,
    lambda: np.datetime64("2020-01-01"),
    lambda: torch.float32,
    lambda: torch.device("cpu"),
]

NUMBERS = (0, 1, 2.5, 1e-9, 1e9, -1, math.nan, math.inf, True, None, "1", 1j, 10**400)
TOKENS = (
    *("FC 4", "FC 4", "FC 3", "Conv 2x(3x3)", "Conv 2x3x3 stride 2", "MP 2x2", "BN"),
    *("ReLU", "Reshape 1x2x2", "Deconv 2x3x3", "fc4", "FC 0", "FC", "Conf", "", "×"),
    *("Conv 2,3,1", "FC 999999999999", "Conv 9x(99999x99999)", "MP 99x99", "FC ٤"),
)


def one_of(draw: Draw, values: Sequence[Any]) -> Any:
    return values[draw.integers(len(values))]


def anything(draw: Draw) -> Any:
    return one_of(draw, ANYTHING)()


def notation(draw: Draw) -> str:
    text = ", ".join(one_of(draw, TOKENS) for _ in range(draw.integers(1, 4)))
    return text * draw.choice([1, 1, 1, 1, 1, 1, 1, 10_000]) if text else text


def widths(draw: Draw) -> tuple[Any, ...]:
    pool = (1, 2, 3, 4, 5, np.int64(3), 0, -1, 2.0, True, None, 10**12, 10**30)
    most = 5 if draw.random() < 0.5 else len(pool)
    return tuple(one_of(draw, pool[:most]) for _ in range(draw.integers(0, 4)))


def coder(draw: Draw) -> Any:
    """Layers of one task."""
    kind = draw.integers(5)
    if kind == 0:
        return notation(draw)
    if kind == 1:
        return one_of(draw, layers.CODERS)
    if kind == 2:
        return one_of(draw, layers.MODULES)()
    if kind == 3:
        return one_of(draw, ("auto", "mirror", "Auto", None, 3, [4], [4, 3]))
    return widths(draw)


def per_task(draw: Draw, one: Callable[[Draw], Any]) -> Any:
    """A value for all tasks, or one for each, sometimes for too few or too many."""
    kind = draw.integers(6)
    if kind < 3:
        return one(draw)
    n = int(draw.choice([2, 2, 2, 2, 0, 1, 3]))
    if kind == 3:
        return [one(draw) for _ in range(n)]
    if kind == 4:
        return tuple(one(draw) for _ in range(n))
    names = one_of(draw, (("a", "b"), ("a", "b"), ("task0", "task1"), ("a", "pen")))
    return {name: one(draw) for name in names[: max(n, 1)]}


def weights(draw: Draw) -> Any:
    if draw.random() < 0.2:
        return one_of(draw, (np.array([1.0, 0.0]), np.float32(0.5), Fraction(1, 3)))
    most = 4 if draw.random() < 0.5 else len(NUMBERS)
    return per_task(draw, lambda draw: one_of(draw, NUMBERS[:most]))


def listed(*values: Any) -> Callable[[Draw], Any]:
    return lambda draw: one_of(draw, values)


# Values that are right for some data, or almost.
FITTING: dict[str, Callable[[Draw], Any]] = {
    "n_shared": listed(0, 1, 2, 5, np.int64(2), 10**12, 2**63, -1),
    "n_private": listed(0, 1, 2, 5, np.int32(2), 10**12, 2**63, -1),
    "encoder": lambda draw: per_task(draw, coder),
    "decoder": lambda draw: per_task(draw, coder),
    "shared_encoder": lambda draw: None if draw.random() < 0.7 else coder(draw),
    "shared_encoder_lr": listed(None, 0, 1e-4, 1, 1e300, 5e-324, -1, Fraction(1, 9)),
    "shared_depth": listed("auto", -1, -2, -3, 1, 2, 3, 0, np.int64(-1), -(10**30)),
    "n_shared_layers": listed(None, 1, 2, 3, np.int64(1), 0, 10**30),
    "shared_input": listed(
        *("auto", None, (1, 8, 8), (3, 9, 9), (2, 5, 5), (1, 1, 1), (8, 8), (0, 8, 8)),
        *((1, 8, 8, 8), (1.0, 8, 8), (10**12, 8, 8), (1, 10**9, 10**9), (True, 8, 8)),
        *([None, None], [range(8), range(8)], [[0.5, None], {}], {}, [1, 8, 8]),
    ),
    "layout": listed(
        "auto", "first", "last", "signal", ["auto", "first"], {"a": "last"}
    ),
    "input_scaling": listed("auto", None, "whiten"),
    "loss_scaling": listed("auto", None),
    "reconstruction_weight": weights,
    "classification_weight": weights,
    "infomax_weight": weights,
    "consistency_weight": weights,
    "pairing_weight": weights,
    "class_weight": listed(
        *(
            None,
            "balanced",
            {0: 1, 1: 2.5, 2: 0.1},
            {0: 1},
            {7: 1},
            {0: -1, 1: 1, 2: 1},
        ),
        *({0: 0, 1: 0, 2: 0}, {0: 1e300, 1: 1, 2: 1}, [1, 2, 3], "even"),
    ),
    "sampling_rate": listed(None, 1, 100.0, [1, 2], {"a": 50}, 0, -1, 5e-324, 1e300),
    "class_prior": listed(
        *(None, [0.2, 0.3, 0.5], [0.5, 0.5], [0, 0, 1], [-1, 1, 1], [1e300] * 3, "no"),
        *({"a": {0: 0.5, 1: 0.5}}, {"task1": [0.2, 0.3, 0.5]}, {"pen": {0: 1}}),
    ),
    "head": listed("auto", "shared", "both"),
    "strategy": listed("end-to-end", "common-branch"),
    "reconstruction_loss": lambda draw: (
        one_of(draw, functions.LOSSES) if draw.random() < 0.5 else "bce"
    ),
    "max_epochs": listed(1, 2, 3, np.int64(2), "auto", 0, -1),
    "batch_size": listed(1, 2, 3, 7, np.int64(4), 10**12, 2**63, 10**30, 0),
    "labeled_fraction": listed(0, 0.01, 0.5, 0.9, 0.99, 1, Fraction(1, 2), 5e-324),
    "lr": listed(1e-12, 1e-3, 1, 1e3, 1e9, 1e30, 1e300, 5e-324, Fraction(1, 100)),
    "lr_schedule": listed("constant", "cosine"),
    "optimizer": lambda draw: one_of(draw, functions.OPTIMIZERS),
    "weight_decay": listed(
        "auto", 0, 1e-4, 1, 1e9, 1e300, Fraction(1, 10), np.float32(0.1)
    ),
    "early_stopping": listed(True, False, np.True_),
    "validation_fraction": listed(0.5, 0.01, 0.99, 1e-12, 1 - 1e-12, Fraction(1, 3)),
    "n_iter_no_change": listed(1, 2, np.int64(1), 10**30),
    "tol": listed(0, 1e-4, 1e300, 5e-324, Fraction(1, 10), np.float32(0.1)),
    "augmentation": lambda draw: one_of(draw, functions.AUGMENTATIONS),
    "precision": listed("auto", "float32", "bfloat16"),
    "device": listed("cpu", "auto", "CPU", "cpu:0", "cpu:1", "gpu", "meta", "cuda:99"),
    "codes": listed("both", "shared", "private"),
    "callbacks": listed(None, "disable", "enable", [], (), [None]),
    "verbose": listed(0, 1, 2, 3, True, np.int64(1), 10**30, -1),
    "warm_start": listed(True, False, np.False_),
    "random_state": listed(0, 1, 2**32 - 1, np.int64(3), -1, 2**32, 10**30),
}


def parameter(draw: Draw, name: str) -> Any:
    """A value of one parameter."""
    while True:
        value = FITTING[name](draw) if draw.random() < 0.6 else anything(draw)
        # A fit of a thousand epochs is right, but takes too long.
        if name != "max_epochs" or not _is_many(value):
            return value


def _is_many(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and value > 10
