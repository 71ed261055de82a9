"""Step 7: the default classifier on real digits, its accuracy and its seconds."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from benchmarks.gpu_steps._recorder import Recorder, Skipped
from benchmarks.gpu_steps._timing import seconds_of
from sk_jae import JointTransferClassifier
from sk_jae.datasets import load_digits_pair, load_mnist_usps

SIZES = {"2,000 / 1,800": (2000, 1800), "60,000 / 7,291": (60_000, 7_291)}


def run(recorder: Recorder) -> None:
    """A part for each size; a trial takes the digits that scikit-learn ships."""
    if recorder.quick:
        recorder.part("embedded digits", embedded, recorder.device)
        return
    for name, sizes in SIZES.items():
        # The larger takes more updates, by the square root of its size.
        seconds = 15.0 if sizes[0] == 2000 else 45.0
        recorder.part(name, real, sizes, recorder.device, seconds=seconds)


def embedded(device: str) -> dict[str, Any]:
    """A few epochs on small digits; the labels of one of two tasks."""
    X, y = load_digits_pair(return_X_y=True)
    X_test, y_test = load_digits_pair(subset="test", return_X_y=True)
    return learn(X, {"optical": y["optical"]}, X_test, y_test, device, max_epochs=5)


def real(sizes: tuple[int, int], device: str) -> dict[str, Any]:
    """MNIST with all its labels and USPS without any, tested on both test sets."""
    try:
        X, y = load_mnist_usps(n_mnist=sizes[0], n_usps=sizes[1], return_X_y=True)
        X_test, y_test = load_mnist_usps(subset="test", return_X_y=True)
    except OSError as error:
        raise Skipped(f"no digits: {error}") from None
    return learn(X, {"mnist": y["mnist"]}, X_test, y_test, device)


def learn(
    X: Any, known: Any, X_test: Any, y_test: Any, device: str, **parameters: Any
) -> dict[str, Any]:
    """Fit the classifier with its defaults, and test it on all tasks."""
    clf = JointTransferClassifier(random_state=0, device=device, **parameters)
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats(device)
    fit_seconds = seconds_of(lambda: clf.fit(X, known), device)
    found: dict[str, Any] = {}
    predict_seconds = seconds_of(lambda: found.update(clf.predict(X_test)), device)
    outcome = {
        "accuracy": {
            name: round(float(np.mean(found[name] == y_test[name])), 4)
            for name in found
        },
        "fit_seconds": round(fit_seconds, 2),
        "predict_seconds": round(predict_seconds, 3),
        "epochs": clf.n_iter_,
        "precision": clf.net_.precision,
    }
    if device != "cpu":
        peak = torch.cuda.max_memory_allocated(device) / 2**20
        outcome["peak_mb"] = round(peak)
    return outcome
