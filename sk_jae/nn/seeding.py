"""Initial weights that depend on the seed and on the part of the module alone."""

from __future__ import annotations

import zlib

import torch

__all__ = ["generator_of"]


def generator_of(seed: int | None, *words: str) -> torch.Generator | None:
    """Return a generator for one part of the module, independent of other parts.

    Without a seed there is none, and the weights are left unset.
    """
    if seed is None:
        return None
    digest = zlib.crc32("/".join([str(seed), *words]).encode())
    return torch.Generator().manual_seed((seed << 32) ^ digest)
