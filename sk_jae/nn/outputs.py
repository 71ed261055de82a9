"""The outputs of the joint module for the samples of one task."""

from __future__ import annotations

from typing import NamedTuple

from torch import Tensor

__all__ = ["Codes", "TaskOutput"]


class Codes(NamedTuple):
    """The codes of the samples of one task.

    Attributes
    ----------
    shared : Tensor of shape (n, n_shared)
        The codes of the shared branch.
    private : Tensor of shape (n, n_private)
        The codes of the private branch.

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
    """The outputs of the joint module for the samples of one task.

    Attributes
    ----------
    reconstruction : Tensor of shape (n, ...)
        The reconstruction of the samples. If the module was trained with
        ``reconstruction_loss="bce"``, these are its logits.
    codes : Codes
        The codes of the samples.
    logits : Tensor of shape (n, n_classes) or None
        The logits of the classes. None if the task has no classifier.
    targets : Tensor of shape (n, n_outputs) or None, default=None
        The predicted targets of regression. None if the task has no head for them.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.architecture import describe
    >>> from sk_jae.nn import JointModule, TaskOutput
    >>> tasks = [describe("a", (5,), (5,), (16,), "mirror")]
    >>> (output,) = JointModule(tasks, n_shared=2, n_private=3)([torch.zeros(4, 5)])
    >>> isinstance(output, TaskOutput)
    True
    >>> output.reconstruction.shape, output.codes.shared.shape, output.logits
    (torch.Size([4, 5]), torch.Size([4, 2]), None)
    """

    reconstruction: Tensor
    codes: Codes
    logits: Tensor | None
    targets: Tensor | None = None
