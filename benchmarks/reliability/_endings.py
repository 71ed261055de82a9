"""Makes an attempt, and tells how it ends."""

from __future__ import annotations

import contextlib
import io
import re
import signal
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.exceptions import NotFittedError

from benchmarks.reliability import _callbacks as callbacks
from benchmarks.reliability import _functions as functions
from benchmarks.reliability import _layers as layers
from benchmarks.reliability import _values as values
from benchmarks.reliability._attempts import Attempt, fitted_attributes, items_of

OUTCOMES = ("trained", "refused", "stopped", "own error", "fault")

SECONDS = 60  # after which an attempt counts as endless

_OWN_FILES = {module.__file__ for module in (callbacks, functions, layers, values)}


class TooLong(BaseException):
    """The attempt has not ended in time."""


@dataclass(frozen=True)
class Ending:
    """How an attempt ended: one of `OUTCOMES`, and what is to be said about it."""

    outcome: str
    message: str = ""


def run(attempt: Attempt) -> Ending:
    """Try it, and tell how it ended."""
    parameters = attempt.estimator.get_params(deep=False)
    modes = _modes()
    try:
        with _watched():
            ending = _fitted_and_used(attempt)
    except TooLong:
        return Ending("fault", "takes too long")
    if _modes() != modes:
        return Ending("fault", "a mode of torch or numpy has changed")
    now = attempt.estimator.get_params(deep=False)
    changed = [k for k, v in parameters.items() if now[k] is not v]
    if changed and not _may_change(attempt):
        return Ending("fault", f"fit has changed the parameters {changed}")
    return ending


def _fitted_and_used(attempt: Attempt) -> Ending:
    try:
        attempt.estimator.fit(attempt.X, attempt.y)
    except Exception as error:
        ending = _judged(error, attempt)
        if _equal(fitted_attributes(attempt.estimator), attempt.earlier):
            return ending
        return Ending("fault", f"not as it was before, after {_text(error)}")
    try:
        problem = _outputs_problem(attempt)
    except Exception as error:
        ending = _judged(error, attempt)
        problem = "" if ending.outcome == "own error" else f"used, {_text(error)}"
    return Ending("fault", problem) if problem else Ending("trained")


def _may_change(attempt: Attempt) -> bool:
    return any(
        isinstance(i, callbacks.Looks) for i in items_of(attempt.tried.get("callbacks"))
    )


def _modes() -> tuple[Any, ...]:
    return (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.is_autocast_enabled("cpu"),
        tuple(np.geterr().items()),
    )


@contextlib.contextmanager
def _watched() -> Iterator[None]:
    """Where nothing is printed, numbers must be sound, and time is short."""

    def stop(*_: Any) -> None:
        raise TooLong

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    out = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(out),
            warnings.catch_warnings(),
            np.errstate(all="raise"),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _outputs_problem(attempt: Attempt) -> str:
    """What is wrong with what the fitted estimator gives, nothing if all is right."""
    estimator, X = attempt.estimator, attempt.X
    if not np.isfinite(estimator.loss_curve_).all():
        return "loss_curve_ is not finite"
    for method in ("transform", "reconstruct", "predict_proba"):
        found = _arrays(getattr(estimator, method, lambda X: [])(X))
        if not all(np.isfinite(array).all() for array in found):
            return f"{method} is not finite"
    if not hasattr(X, "task"):  # codes of packed samples are one flat array
        found = _arrays(estimator.inverse_transform(estimator.transform(X)))
        if not all(np.isfinite(array).all() for array in found):
            return "inverse_transform is not finite"
    if hasattr(estimator, "predict"):
        labels = np.concatenate(_arrays(estimator.predict(X)))
        if not np.isin(labels, estimator.classes_).all():
            return "predict gives what is no class"
    if not np.isfinite(estimator.score(X, attempt.y)):
        return "score is not finite"
    return ""


def _arrays(output: Any) -> list[Any]:
    if hasattr(output, "arrays"):
        return list(output.arrays)
    if isinstance(output, dict):
        return list(output.values())
    return output if isinstance(output, list) else [output]


_DIVERGED = re.compile(r"became (nan|inf|-inf|NaN or infinite) ?(in epoch|and|$)?")
_NOTE = re.compile(r"((shared_)?encoder|decoder|optimizer|given|callbacks)\b")
_RESULT = re.compile(
    r"(augmentation|reconstruction_loss) returned |of callbacks has removed rows"
)


def _judged(error: Exception, attempt: Attempt) -> Ending:
    frames = traceback.extract_tb(error.__traceback__)
    text = _text(error)
    if _RESULT.search(text):
        return Ending("stopped", text)
    if isinstance(error, functions.Own) or {f.filename for f in frames} & _OWN_FILES:
        return Ending("own error", text)
    if any(_NOTE.search(note) for note in getattr(error, "__notes__", ())):
        return Ending("own error", text)
    in_training = any(
        frame.name == "train" and Path(frame.filename).name == "trainer.py"
        for frame in frames
    )
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}"
    if not isinstance(error, (ValueError, TypeError, NotFittedError)):
        return Ending("fault", f"{last} {text}")
    if in_training:
        if _DIVERGED.search(text):
            return Ending("stopped", text)
        return Ending("fault", f"in training, {last} {text}")
    names = [*attempt.estimator.get_params(deep=False), "All loss weights"]
    if "sk_jae" not in frames[-1].filename and "_param_validation" not in last:
        return Ending("fault", f"by another library, {last} {text}")
    if not any(name in text for name in names):
        return Ending("fault", f"without the name of a parameter, {last} {text}")
    return Ending("refused", text)


def _text(error: Exception) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:400]
    except Exception as other:
        return f"{type(error).__name__}, whose text fails: {other!r}"


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_equal(one[k], other[k]) for k in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_equal, one, other))
    if isinstance(one, np.ndarray):
        return np.array_equal(one, other)
    return bool(one == other) or (one != one and other != other)
