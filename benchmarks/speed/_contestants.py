"""Who trains the same network in the speed benchmark, and how.

A contestant is a function of a workload, a number of epochs and a device that prepares
what it needs once and returns functions without arguments: "fit" trains anew,
"transform" gives the codes of all samples by the trained model, and "pickle" the bytes
of that.
"""

from __future__ import annotations

import copy
import pickle
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from _workloads import Workload
from skorch import NeuralNet
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from sk_jae.blocks import Layers, UpConv2d
from sk_jae.modules import JointModule
from sk_jae.training import default_precision, objective

Jobs = dict[str, Callable[[], Any]]


def ours(workload: Workload, epochs: int, device: str) -> Jobs:
    """The estimator as it comes."""
    estimator = workload.estimator.set_params(
        max_epochs=epochs, random_state=0, device=device
    )
    X, y = workload.X, workload.y
    return {
        "fit": lambda: estimator.fit(X, y),
        "transform": lambda: estimator.transform(X),
        "pickle": lambda: pickle.dumps(estimator),
    }


def ours_adapting(workload: Workload, epochs: int, device: str) -> Jobs:
    """The estimator with the terms on unlabeled samples from the first step on."""
    objective.WARM_UP = 0.0  # an only epoch would pass before they begin
    return ours(workload, epochs, device)


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
    tuned = {"iterator_train__collate_fn": _as_it_is}
    module = plain(initial_module(workload))
    return _skorch(workload, epochs, device, module, PairsOfBatches, **tuned)


def loop_plain(workload: Workload, epochs: int, device: str) -> Jobs:
    """A hand-written loop over tensors, with the network of torch's own layers."""
    initial = plain(initial_module(workload)).to(device)
    return _loop(workload, epochs, device, initial, torch.float32, fused=None)


def loop_best(workload: Workload, epochs: int, device: str) -> Jobs:
    """The same loop with all tricks: our module, its layout, precision, fused Adam."""
    initial = initial_module(workload).to(device)
    convolutional = any(isinstance(m, nn.Conv2d) for m in initial.modules())
    if convolutional:
        initial = initial.to(memory_format=torch.channels_last)
    kind = default_precision(torch.device(device), convolutional=convolutional)
    dtype = getattr(torch, kind)
    return _loop(workload, epochs, device, initial, dtype, fused=True)


def skada_deep_coral(workload: Workload, epochs: int, device: str) -> Jobs:
    """skada's DeepCoral with the layers of the shared branch and its classifier."""
    from skada.deep import DeepCoral

    module = initial_module(workload)
    encoder = nn.Sequential(*module.before[0], *module.tied, *module.after[0])
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
    "sk_jae": ours_adapting,
    "skada DeepCoral": skada_deep_coral,
}


def initial_module(workload: Workload) -> JointModule:
    """The module of the estimator, as it is before training."""
    estimator = copy.deepcopy(workload.estimator)
    estimator.set_params(max_epochs=1, lr=1e-12, random_state=0, device="cpu")
    few = [x[:512] for x in workload.X]  # enough for all classes to be among them
    y = workload.y
    if y is not None:
        y = [None if labels is None else labels[:512] for labels in y]
    module = copy.deepcopy(estimator.fit(few, y).module_)
    return module.to(memory_format=torch.contiguous_format)


def plain(module: JointModule) -> JointModule:
    """The same network as one would write it with torch's own layers."""
    module = copy.deepcopy(module)
    module.n_alike = [0] * module.n_tasks  # each branch by itself
    for layers in [m for m in module.modules() if isinstance(m, Layers)]:
        written: list[nn.Module] = []
        for layer in layers:
            if isinstance(layer, UpConv2d):
                written.append(nn.Upsample(scale_factor=layer.factor))
                convolution = nn.Conv2d(
                    layer.in_channels,
                    layer.out_channels,
                    layer.kernel_size,
                    padding=layer.padding,
                )
                convolution.load_state_dict(layer.state_dict())
                layer = convolution
            if isinstance(layer, nn.ReLU) and isinstance(written[-1], nn.MaxPool2d):
                written.insert(-1, layer)
            else:
                written.append(layer)
        while len(layers):
            del layers[-1]
        layers.extend(written)
    return module


class PairsOfSamples(Dataset):
    """One sample of every task at a time, those of smaller tasks in a cycle."""

    def __init__(self, X: Sequence[Any], y: Sequence[Any] | None) -> None:
        self.X = [torch.from_numpy(x) for x in X]
        given = y if y is not None else [None] * len(X)
        self.y = [
            torch.full((len(x),), -1) if one is None else torch.from_numpy(one).long()
            for x, one in zip(X, given, strict=True)
        ]

    def __len__(self) -> int:
        return max(map(len, self.X))

    def __getitem__(self, i: int) -> tuple[list[Tensor], tuple[list[Tensor], ...]]:
        inputs = [x[i % len(x)] for x in self.X]
        return inputs, (inputs, [y[i % len(y)] for y in self.y])


class PairsOfBatches(PairsOfSamples):
    """The same for many samples at once, by one indexed read per task."""

    def __getitems__(self, rows: list[int]) -> Any:
        i = torch.tensor(rows)
        inputs = [x[i % len(x)] for x in self.X]
        return inputs, (inputs, [y[i % len(y)] for y in self.y])


def _as_it_is(batch: Any) -> Any:
    return batch


class JointCriterion(nn.Module):
    """The weighted sum of reconstruction and classification errors."""

    def __init__(self, weights: tuple[float, float], labeled: Sequence[bool]) -> None:
        super().__init__()
        self.weights = weights
        self.labeled = labeled

    def forward(self, outputs: Sequence[Any], target: Any) -> Tensor:
        inputs, labels = target
        loss = torch.zeros((), device=inputs[0].device)
        for t, output in enumerate(outputs):
            error = F.mse_loss(output.reconstruction.float(), inputs[t])
            loss = loss + self.weights[0] * error
            if self.labeled[t]:
                entropy = F.cross_entropy(output.logits.float(), labels[t])
                loss = loss + self.weights[1] * entropy
        return loss


def weights_of(workload: Workload) -> dict[str, Any]:
    of = workload.estimator.get_params()
    weights = of["reconstruction_weight"], of.get("classification_weight", 0.0)
    labeled = [one is not None for one in workload.y or [None] * len(workload.X)]
    return {"weights": weights, "labeled": labeled}


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


def _loop(
    workload: Workload,
    epochs: int,
    device: str,
    initial: JointModule,
    dtype: torch.dtype,
    *,
    fused: bool | None,
) -> Jobs:
    samples = PairsOfSamples(workload.X, workload.y)
    X = [x.to(device) for x in samples.X]
    y = [labels.to(device) for labels in samples.y]
    if fused:
        X = [
            x.contiguous(memory_format=torch.channels_last) if x.ndim == 4 else x
            for x in X
        ]
    criterion = JointCriterion(**weights_of(workload))
    size, n = workload.estimator.batch_size, max(map(len, X))
    of = {"lr": workload.estimator.lr, "fused": fused}
    kept: dict[str, JointModule] = {}

    def fit() -> None:
        module = copy.deepcopy(initial)
        optimizer = torch.optim.Adam(module.parameters(), **of)
        kept["module"] = module
        for _ in range(epochs):
            orders = [torch.randperm(n, device=device) % len(x) for x in X]
            total = torch.zeros((), device=device)
            for start in range(0, n, size):
                rows = [order[start : start + size] for order in orders]
                inputs = [x[i] for x, i in zip(X, rows, strict=True)]
                labels = [one[i] for one, i in zip(y, rows, strict=True)]
                optimizer.zero_grad()
                mixed = dtype != torch.float32
                with torch.autocast(torch.device(device).type, dtype, enabled=mixed):
                    loss = criterion(module(inputs), (inputs, labels))
                loss.backward()
                optimizer.step()
                total += loss.detach()
            total.item()  # the one number that a user wants to see of an epoch

    def transform() -> list[Tensor]:
        module = kept["module"].eval()
        with torch.inference_mode():
            return [
                torch.cat(
                    [
                        torch.cat(list(_alone(module, t, len(X), part)), dim=1).cpu()
                        for part in x.split(1024)
                    ]
                )
                for t, x in enumerate(X)
            ]

    return {
        "fit": fit,
        "transform": transform,
        "pickle": lambda: pickle.dumps(kept["module"]),
    }


def _alone(module: JointModule, t: int, n_tasks: int, x: Tensor) -> Any:
    return module.encode([x if i == t else None for i in range(n_tasks)])[t]
