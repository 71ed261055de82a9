"""Random tensors that depend on a seed alone."""

from __future__ import annotations

import torch


def draw(seed=0):
    return torch.Generator().manual_seed(seed)


def random(*shape, seed=0):
    return torch.randn(shape, generator=draw(seed))
