"""Fits of one process and of several that train together."""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import distributed

from sk_jae import JointAutoencoder, JointTransferClassifier, JointTransferRegressor
from sk_jae.callbacks import Distributed
from sk_jae.datasets import load_digits_pair

__all__ = ["KINDS", "fit_together"]

TIMEOUT = 1800  # seconds

_COMMON = {"batch_size": 64, "device": "cpu", "precision": "float32"}


@cache
def _digits() -> tuple[list[Any], list[Any]]:
    X, y = load_digits_pair(return_X_y=True)
    return [X["optical"], X["pen"]], [y["optical"], y["pen"]]


def _autoencoder(seed: int, epochs: int) -> tuple[Any, float]:
    X, _ = _digits()
    jae = JointAutoencoder(
        **_COMMON,
        encoder="Conv 8x(3x3), BN, MP 2x2, FC 32",
        max_epochs=epochs,
        random_state=seed,
        callbacks=_callbacks(),
    ).fit(X)
    return jae, jae.score(X)


def _classifier(seed: int, epochs: int) -> tuple[Any, float]:
    X, (y, hidden) = _digits()
    clf = JointTransferClassifier(
        **_COMMON,
        encoder="Conv 8x(3x3), BN, MP 2x2, FC 32",
        augmentation="auto",
        max_epochs=epochs,
        random_state=seed,
        callbacks=_callbacks(),
    ).fit(X, [y, None])
    return clf, float(np.mean(clf.predict(X)[1] == hidden))


def _regressor(seed: int, epochs: int) -> tuple[Any, float]:
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 10)) for n in (600, 300)]
    y = [x[:, 0] - x[:, 1] + x[:, 2] ** 2 for x in X]
    reg = JointTransferRegressor(
        **_COMMON,
        encoder=(64, 32),
        max_epochs=epochs,
        random_state=seed,
        callbacks=_callbacks(),
    ).fit(X, [y[0], None])
    predicted = reg.predict(X)[1]
    error = np.mean((predicted - y[1]) ** 2) / np.var(y[1])
    return reg, float(1 - error)


def _callbacks() -> list[Any]:
    return [Distributed()] if distributed.is_initialized() else []


# A fit and its score.
KINDS: dict[str, Callable[[int, int], tuple[Any, float]]] = {
    "autoencoder, batch normalization": _autoencoder,
    "classifier, unlabeled task, augmentation": _classifier,
    "regressor, unlabeled task": _regressor,
}


def fit_together(
    kind: str, seed: int, n_processes: int, epochs: int
) -> dict[str, float | bool]:
    """The score of a fit, and whether all processes have the same weights and score."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with tempfile.TemporaryDirectory() as folder:
        arguments = kind, seed, epochs, Path(folder), n_processes
        processes = [
            context.Process(target=_member, args=(rank, *arguments))
            for rank in range(n_processes)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(TIMEOUT)
        found = [torch.load(Path(folder, f"{rank}.pt")) for rank in range(n_processes)]
    first = found[0]
    are_equal = all(
        other["score"] == first["score"]
        and all(torch.equal(first["state"][k], v) for k, v in other["state"].items())
        for other in found
    )
    return {"score": first["score"], "are_equal": are_equal}


def _member(
    rank: int, kind: str, seed: int, epochs: int, folder: Path, n_processes: int
) -> None:
    torch.set_num_threads(1)
    if n_processes > 1:
        distributed.init_process_group(
            "gloo",
            init_method=f"file://{folder}/group",
            rank=rank,
            world_size=n_processes,
        )
    est, score = KINDS[kind](seed, epochs)
    found = {"score": score, "state": est.module_.state_dict()}
    torch.save(found, folder / f"{rank}.pt")
    if n_processes > 1:
        distributed.destroy_process_group()
