"""Batch normalization with statistics of each task, which can be mixed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import torch
import torch.nn.functional as F
from torch import Tensor, nn

__all__ = ["TaskBatchNorm"]


class TaskBatchNorm(nn.Module):
    """Batch normalization with separate statistics for each task.

    Tasks differ in their mean and variance, so that statistics over the samples of
    several tasks fit none of these tasks. Scale and offset are common to all tasks.

    Parameters
    ----------
    n_features : int
        Number of features or channels.
    n_tasks : int, default=1
        Number of tasks whose statistics are kept.

    Attributes
    ----------
    fixed_tasks : frozenset of int
        Tasks whose statistics are used in training too, and not changed.
    mixtures : dict of {int: (tuple of int, float)}
        Tasks whose statistics are mixed with those of others, see :meth:`mix`.

    Notes
    -----
    Shape: the input is (n, n_features) or (n, n_features, height, width), and the
    output has the same shape. The input has the samples of `tasks` one task after the
    other, and `sizes` are their numbers of samples.

    References
    ----------
    Ioffe and Szegedy, "Batch normalization", ICML 2015.

    W.-G. Chang et al., "Domain-specific batch normalization for unsupervised domain
    adaptation", CVPR 2019. There, scale and offset are separate for each task too.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.nn import TaskBatchNorm
    >>> norm = TaskBatchNorm(3, n_tasks=2)
    >>> norm(torch.ones(5, 3), [0, 1], [4, 1]).shape
    torch.Size([5, 3])
    """

    momentum = 0.1
    eps = 1e-5
    running_mean: Tensor
    running_var: Tensor
    fixed_tasks: frozenset[int] = frozenset()
    mixtures: Mapping[int, tuple[tuple[int, ...], float]] = MappingProxyType({})

    def __init__(self, n_features: int, n_tasks: int = 1) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(n_features, dtype=torch.float32))
        self.bias = nn.Parameter(torch.zeros(n_features, dtype=torch.float32))
        shape = (n_tasks, n_features)
        self.register_buffer("running_mean", torch.zeros(shape, dtype=torch.float32))
        self.register_buffer("running_var", torch.ones(shape, dtype=torch.float32))

    def forward(
        self, x: Tensor, tasks: Sequence[int] = (0,), sizes: Sequence[int] = ()
    ) -> Tensor:
        if len(tasks) == 1:
            return self._normalize(x, tasks[0])
        parts = x.split(list(sizes))  # one (n_t, n_features, ...) per task
        return torch.cat(
            [self._normalize(p, t) for p, t in zip(parts, tasks, strict=True)]
        )

    def add_task(self) -> None:
        """Add the statistics of another task."""
        for name, value in (("running_mean", 0.0), ("running_var", 1.0)):
            earlier = self.get_buffer(name)
            new = torch.full_like(earlier[:1], value)
            setattr(self, name, torch.cat([earlier, new]))

    def mix(self, task: int, others: Sequence[int], part: float) -> None:
        """Normalize a task by statistics of which a part are those of other tasks.

        Parameters
        ----------
        task : int
        others : sequence of int
            The other tasks, at least one, which count alike.
        part : float
            The part of the other tasks, from 0 to 1.
        """
        self.mixtures = {**self.mixtures, task: (tuple(others), part)}

    def separate(self, task: int) -> None:
        """Normalize a task by its own statistics again."""
        self.mixtures = {t: how for t, how in self.mixtures.items() if t != task}

    def keep_mixtures(self) -> None:
        """Make mixed statistics those of their tasks, and mix them no longer."""
        found = {task: self._mixed(task) for task in self.mixtures}
        self.mixtures = {}
        for task, (mean, variance) in found.items():
            self.running_mean[task] = mean
            self.running_var[task] = variance

    def _mixed(self, task: int) -> tuple[Tensor, Tensor]:
        """The mean and the variance of the samples of several tasks."""
        others, part = self.mixtures[task]
        rows = [task, *others]
        weights = self.running_mean.new_tensor(
            [1 - part, *[part / len(others)] * len(others)]
        )
        means, variances = self.running_mean[rows], self.running_var[rows]
        mean = weights @ means
        return mean, weights @ (variances + (means - mean) ** 2)

    def _scale_and_offset(self, task: int) -> tuple[Tensor, Tensor]:
        """What brings values that are normalized by a task to the mixture of it."""
        if task not in self.mixtures:
            return self.weight, self.bias
        mean, variance = self._mixed(task)
        inverse = torch.rsqrt(variance + self.eps)
        scale = torch.sqrt(self.running_var[task] + self.eps) * inverse
        shift = (self.running_mean[task] - mean) * inverse
        return self.weight * scale, self.bias + self.weight * shift

    def _normalize(self, x: Tensor, task: int) -> Tensor:
        # A single value per feature has no variance, so use the running statistics.
        training = self.training and x.numel() > x.shape[1]
        training = training and task not in self.fixed_tasks
        return F.batch_norm(
            x,
            self.running_mean[task],
            self.running_var[task],
            *self._scale_and_offset(task),
            training,
            self.momentum,
            self.eps,
        )
