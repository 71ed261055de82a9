"""Losses, augmentations and optimizers as users write them, right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sk_jae.nn import random_affine


class Own(Exception):
    """The error of a user's function."""


def fail(*args: Any, **kwargs: Any) -> Any:
    raise Own("as it does")


class FailsLater:
    """A function that works a few times."""

    def __init__(self, function: Callable[..., Any], times: int) -> None:
        self.function, self.times = function, times

    def __call__(self, *args: Any) -> Any:
        self.times -= 1
        if self.times < 0:
            raise Own("as it does in the end")
        return self.function(*args)


def mse(r: Tensor, x: Tensor) -> Tensor:
    return ((r - x) ** 2).mean()


class BadGradient(torch.autograd.Function):
    """A function whose gradient fails, or is none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, how: str) -> Tensor:
        ctx.how = how
        return x.square().mean()

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        if ctx.how == "fails":
            raise Own("as its gradient does")
        return (grad * torch.nan if ctx.how == "nan" else None), None


def changes_its_arguments(r: Tensor, x: Tensor) -> Tensor:
    value = mse(r.tanh(), x)
    r.zero_()
    return value


def changes_the_samples(r: Tensor, x: Tensor) -> Tensor:
    x.mul_(0.5)
    return mse(r, x)


class LossModule(nn.Module):
    """A loss with a weight of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))

    def forward(self, r: Tensor, x: Tensor) -> Tensor:
        return mse(r, x) * self.scale.square()


LOSSES: list[Any] = [
    *(mse, F.mse_loss, nn.MSELoss(), nn.L1Loss(reduction="none"), LossModule()),
    *(nn.MSELoss, nn.CrossEntropyLoss(), fail, FailsLater(mse, 2), len, max, dict),
    partial(F.huber_loss, delta=0.5),
    lambda r, x: (r - x) ** 2,
    lambda r, x: (r - x).abs().mean(tuple(range(1, r.ndim))),
    lambda r, x: None,
    lambda r, x: 0.5,
    lambda r, x: mse(r, x).item(),
    lambda r, x: mse(r, x).detach(),
    lambda r, x: mse(r, x).detach().numpy(),
    lambda r, x: (r.detach().numpy() - x.numpy()).mean(),
    lambda r, x: (r, x),
    lambda r, x: [mse(r, x)],
    lambda r, x: {"loss": mse(r, x)},
    lambda r, x: mse(r, x).reshape(1),
    lambda r, x: mse(r, x).reshape(1, 1),
    lambda r, x: (r - x)[:0],
    lambda r, x: (r - x).mean(0),
    lambda r, x: torch.cat([(r - x) ** 2] * 2),
    lambda r, x: mse(r, x).double(),
    lambda r, x: mse(r.half(), x.half()),
    lambda r, x: mse(r, x).bfloat16(),
    lambda r, x: mse(r, x).to(torch.complex64),
    lambda r, x: mse(r, x).to("meta"),
    lambda r, x: mse(r, x).to_sparse(),
    lambda r, x: (r > x).float().mean(),
    lambda r, x: (r > x).sum(),
    lambda r, x: torch.tensor(1.0, requires_grad=True),
    lambda r, x: x.mean().requires_grad_(),
    lambda r, x: mse(r, x) * torch.nan,
    lambda r, x: mse(r, x) * torch.inf,
    lambda r, x: -mse(r, x) * 1e30,
    lambda r, x: mse(r, x).sqrt().log(),
    lambda r, x: (r - r).sum().sqrt(),
    lambda r, x: mse(r[:, :1], x.flatten(1) @ torch.ones(1000, 1)),
    lambda r, x: BadGradient.apply(r - x, "fails"),
    lambda r, x: BadGradient.apply(r - x, "nan"),
    lambda r, x: BadGradient.apply(r - x, "none"),
    lambda r, x: r.backward(torch.ones_like(r)),
    lambda r: r.mean(),
    lambda r, x, weight: mse(r, x) * weight,
    lambda r, x, weight=2.0: mse(r, x) * weight,
    lambda *args: mse(*args),
    lambda r, target: mse(r, target),
    lambda r, x: mse(r, x) + 0 * torch.rand(()),
    changes_its_arguments,
    changes_the_samples,
]

AUGMENTATIONS: list[Any] = [
    *(None, "auto", random_affine, fail, FailsLater(torch.relu, 2), nn.Dropout(0.1)),
    *(nn.Identity(), nn.Identity, nn.Linear(3, 3), nn.BatchNorm1d(3), torch.relu, len),
    lambda x: x,
    lambda x: x + 0.1 * torch.randn_like(x),
    lambda x: x + 0.1 * torch.randn_like(x).requires_grad_(),
    lambda x: x.flip(0),
    lambda x: x[torch.randperm(len(x))],
    lambda x: x.flatten(1).view_as(x),
    lambda x: x.add_(1),
    lambda x: x.zero_(),
    lambda x: None,
    lambda x: x.numpy(),
    lambda x: x.tolist(),
    lambda x: (x, x),
    lambda x: x[:-1],
    lambda x: x[:0],
    lambda x: x[0],
    lambda x: torch.cat([x, x]),
    lambda x: x[:, :-1],
    lambda x: x.unsqueeze(0),
    lambda x: x.double(),
    lambda x: x.half(),
    lambda x: x.bfloat16(),
    lambda x: x > 0,
    lambda x: x.to(torch.complex64),
    lambda x: x.to("meta"),
    lambda x: x.to_sparse(),
    lambda x: x * torch.nan,
    lambda x: x * torch.inf,
    lambda x: x * 1e30,
    lambda x: x / 0,
    lambda x: x.expand(len(x), *x.shape[1:]),
    lambda x: torch.from_numpy(np.sort(x.numpy(), axis=0)),
    lambda x, y: x,
    lambda: None,
    lambda x, p=0.5: x * (torch.rand_like(x) < p),
    lambda *args: args[0],
]


class Whimsical(torch.optim.SGD):
    """An optimizer that fails."""

    def step(self, closure: Any = None) -> Any:
        raise Own("as its steps do")


class Spoils(torch.optim.SGD):
    """An optimizer that makes weights NaN, or asks for the loss."""

    def step(self, closure: Any) -> Any:
        loss = closure()
        with torch.no_grad():
            self.param_groups[0]["params"][0].mul_(torch.nan)
        return loss


def groups(parameters: Any, lr: float, **kwargs: Any) -> torch.optim.Optimizer:
    first, *others = list(parameters)
    parts = [{"params": [first], "lr": lr / 2}, {"params": others}]
    return torch.optim.AdamW(parts, lr=lr, **kwargs)


OPTIMIZERS: list[Any] = [
    *(
        "adam",
        "adamw",
        "sgd",
        "Adam",
        "lbfgs",
        torch.optim.Optimizer,
        Whimsical,
        Spoils,
    ),
    *(getattr(torch.optim, name) for name in torch.optim.__all__ if name[0].isupper()),
    partial(torch.optim.SGD, momentum=0.9, nesterov=True),
    partial(torch.optim.LBFGS, line_search_fn="strong_wolfe", max_iter=3),
    partial(torch.optim.Adam, foreach=True),
    partial(torch.optim.SGD, momentum=-1),
    partial(torch.optim.SGD, nothing=1),
    groups,
    fail,
    lambda parameters, lr: torch.optim.SGD(list(parameters)[:1], lr=lr),
    lambda parameters, lr: torch.optim.SGD([torch.zeros(1)], lr=lr),
    lambda parameters, lr: torch.optim.SGD([], lr=lr),
    lambda parameters, lr: torch.optim.SGD(parameters),
    lambda parameters: torch.optim.SGD(parameters, lr=0.1),
    lambda parameters, lr: None,
    lambda parameters, lr: torch.optim.SGD,
    lambda parameters, lr: list(parameters),
    lambda **kwargs: None,
    *(len, dict, object),
]
