"""What the joint module gives for the samples of one task."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["Codes", "TaskOutput"]


class Codes(NamedTuple):
    """The codes of one task's samples: (n, n_shared) and (n, n_private).

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import Codes
    >>> z = Codes(shared=torch.zeros(4, 2), private=torch.ones(4, 3))
    >>> torch.cat(list(z), dim=1).shape  # as in the columns of `transform`
    torch.Size([4, 5])
    """

    shared: Tensor
    private: Tensor


class TaskOutput(NamedTuple):
    """Reconstruction (n, *shape), codes, and logits (n, n_classes) or None.

    A module trained with ``reconstruction_loss="bce"`` gives the logits of the
    reconstruction.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.architecture import describe
    >>> from sk_jae.nn import JointModule
    >>> tasks = [describe("a", (5,), (5,), (16,), "mirror")]
    >>> (output,) = JointModule(tasks, n_shared=2, n_private=3)([torch.zeros(4, 5)])
    >>> output.reconstruction.shape, output.codes.shared.shape, output.logits
    (torch.Size([4, 5]), torch.Size([4, 2]), None)
    """

    reconstruction: Tensor
    codes: Codes
    logits: Tensor | None
