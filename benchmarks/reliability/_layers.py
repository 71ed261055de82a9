"""Modules and functions that make layers, as users write them, right and wrong ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.reliability._functions import Own, fail
from sk_jae.architecture import FC, Conv


class Tuples(nn.Module):
    """A module whose output is no tensor."""

    def forward(self, x: Tensor) -> Any:
        return x, x


class Fails(nn.Module):
    """A module that fails, or only in training."""

    def __init__(self, always: bool) -> None:
        super().__init__()
        self.always = always

    def forward(self, x: Tensor) -> Tensor:
        if self.always or self.training:
            raise Own("as this module does")
        return x


class Other(nn.Module):
    """A module that computes something with its input."""

    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


def generator_of_layers(shape: Any) -> Iterator[FC]:
    yield FC(4)


def tied() -> list[nn.Module]:
    layer = nn.Linear(4, 4)
    return [nn.Flatten(), nn.LazyLinear(4), layer, nn.ReLU(), layer]


MODULES: list[Callable[[], Any]] = [
    lambda: (nn.Flatten(), nn.LazyLinear(4)),
    lambda: (nn.Linear(3, 4), nn.ReLU()),
    lambda: (nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Dropout(0.5)),
    lambda: (nn.Linear(5, 4),),
    lambda: (nn.Linear(3, 4).double(),),
    lambda: (nn.Linear(3, 4).to("meta"),),
    lambda: (nn.Linear(3, 4).requires_grad_(False),),
    lambda: (nn.Conv2d(1, 2, 3), nn.ReLU()),
    lambda: (nn.Conv2d(1, 2, 99),),
    lambda: (nn.Flatten(), nn.Identity()),
    lambda: (nn.ReLU(), nn.ReLU(inplace=True)),
    lambda: (nn.LSTM(3, 4),),
    lambda: (nn.Embedding(3, 4),),
    lambda: (nn.Bilinear(3, 3, 4),),
    lambda: (nn.utils.parametrizations.weight_norm(nn.Linear(3, 4)),),
    lambda: (nn.utils.parametrizations.spectral_norm(nn.Linear(3, 4)),),
    lambda: (nn.Sequential(nn.Linear(3, 4), nn.ReLU()),),
    lambda: (nn.Sequential(),),
    lambda: (nn.ModuleList([nn.Linear(3, 4)]),),
    lambda: (nn.Linear,),
    lambda: (FC(4), nn.ReLU()),
    lambda: (nn.Flatten(), FC(4)),
    lambda: (Conv(2, (3, 3)), FC(4)),
    lambda: nn.Linear(3, 4),
    lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU()),
    lambda: (Tuples(),),
    lambda: (Fails(True),),
    lambda: (Fails(False),),
    lambda: (Other(lambda x: None),),
    lambda: (Other(lambda x: x.sum()),),
    lambda: (Other(lambda x: x.sum(0)),),
    lambda: (Other(lambda x: x[:0]),),
    lambda: (Other(lambda x: x.flatten(1)[:, :2]),),
    lambda: (Other(lambda x: x.flatten(1)[:, :0]),),
    lambda: (Other(lambda x: x.double()),),
    lambda: (Other(lambda x: x.detach().numpy()),),
    lambda: (Other(lambda x: x.detach()),),
    lambda: (Other(lambda x: x * torch.nan),),
    lambda: (Other(lambda x: x.unsqueeze(1)),),
    lambda: (Other(lambda x: torch.cat([x, x])),),
    lambda: (Other(lambda x: x + torch.randn_like(x)),),
    lambda: (Other(lambda x: x.to(torch.complex64)),),
    tied,
]

CODERS: list[Any] = [
    lambda shape: "FC 4",
    lambda shape: (4, 3),
    lambda shape: [4],
    lambda shape: [nn.Flatten(), nn.Linear(int(np.prod(shape)), 4), nn.ReLU()],
    lambda shape: [nn.Linear(shape[0], 4)],
    lambda shape: nn.Linear(shape[0], 4),
    lambda shape: [FC(4)],
    lambda shape: "FC 4, Conv 2x(3x3)",
    lambda shape: "auto",
    lambda shape: "mirror",
    lambda shape: None,
    lambda shape: 4,
    lambda shape: 4.5,
    lambda shape: (),
    lambda shape: "",
    lambda shape: "FC",
    lambda shape: np.array([4, 3]),
    lambda shape: torch.zeros(2),
    lambda shape: {"a": "FC 4"},
    lambda shape: [None],
    lambda shape: [nn.Linear],
    lambda shape: lambda shape: "FC 4",
    lambda shape: shape[7],
    lambda shape: [object()],
    lambda: "FC 4",
    lambda shape, name: "FC 4",
    lambda shape, width=4: (width,),
    generator_of_layers,
    fail,
    len,
    tuple,
    list,
    str,
    nn.Linear,
    nn.Flatten,
]
