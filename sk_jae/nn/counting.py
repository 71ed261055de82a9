"""The size of a module."""

from __future__ import annotations

from math import prod

from torch import nn

__all__ = ["n_parameters"]


def n_parameters(module: nn.Module) -> int:
    """Return the number of trainable values of a module.

    Parameters
    ----------
    module : torch.nn.Module
        Any module.

    Returns
    -------
    n_parameters : int
        The number of values. Those that tasks have in common count once.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import n_parameters
    >>> layer = torch.nn.Linear(3, 2)
    >>> n_parameters(layer), n_parameters(torch.nn.ModuleList([layer, layer]))
    (8, 8)
    """
    return sum(prod(p.shape) for p in module.parameters() if p.requires_grad)
