"""The heads of the joint module, which predict classes or numbers from codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from sk_jae.nn.builder import linear
from sk_jae.nn.layers import TaskSequential
from sk_jae.nn.outputs import Codes

__all__ = ["build_heads", "run_heads"]


def build_heads(
    width: int,
    names: Sequence[str],
    sizes: tuple[int, int],
    *,
    shared: bool,
    private: Sequence[int],
    draw: Callable[..., torch.Generator | None],
) -> tuple[TaskSequential | None, nn.ModuleDict]:
    """Build the shared head and the private ones.

    Parameters
    ----------
    width : int
        Number of classes or of targets. With 0 there are no heads.
    names : sequence of str
        The names of the tasks.
    sizes : tuple of int
        Number of shared and of private codes.
    shared : bool
        Whether there is a head on the shared codes.
    private : sequence of int
        The tasks that have a head on both codes.
    draw : callable
        Takes words and returns a generator that depends on them and on the seed.

    Returns
    -------
    shared_head : TaskSequential or None
    private_heads : torch.nn.ModuleDict
        By the position of the task.
    """
    shared_head, private_heads = None, nn.ModuleDict()
    n_shared, n_private = sizes
    if width and n_shared and shared:
        layer = linear((n_shared,), width, draw("shared head"))
        shared_head = TaskSequential([layer])
    for t in private if width else ():
        layer = linear((n_shared + n_private,), width, draw(names[t], "head"))
        private_heads[str(t)] = TaskSequential([layer])
    return shared_head, private_heads


def run_heads(
    shared_head: TaskSequential | None,
    private_heads: nn.ModuleDict,
    task: int,
    z: Codes,
) -> Tensor | None:
    """Return the sum of what the heads of a task give (n, width), None without any."""
    found: Tensor | None = None
    if shared_head is not None:
        (found,) = shared_head([z.shared], [task])
    if str(task) in private_heads:
        both = torch.cat(list(z), dim=1)  # (n, n_shared + n_private)
        (private,) = private_heads[str(task)]([both], [0])
        found = private if found is None else found + private
    return found
