"""A task that joins a joint module, whose other tasks and tied layers stay."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn

from sk_jae.architecture import Architecture
from sk_jae.nn.builder import Stage
from sk_jae.nn.heads import build_heads
from sk_jae.nn.joint import JointModule
from sk_jae.nn.layers import TaskSequential
from sk_jae.nn.seeding import generator_of
from sk_jae.nn.task_branches import build_autoencoders, build_shared_encoder, flat
from sk_jae.nn.task_copies import TaskCopies, has_batch_statistics
from sk_jae.nn.task_norm import TaskBatchNorm
from sk_jae.nn.tying import fingerprint, weight_shape
from sk_jae.nn.views import common_scale_of, view_of

__all__ = ["add_task", "evaluate_fixed", "held_still", "trained_scale"]


def add_task(
    module: JointModule,
    a: Architecture,
    *,
    has_head: bool = False,
    class_mask: Tensor | None = None,
    seed: int = 0,
) -> None:
    """Add the branches of a task to a module.

    Parameters
    ----------
    module : JointModule
        It is changed; its tied layers and other tasks keep their weights.
    a : Architecture
        The layers of the new branches.
    has_head : bool, default=False
        Whether the task has a head of its own, which adds nothing to the shared one
        before it is trained.
    class_mask : Tensor of bool of shape (n_tasks, n_classes) or None, default=None
        The classes that each task can have, the new one included.
    seed : int, default=0
        Decides the initial weights.

    Raises
    ------
    ValueError
        If the shared encoder of the task cannot have the tied layers.
    """
    device = next(module.parameters()).device
    stages: list[Stage] = []
    if module.n_shared:
        stages = build_shared_encoder(a, module.n_shared, seed)
        _check_tied(module, a, stages)
    own = build_autoencoders(a, module.n_shared, module.n_private, seed)
    for modules, part in (
        (module.private_encoders, own.private_encoder),
        (module.private_decoders, own.private_decoder),
        (module.shared_decoders, own.shared_decoder),
        (module.outputs, own.output),
    ):
        if part is not None:
            modules.append(part.to(device))
    module.names = [*module.names, a.name]
    module.n_tasks += 1
    if module.n_shared:
        _add_shared_encoder(module, a, stages, device)
    module.n_fused = [*module.n_fused, module.count_fused(module.n_tasks - 1)]
    if has_head:
        _add_head(module, seed, device)
    module.class_mask = None
    if class_mask is not None and not bool(class_mask.all()):
        module.class_mask = class_mask.to(device)


@contextmanager
def held_still(module: JointModule, tasks: Collection[int]) -> Iterator[None]:
    """Keep the statistics of some tasks, and of all that is tied, in training."""
    norms = [part for part in module.tied if isinstance(part, TaskBatchNorm)]
    parts: list[JointModule | TaskBatchNorm] = [module, *norms]
    for part in parts:
        part.fixed_tasks = frozenset(tasks)
    try:
        yield
    finally:
        for part in parts:
            part.fixed_tasks = frozenset()


def evaluate_fixed(module: JointModule) -> None:
    """Put what stays as it is into evaluation mode, in a module that is trained."""
    of_tasks = [
        parts[t]
        for parts in module.children()
        if isinstance(parts, nn.ModuleList) and parts is not module.tied
        for t in module.fixed_tasks
        if t < len(parts)
    ]
    for part in [*module.tied, *of_tasks]:
        if isinstance(part, TaskCopies):
            for t in module.fixed_tasks:
                part.copies[t].eval()
        # The package's batch normalization knows which of its statistics stay.
        elif not isinstance(part, TaskBatchNorm):
            part.eval()


@contextmanager
def trained_scale(module: JointModule, task: int) -> Iterator[None]:
    """Make parameters of the scale with which the shared branch sees a table."""
    names = ("offset", "factor")
    scale = common_scale_of(module.views[task]) if task < len(module.views) else None
    if scale is not None:
        for name in names:
            values = scale.get_buffer(name)
            delattr(scale, name)
            scale.register_parameter(name, nn.Parameter(values))
    try:
        yield
    finally:
        if scale is not None:
            for name in names:
                learned = scale.get_parameter(name).detach()
                delattr(scale, name)
                scale.register_buffer(name, learned)


def _check_tied(module: JointModule, a: Architecture, stages: list[Stage]) -> None:
    first, end = module.tied_range
    n = len(stages)
    own = [m for stage in stages[max(n + first, 0) : n + end] for m in stage]
    tied = [m.copies[0] if isinstance(m, TaskCopies) else m for m in module.tied]
    if n + first >= 0 and fingerprint(own) == fingerprint(tied):
        return
    found, expected = _shapes(own), _shapes(tied)
    raise ValueError(
        f"The layers that the tasks have in common have weights of the shapes "
        f"{expected}, but those of task {a.name!r}, whose shared branch sees samples "
        f"of shape {a.view}, would be {found}; give it samples like those of the other "
        "tasks, or an encoder of its own that leads to these layers, or fit all tasks "
        "anew."
    )


def _shapes(modules: Iterable[nn.Module]) -> str:
    shapes = [weight_shape([m]) for m in modules]
    return ", ".join(str(shape) for shape in shapes if shape) or "none"


def _add_shared_encoder(
    module: JointModule, a: Architecture, stages: list[Stage], device: torch.device
) -> None:
    first, end = module.tied_range
    n = len(stages)
    module.views.append(view_of(a).to(device))
    module.pre_tied.append(flat(stages[: n + first]).to(device))
    module.post_tied.append(flat(stages[n + end :]).to(device))
    for k, part in enumerate(module.tied):
        if has_batch_statistics(part) and not isinstance(part, TaskCopies):
            part = module.tied[k] = TaskCopies(part, 1)
        if isinstance(part, TaskBatchNorm | TaskCopies):
            part.add_task()
    first_task, new = (cast(TaskSequential, module.pre_tied[t]) for t in (0, -1))
    if fingerprint(first_task) != fingerprint(new):
        module.earliest_depth = n + first + 1 if module.earliest_depth > 0 else first


def _add_head(module: JointModule, seed: int, device: torch.device) -> None:
    t = module.n_tasks - 1
    _, heads = build_heads(
        module.n_classes or module.n_outputs,
        module.names,
        (module.n_shared, module.n_private),
        shared=False,
        private=[t],
        draw=lambda *words: generator_of(seed, *words),
    )
    head = heads[str(t)]
    assert isinstance(head, TaskSequential)
    if module.shared_head is not None:
        # It learns how the task differs from the others.
        for weight in head.parameters():
            nn.init.zeros_(weight)
    module.private_heads[str(t)] = head.to(device)
