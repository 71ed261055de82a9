"""Callbacks as users write them, right ones and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from skorch import callbacks as of_skorch
from skorch.callbacks import Callback

from benchmarks.reliability import _functions as functions

HOOKS = (
    *("on_train_begin", "on_train_end", "on_epoch_begin", "on_epoch_end"),
    *("on_batch_begin", "on_batch_end", "on_grad_computed"),
)


class Does(Callback):
    """Calls a function in one of its hooks."""

    def __init__(self, hook: str, function: Callable[[Any], Any]) -> None:
        self.hook, self.function = hook, function
        setattr(self, hook, self.call)

    def call(self, net: Any, *args: Any, **kwargs: Any) -> Any:
        return self.function(net)


class Looks(Callback):
    """Looks at the estimator, or changes it, while it trains."""

    def __init__(self, hook: str, function: Callable[[Any, Any], Any]) -> None:
        self.hook, self.function = hook, function
        setattr(self, hook, self.call)
        self.estimator: Any = None
        self.X: Any = None

    def call(self, net: Any, *args: Any, **kwargs: Any) -> Any:
        return self.function(self.estimator, self.X)


class NoInit(Callback):
    def initialize(self) -> Any:
        raise functions.Own("in initialize")


class NoReturn(Callback):
    def initialize(self) -> Any:
        return None


class FewArguments(Callback):
    def on_epoch_end(self, net: Any) -> None:  # type: ignore[override]
        pass


class NoMethod(Callback):
    on_epoch_begin = None


class NeedsArguments(Callback):
    def __init__(self, necessary: int) -> None:
        self.necessary = necessary


class Similar:
    """Has the methods of a callback, but is none."""

    def initialize(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        return lambda *args, **kwargs: None


def score(net: Any, data: Any, y: Any = None) -> float:
    return float(len(net.history))


def set_weights(value: float) -> Callable[[Any], None]:
    def function(net: Any) -> None:
        with torch.no_grad():
            for parameter in net.module_.parameters():
                parameter.fill_(value)

    return function


def set_rate(value: Any) -> Callable[[Any], None]:
    def function(net: Any) -> None:
        for group in net.optimizer_.param_groups:
            group["lr"] = value

    return function


CHANGES: list[Callable[[Any], Any]] = [
    functions.fail,
    functions.FailsLater(lambda net: None, 3),
    lambda net: None,
    lambda net: 7,
    *map(set_weights, (0.0, 1e30, np.nan, np.inf)),
    *map(set_rate, (0.0, 1.0, 1e30, -1.0, np.nan)),
    lambda net: net.module_.eval(),
    lambda net: net.module_.train(),
    lambda net: net.module_.requires_grad_(False),
    lambda net: net.module_.zero_grad(),
    lambda net: net.optimizer_.zero_grad(),
    lambda net: net.optimizer_.state.clear(),
    lambda net: net.history.record("mine", 1),
    lambda net: net.history.record("train_loss", 7.0),
    lambda net: net.history.record("mine", object()),
    lambda net: net.history.clear(),
    lambda net: net.set_params(lr=1.0),
    lambda net: net.fit(None),
    lambda net: net.predict(np.zeros((2, 3))),
    lambda net: setattr(net, "lr", 10.0),
    lambda net: setattr(net, "max_epochs", 0),
    lambda net: setattr(net, "verbose", 5),
    lambda net: torch.manual_seed(0),
    lambda net: torch.rand(3),
    lambda net: torch.set_grad_enabled(True),
]

LOOKS: list[Callable[[Any, Any], Any]] = [
    lambda estimator, X: estimator.transform(X),
    lambda estimator, X: estimator.reconstruct(X),
    lambda estimator, X: estimator.score(X) if not hasattr(estimator, "head") else 0,
    lambda estimator, X: getattr(estimator, "predict", estimator.transform)(X),
    lambda estimator, X: estimator.transform(None),
    lambda estimator, X: estimator.transform([np.full((2, 2), np.nan)] * 2),
    lambda estimator, X: estimator.get_params(),
    lambda estimator, X: estimator.set_params(n_shared=7, lr=0.5),
    lambda estimator, X: estimator.set_params(warm_start=not estimator.warm_start),
    lambda estimator, X: estimator.set_params(codes="shared"),
    lambda estimator, X: estimator.set_params(nothing=1),
    lambda estimator, X: estimator.history_[-1].update(mine=1),
    lambda estimator, X: estimator.n_parameters_ + estimator.n_iter_,
]


def drawn(draw: np.random.Generator) -> Any:
    """A callback, or what is none."""
    kind = draw.integers(4)
    if kind == 0:
        return _one(draw, RIGHT)()
    if kind == 1:
        return _one(draw, WRONG)()
    hook = _one(draw, HOOKS)
    if kind == 2:
        return Does(hook, _one(draw, CHANGES))
    return Looks(hook, _one(draw, LOOKS))


def _one(draw: np.random.Generator, values: Any) -> Any:
    return values[draw.integers(len(values))]


RIGHT: list[Callable[[], Any]] = [
    of_skorch.EpochTimer,
    lambda: of_skorch.EpochTimer,
    of_skorch.LRScheduler,
    lambda: of_skorch.LRScheduler("StepLR", step_size=1),
    lambda: of_skorch.LRScheduler("ReduceLROnPlateau", monitor="train_loss"),
    lambda: of_skorch.LRScheduler("CosineAnnealingLR", T_max=2),
    lambda: of_skorch.LRScheduler("CyclicLR", base_lr=0.1, max_lr=1.0),
    lambda: of_skorch.EarlyStopping("train_loss", patience=1),
    of_skorch.EarlyStopping,
    lambda: of_skorch.GradientNormClipping(1.0),
    lambda: of_skorch.EpochScoring(score, use_caching=False, on_train=True),
    lambda: of_skorch.EpochScoring(score, name="mine"),
    lambda: of_skorch.BatchScoring(score, name="mine", on_train=True),
    lambda: of_skorch.PassthroughScoring("train_loss", on_train=True),
    lambda: of_skorch.Freezer("*"),
    lambda: of_skorch.Freezer("tied*"),
    lambda: of_skorch.Initializer("*", fn=torch.nn.init.zeros_),
    lambda: of_skorch.ParamMapper("*", fn=torch.nn.init.ones_, at=1),
    of_skorch.PrintLog,
    of_skorch.ProgressBar,
    of_skorch.InputShapeSetter,
    lambda: ("named", of_skorch.EpochTimer()),
    lambda: ("epoch_timer", None),
    lambda: ("print_log", of_skorch.PrintLog(sink=lambda text: None)),
]

WRONG: list[Callable[[], Any]] = [
    *(Callback, NoInit, NoReturn, FewArguments, NoMethod, Similar, object),
    *(lambda value=value: value for value in (1, "a", None, True, len, dict, ())),
    lambda: NeedsArguments,
    lambda: NeedsArguments(1),
    lambda: ("named", 1),
    lambda: (1, Callback()),
    lambda: ("a", "b", Callback()),
    lambda: ("with__lines", Callback()),
    lambda: ("", Callback()),
    lambda: [Callback()],
    lambda: of_skorch.EpochScoring("accuracy"),
    lambda: of_skorch.EpochScoring("nothing", on_train=True),
    lambda: of_skorch.EpochScoring(len, on_train=True),
    lambda: of_skorch.PassthroughScoring("nothing", on_train=True),
    lambda: of_skorch.EarlyStopping("nothing"),
    lambda: of_skorch.EarlyStopping("train_loss", patience="a"),
    lambda: of_skorch.EarlyStopping(functions.fail),
    lambda: of_skorch.LRScheduler("nothing"),
    lambda: of_skorch.LRScheduler(dict),
    lambda: of_skorch.LRScheduler("StepLR"),
    lambda: of_skorch.LRScheduler("ReduceLROnPlateau", monitor="valid_loss"),
    lambda: of_skorch.GradientNormClipping("a"),
    lambda: of_skorch.Checkpoint(monitor="nothing_best", dirname="/nowhere/at/all"),
    lambda: of_skorch.Freezer("nothing*"),
    lambda: of_skorch.Initializer("*", fn=functions.fail),
    lambda: of_skorch.PassthroughScoring,
]
