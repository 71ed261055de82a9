"""The error of reconstructions, and what the module gives for each kind of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = [
    "SMALLEST_WEIGHT",
    "ReconstructionLoss",
    "output_of",
    "reconstruction_loss",
    "weighted_mean",
]

# The sum of the weights of samples of which none counts.
SMALLEST_WEIGHT = 1e-30

# Its exponential is a number of float32, and so is the sum of many such.
_LARGEST_LOG_RATE = 80.0

ReconstructionLoss: TypeAlias = (
    Literal["mse", "bce", "poisson", "huber"] | Callable[[Tensor, Tensor], Tensor]
)


def reconstruction_loss(
    reconstruction: Tensor,
    target: Tensor,
    loss: ReconstructionLoss = "mse",
    weights: Tensor | None = None,
) -> Tensor:
    """Return the reconstruction error, the l_r of the paper.

    Parameters
    ----------
    reconstruction, target : Tensor of shape (n, ...)
        The reconstruction and the samples. For "bce" the reconstruction has logits, and
        the values of the samples are in [0, 1]. For "poisson" it has logarithms of
        rates, and the samples are counts.
    loss : {"mse", "bce", "poisson", "huber"} or callable, default="mse"
        "mse" is the mean squared error, "bce" the binary cross-entropy, "poisson" half
        the deviance from Poisson distributions, and "huber" half the squared error for
        errors up to 1, beyond which it grows linearly (Huber 1964). A function takes
        the two tensors, and its result is averaged.
    weights : Tensor of shape (n,) or None, default=None
        How much each sample counts.

    Returns
    -------
    loss : Tensor of shape ()
        The mean over features and the weighted mean over samples.

    Raises
    ------
    ValueError
        If samples have weights and a function returns a single number.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import reconstruction_loss
    >>> reconstruction_loss(torch.zeros(2, 3), torch.ones(2, 3))
    tensor(1.)
    """
    reconstruction = reconstruction.float()
    if weights is not None:
        each = _error_of_each(reconstruction, target, loss)
        return weighted_mean(each.flatten(1).mean(dim=1), weights)
    if loss == "mse":
        return F.mse_loss(reconstruction, target)
    if loss == "huber":
        return F.huber_loss(reconstruction, target)
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(reconstruction, target)
    if loss == "poisson":
        return _deviance(reconstruction, target).mean()
    assert callable(loss)
    return loss(reconstruction, target).mean()


def _error_of_each(
    reconstruction: Tensor, target: Tensor, loss: ReconstructionLoss
) -> Tensor:
    """Return the errors of n samples, of shape (n, ...)."""
    if loss == "mse":
        return F.mse_loss(reconstruction, target, reduction="none")
    if loss == "huber":
        return F.huber_loss(reconstruction, target, reduction="none")
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(
            reconstruction, target, reduction="none"
        )
    if loss == "poisson":
        return _deviance(reconstruction, target)
    assert callable(loss)
    each = loss(reconstruction, target)
    if each.ndim == 0 or len(each) != len(target):
        raise ValueError(
            f"reconstruction_loss returned a tensor of shape {tuple(each.shape)} for "
            f"{len(target)} samples, expected one error per sample, or one per feature "
            "of each, which can be weighted by sample_weight."
        )
    return each.reshape(len(target), -1)


def _deviance(log_rates: Tensor, counts: Tensor) -> Tensor:
    """Return half the deviance of counts from Poisson distributions (n, ...)."""
    log_rates = log_rates.clamp(max=_LARGEST_LOG_RATE)
    return log_rates.exp() - counts * log_rates + torch.xlogy(counts, counts) - counts


def output_of(reconstruction: Tensor, loss: str) -> Tensor:
    """Return samples from what the module gives: from logits, or logarithms of rates.

    Parameters
    ----------
    reconstruction : Tensor of shape (n, ...)
    loss : str
        The loss with which the module was trained. Other words than those of
        :func:`reconstruction_loss` stand for functions of the user.

    Returns
    -------
    samples : Tensor of shape (n, ...)

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn.reconstruction import output_of
    >>> output_of(torch.zeros(1, 2), "bce"), output_of(torch.zeros(1, 2), "poisson")
    (tensor([[0.5000, 0.5000]]), tensor([[1., 1.]]))
    """
    if loss == "bce":
        return reconstruction.sigmoid()
    if loss == "poisson":
        return reconstruction.clamp(max=_LARGEST_LOG_RATE).exp()
    return reconstruction


def weighted_mean(values: Tensor, weights: Tensor | None) -> Tensor:
    """Return the mean of values (..., n) over samples, 0 if all weights are 0.

    With weights (n,), values are (n, ...).
    """
    if weights is None:
        return values.mean(dim=-1)
    total = weights.sum().clamp(min=SMALLEST_WEIGHT)
    mean: Tensor = torch.tensordot(weights, values, dims=1) / total
    return mean
