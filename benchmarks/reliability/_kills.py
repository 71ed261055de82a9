"""Fits in processes that are killed, and started again until they are done."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
)
from sk_jae.callbacks import Checkpoint

__all__ = ["KILL", "KINDS", "kill_fits"]

KILL = -9  # the exit code of a process that got SIGKILL

_COMMON = {
    "n_shared": 4,
    "n_private": 3,
    "max_epochs": 12,
    "batch_size": 16,
    "lr": 0.01,
    "random_state": 0,
    "device": "cpu",
}


def _tables() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(n, 6)) for n in (60, 40)]


def _pictures() -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(size=(n, 8, 8)).astype(np.float32) for n in (48, 32)]


def _autoencoder() -> tuple[Any, ...]:
    return JointAutoencoder(**_COMMON, early_stopping=True), _tables(), None


def _classifier() -> tuple[Any, ...]:
    X = _tables()
    y = [(x[:, :2] > 0).sum(axis=1) for x in X]
    return JointTransferClassifier(**_COMMON), X, [y[0], None]


def _regressor() -> tuple[Any, ...]:
    X = _tables()
    return JointTransferRegressor(**_COMMON), X, [X[0][:, :2].sum(axis=1), None]


def _phases() -> tuple[Any, ...]:
    X = _pictures()
    y = [np.arange(len(x)) % 3 for x in X]
    clf = JointTransferClassifier(
        **_COMMON,
        encoder="Conv 4x(3x3), BN, MP 2x2, FC 16",
        strategy="common-branch",
        head="both",
    )
    return clf, X, [y[0], np.where(y[1] == 0, -1, y[1])]


# What is fitted, to which samples and labels.
KINDS: dict[str, Callable[[], tuple[Any, ...]]] = {
    "autoencoder, early stopping": _autoencoder,
    "classifier, unlabeled task": _classifier,
    "regressor, unlabeled task": _regressor,
    "convolutions, three phases": _phases,
}


def digest(est: Any, X: Any) -> str:
    """The hash of all that a fit has found."""
    found = hashlib.sha256()
    for name, value in est.module_.state_dict().items():
        found.update(name.encode() + value.numpy().tobytes())
    for codes in est.transform(X):
        found.update(codes.tobytes())
    found.update(json.dumps(est.history_).encode())
    return found.hexdigest()


def fit(kind: str, folder: Path) -> None:
    """Fit with checkpoints in a folder, and write beside it what was found."""
    torch.set_num_threads(1)
    est, X, y = KINDS[kind]()
    est.set_params(callbacks=[Checkpoint(folder)]).fit(X, y)
    folder.with_suffix(".end").write_text(digest(est, X))


def kill_fits(
    kind: str, folder: Path, n_kills: int, rng: np.random.Generator
) -> dict[str, Any]:
    """Kill a process that trains at random moments, and start it again.

    A fit that comes to its end is followed by the same fit in another folder, until
    there were enough kills, and the last fit has ended too.

    Returns
    -------
    found : dict
        The numbers of kills, of those that left a temporary file, of fits that came to
        their end, and of those that are equal to the last bit to one without any kill;
        and the errors with which a process ended by itself.
    """
    # A process of its own, without a thread of torch, that makes the ones to kill.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])

    def start(folder: Path) -> Any:
        process = context.Process(target=fit, args=(kind, folder))
        process.start()
        return process

    for name in ("first", "whole"):  # the first one waits for the imports
        began = time.perf_counter()
        start(folder / name).join()
        seconds = time.perf_counter() - began
    expected = (folder / "whole.end").read_text()
    counts: Counter[str] = Counter()
    errors: list[int] = []
    while counts["kills"] < n_kills:
        place = folder / f"fit{counts['ends']}"
        while not place.with_suffix(".end").exists():
            process = start(place)
            if counts["kills"] < n_kills:
                process.join(rng.uniform(0, seconds))
                process.kill()
            process.join()
            if process.exitcode == KILL:
                counts["kills"] += 1
                counts["while_writing"] += bool(list(place.glob("*.tmp")))
            elif process.exitcode:
                errors.append(process.exitcode)
                break
        if errors:
            break
        counts["ends"] += 1
        counts["equal"] += place.with_suffix(".end").read_text() == expected
        counts["left_over"] += len(list(place.iterdir())) - 1
    names = ("kills", "while_writing", "ends", "equal", "left_over")
    return {name: counts[name] for name in names} | {"errors": errors}
