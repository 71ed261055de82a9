"""Step 3: the same fits on the CPU and on the GPU, twice there, copied and sent away.

Two devices round differently, and training carries the differences on; how far is in
`LOSSES_APART` and in each fit's `outputs_apart`. TF32, which convolutions on a GPU use
unless it is switched off, is off here. On a machine without CUDA, both fits are on the
CPU, and one has its inputs changed in their last bits, which has about the effect of
other rounding.
"""

from __future__ import annotations

import copy
import pickle
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import clone

from benchmarks.gpu_steps import _without_gpu
from benchmarks.gpu_steps._named_fits import FITS, NamedFit
from benchmarks.gpu_steps._outputs import (
    Outputs,
    distance,
    identical,
    labels_apart,
    loss_distance,
    outputs,
)
from benchmarks.gpu_steps._recorder import Recorder, Skipped

# Relative, of any epoch.
LOSSES_APART = 1e-3
# ‖a - b‖ / ‖b‖ of one trained model on two devices.
SAME_MODEL_APART = 1e-4
SAME_MODEL_LABELS_APART = 1e-2
# The part of a task's labels that may be others: after few steps, classes are close.
LABELS_APART = 5e-2


def run(recorder: Recorder) -> None:
    """A part for each fit, and one for the process without a GPU."""
    with tempfile.TemporaryDirectory() as folder, true_float32():
        for name, make in FITS.items():
            recorder.part(name, compare, name, make(), recorder.device, Path(folder))
        recorder.part(
            "pickles in a process without CUDA",
            from_without_gpu,
            Path(folder),
            seconds=15,
        )


@contextmanager
def true_float32() -> Iterator[None]:
    """Convolutions and products of matrices in float32 as it is, not in TF32."""
    convolutions = torch.backends.cudnn.allow_tf32
    products = torch.get_float32_matmul_precision()
    torch.backends.cudnn.allow_tf32 = False
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.backends.cudnn.allow_tf32 = convolutions
        torch.set_float32_matmul_precision(products)


def compare(name: str, fit: NamedFit, device: str, folder: Path) -> dict[str, Any]:
    """One fit on both devices; the pickle of that on the GPU stays in the folder."""
    ours = fitted(fit, device)
    given = outputs(ours, fit.X)
    outcome: dict[str, Any] = {"losses": [round(x, 6) for x in ours.loss_curve_]}
    checks = outcome["checks"] = {}
    if fit.same_everywhere:
        outcome |= beside_the_cpu(fit, device, ours, given, checks)
    outcome |= repeat(fit, device, ours, given)
    checks["the same seed gives the same"] = outcome["repeated_identical"]
    checks["a deep copy gives the same"] = identical(
        outputs(copy.deepcopy(ours), fit.X), given
    )
    dumped = pickle.dumps(ours)
    checks["a pickle gives the same"] = identical(
        outputs(pickle.loads(dumped), fit.X), given
    )
    with open(folder / f"{name}{_without_gpu.SENT}", "wb") as file:
        pickle.dump((dumped, fit.X, given), file)
    return outcome


def fitted(fit: NamedFit, device: str) -> Any:
    """The estimator after a fit in float32."""
    estimator = clone(fit.estimator)
    estimator.set_params(device=device, precision="float32", random_state=0)
    return estimator.fit(fit.X) if fit.y is None else estimator.fit(fit.X, fit.y)


def beside_the_cpu(
    fit: NamedFit, device: str, ours: Any, given: Outputs, checks: dict[str, bool]
) -> dict[str, Any]:
    """How far it is from the same fit on the CPU, and whether that is near."""
    theirs = fitted(fit, "cpu") if device != "cpu" else fitted(last_bits(fit), "cpu")
    expected = outputs(theirs, fit.X)
    apart: dict[str, Any] = {
        "losses_apart": loss_distance(ours.loss_curve_, theirs.loss_curve_),
        "outputs_apart": distance(given, expected),
        "labels_apart": labels_apart(given, expected),
    }
    near = {
        "losses as on the CPU": apart["losses_apart"] <= LOSSES_APART,
        "outputs as on the CPU": apart["outputs_apart"] <= fit.outputs_apart,
        "labels as on the CPU": apart["labels_apart"] <= LABELS_APART,
    }
    checks |= near
    if device != "cpu" and not all(near.values()):
        # If this is as far, it is the fit that carries rounding on, and not the device.
        changed = outputs(fitted(last_bits(fit), "cpu"), fit.X)
        apart["outputs_apart_by_last_bits"] = distance(changed, expected)
    return apart


def last_bits(fit: NamedFit) -> NamedFit:
    """The same fit with inputs in float32 changed by what rounding would change."""
    rng = np.random.default_rng(0)

    def changed(x: NDArray[Any]) -> NDArray[Any]:
        if x.dtype != np.float32:
            return x
        bits = rng.integers(-1, 2, x.shape)
        return (x * (1 + bits * np.finfo(np.float32).eps)).astype(np.float32)

    if isinstance(fit.X, dict):
        return replace(fit, X={name: changed(x) for name, x in fit.X.items()})
    return replace(fit, X=[changed(x) for x in fit.X])


def repeat(fit: NamedFit, device: str, first: Any, given: Outputs) -> dict[str, Any]:
    """Fit once more with the same seed, and if that is not the same, find out why."""
    second = fitted(fit, device)
    again = outputs(second, fit.X)
    same = first.loss_curve_ == second.loss_curve_ and identical(again, given)
    outcome: dict[str, Any] = {"repeated_identical": same}
    if not same:
        outcome["repeated_losses_apart"] = loss_distance(
            second.loss_curve_, first.loss_curve_
        )
        outcome["repeated_outputs_apart"] = distance(again, given)
        outcome["not_deterministic"] = operations_that_differ(fit, device)
    return outcome


def operations_that_differ(fit: NamedFit, device: str) -> list[str]:
    """What PyTorch warns of when it is to be deterministic."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        torch.use_deterministic_algorithms(True, warn_only=True)
        try:
            fitted(fit, device)
        finally:
            torch.use_deterministic_algorithms(False)
    texts = {str(one.message)[:160] for one in caught}
    return sorted(text for text in texts if "determinis" in text)


def from_without_gpu(folder: Path) -> dict[str, Any]:
    """Send all pickles to a process without a GPU and take back its own."""
    sent = sorted(folder.glob(f"*{_without_gpu.SENT}"))
    if not sent:
        raise Skipped("no fit left a pickle")
    _without_gpu.start(folder)
    outcome: dict[str, Any] = {"there_apart": {}, "back_apart": {}, "checks": {}}
    for path in sent:
        name = path.name.removesuffix(_without_gpu.SENT)
        _, X, given = pickle.loads(path.read_bytes())
        there, dumped, device = pickle.loads(_without_gpu.answer(path).read_bytes())
        back = outputs(pickle.loads(dumped), X)
        for where, found in (("there", there), ("back", back)):
            apart = distance(found, given)
            outcome[f"{where}_apart"][name] = apart
            outcome["checks"][f"{name}: {where} as here"] = (
                apart <= SAME_MODEL_APART
                and labels_apart(found, given) <= SAME_MODEL_LABELS_APART
            )
        outcome["checks"][f"{name}: on the CPU there"] = device == "cpu"
    return outcome
