"""Ends a training whose loss, weights or outputs have become NaN or infinite."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from sk_jae.nn import JointModule
from sk_jae.training.batches import Batch
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TERMS

__all__ = ["check_loss", "check_outputs", "check_weights", "outputs_of"]


def check_loss(net: JointNet, row: Mapping[str, Any]) -> None:
    """Refuse a row of the history whose loss is not finite."""
    if math.isfinite(row["train_loss"]):
        return
    names = [
        name
        for name in net.module_.names
        for term in TERMS
        if not math.isfinite(row.get(f"train_{term}_{name}", 0.0))
    ]
    of_task = f" of task {names[0]!r}" if names else ""
    raise ValueError(
        f"The loss{of_task} became {row['train_loss']} in epoch {row['epoch']}, so "
        f"training stopped; {_advice(net)}."
    )


def check_weights(net: JointNet) -> None:
    """Refuse weights that are not finite."""
    finite = [p.isfinite().all() for p in net.module_.parameters()]
    if not torch.stack(finite).all():
        raise ValueError(
            f"A weight became NaN or infinite in epoch {net.n_epochs}, so training "
            f"stopped; {_advice(net)}."
        )


def check_outputs(net: JointNet, outputs: Mapping[str, Any]) -> None:
    """Refuse finite weights that are so large that the outputs are infinite."""
    for name, found in outputs.items():
        # The logits of classes that a task cannot have are -inf.
        if not all((tensor < math.inf).all() for tensor in found):
            raise ValueError(
                f"The outputs for task {name!r} became NaN or infinite after epoch "
                f"{net.n_epochs}, so training stopped; {_advice(net)}."
            )


def outputs_of(module: JointModule, batch: Batch) -> dict[str, Any]:
    """What the module gives for each task; infinite if its size is."""
    found = {}
    for name, x in zip(module.names, module(batch.inputs), strict=True):
        if x is not None:
            sizes = [v.abs() for v in (x.reconstruction, *x.codes)]
            if x.targets is not None:
                sizes.append(x.targets.abs())
            found[name] = sizes if x.logits is None else [*sizes, x.logits]
    return found


def _advice(net: JointNet) -> str:
    return f"try a smaller lr than {net.lr}, or scale the data to about unit size"
