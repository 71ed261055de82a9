"""Initial weights that depend on the seed and on the part of the module alone."""

from __future__ import annotations

import zlib

import torch

__all__ = ["generator_of"]


def generator_of(seed: int, *words: str) -> torch.Generator:
    """Return a generator for one part of the module, independent of other parts."""
    digest = zlib.crc32("/".join([str(seed), *words]).encode())
    return torch.Generator().manual_seed((seed << 32) ^ digest)
