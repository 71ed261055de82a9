"""Who trains the same network in the speed benchmark, and how.

A contestant is a function of a workload, a number of epochs and a device that prepares
what it needs once and returns functions without arguments: "fit" trains anew,
"transform" gives the codes of all samples by the trained model, and "pickle" the bytes
of that. Ours also has "history" of the epochs, and "precision" of the training.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from sklearn.base import clone
from skorch import NeuralNet
from torch import Tensor, nn

from benchmarks.speed._loops import Jobs, loop_best, loop_plain
from benchmarks.speed._parts import (
    JointCriterion,
    PairsOfBatches,
    PairsOfSamples,
    as_it_is,
    initial_module,
    plain,
    weights_of,
)
from benchmarks.speed._workloads import Workload
from sk_jae.nn import JointModule


def ours(workload: Workload, epochs: int, device: str) -> Jobs:
    """The estimator as it comes."""
    estimator = clone(workload.estimator)
    estimator.set_params(max_epochs=epochs, random_state=0, device=device)
    X, y = workload.X, workload.y
    return {
        "fit": lambda: estimator.fit(X, y),
        "transform": lambda: estimator.transform(X),
        "pickle": lambda: pickle.dumps(estimator),
        "history": lambda: [*estimator.net_.history],  # with the durations
        "precision": lambda: estimator.net_.precision,
    }


def skorch_stock(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch as it comes, with the network of torch's own layers."""
    return _skorch(
        workload, epochs, device, plain(initial_module(workload)), PairsOfSamples
    )


def skorch_stock_our_module(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch as it comes, with our module."""
    return _skorch(workload, epochs, device, initial_module(workload), PairsOfSamples)


def skorch_tuned(workload: Workload, epochs: int, device: str) -> Jobs:
    """skorch with a batch per indexed read, with the network of torch's own layers."""
    tuned = {"iterator_train__collate_fn": as_it_is}
    module = plain(initial_module(workload))
    return _skorch(workload, epochs, device, module, PairsOfBatches, **tuned)


def skada_deep_coral(workload: Workload, epochs: int, device: str) -> Jobs:
    """skada's DeepCoral with the layers of the shared branch and its classifier."""
    from skada.deep import DeepCoral

    module = initial_module(workload)
    encoder = nn.Sequential(*module.pre_tied[0], *module.tied, *module.post_tied[0])
    assert module.shared_head is not None
    initial = nn.Sequential()
    initial.add_module("encoder", encoder)
    initial.add_module("head", nn.Sequential(*module.shared_head))
    assert workload.y is not None
    X = np.concatenate(workload.X)
    n_source, n = len(workload.X[0]), len(X)
    y = np.concatenate([workload.y[0], np.full(n - n_source, -1)])
    sample_domain = np.repeat([1, -2], [n_source, n - n_source])

    def fit() -> None:
        net = DeepCoral(
            copy.deepcopy(initial),
            layer_name="encoder",
            batch_size=workload.estimator.batch_size,
            max_epochs=epochs,
            lr=workload.estimator.lr,
            optimizer=torch.optim.Adam,
            train_split=None,
            device=device,
            verbose=0,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            net.fit(X, y, sample_domain)

    return {"fit": fit}


CONTESTANTS: dict[str, Callable[[Workload, int, str], Jobs]] = {
    "sk_jae": ours,
    "skorch": skorch_stock,
    "skorch, our module": skorch_stock_our_module,
    "skorch, batched loader": skorch_tuned,
    "loop": loop_plain,
    "best loop": loop_best,
}
ADAPTATION: dict[str, Callable[[Workload, int, str], Jobs]] = {
    "sk_jae": ours,
    "skada DeepCoral": skada_deep_coral,
}


class _Restarted(nn.Module):
    """A module to make anew from initial weights at every fit."""

    def __init__(self, initial: JointModule) -> None:
        super().__init__()
        self.module = copy.deepcopy(initial)

    def forward(self, inputs: Sequence[Tensor]) -> list[Any]:
        if self.training:
            return self.module(inputs)
        return [torch.cat(list(codes), dim=1) for codes in self.module.encode(inputs)]


def _skorch(
    workload: Workload,
    epochs: int,
    device: str,
    module: JointModule,
    data: type[PairsOfSamples],
    **extra: Any,
) -> Jobs:
    criterion = weights_of(workload)
    net = NeuralNet(
        _Restarted,
        module__initial=module,
        criterion=JointCriterion,
        **{f"criterion__{key}": value for key, value in criterion.items()},
        optimizer=torch.optim.Adam,
        lr=workload.estimator.lr,
        batch_size=workload.estimator.batch_size,
        max_epochs=epochs,
        iterator_train__shuffle=True,
        train_split=None,
        device=device,
        verbose=0,
        **extra,
    )
    samples = data(workload.X, workload.y)
    # Predictions go through the samples in order, in skorch's own batches.
    in_order = PairsOfSamples(workload.X, workload.y)

    def transform() -> list[Tensor]:
        batches = list(net.forward_iter(in_order))
        return [torch.cat(list(codes)) for codes in zip(*batches, strict=True)]

    return {
        "fit": lambda: net.fit(samples, None),
        "transform": transform,
        "pickle": lambda: pickle.dumps(net),
    }
