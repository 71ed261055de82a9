"""The terms of the loss, each beside its equation.

L = sum_t  w_r[t] * reconstruction_t + w_c[t] * classification_t

(Epstein, Meir, Michaeli 2018, Eq. 1 and 2, with means over samples and features in
place of sums, so that weights do not depend on batch and image sizes.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from torch import Tensor
from torch.nn import functional as F

__all__ = ["Loss", "classification_loss", "reconstruction_loss"]

Loss: TypeAlias = str | Callable[[Tensor, Tensor], Tensor]


def reconstruction_loss(
    reconstruction: Tensor, target: Tensor, loss: Loss = "mse"
) -> Tensor:
    """Reconstruction error, l_r of Eq. 1.

    Parameters
    ----------
    reconstruction, target : Tensor of shape (n, *shape)
        For ``"bce"`` the reconstruction holds logits and the target values in [0, 1].
    loss : {"mse", "bce"} or callable, default="mse"
        Mean squared error, binary cross-entropy, or a function of both tensors whose
        result is averaged.

    Returns
    -------
    loss : Tensor of shape ()
        The mean over features and samples.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.losses import reconstruction_loss
    >>> reconstruction_loss(torch.zeros(2, 3), torch.ones(2, 3))
    tensor(1.)
    """
    reconstruction = reconstruction.float()
    if loss == "mse":
        return F.mse_loss(reconstruction, target)
    if loss == "bce":
        return F.binary_cross_entropy_with_logits(reconstruction, target)
    assert callable(loss)
    return loss(reconstruction, target).mean()


def classification_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of the labeled samples, l_c of Eq. 2.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
    labels : Tensor of int64 of shape (n,)
        -1 for an unlabeled sample.

    Returns
    -------
    loss : Tensor of shape ()
        The mean over the labeled samples, 0 if there are none.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.losses import classification_loss
    >>> logits = torch.tensor([[0.0, 0.0], [9.0, 0.0]])
    >>> classification_loss(logits, torch.tensor([1, -1]))
    tensor(0.6931)
    """
    total = F.cross_entropy(logits.float(), labels, ignore_index=-1, reduction="sum")
    return total / (labels >= 0).sum().clamp(min=1)
