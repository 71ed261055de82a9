"""A module as a description from which it is built again, and its weights apart."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from sk_jae.architecture import (
    Architecture,
    AxisPoints,
    ColumnScale,
    CommonSteps,
    Layer,
)
from sk_jae.nn.joint import JointModule

__all__ = [
    "ModuleDescription",
    "OwnLayer",
    "TaskDescription",
    "described_module",
    "skeleton",
    "with_weights",
]

# The ends of the names of buffers that have come later.
_LATER = (".is_placed",)


@dataclass(frozen=True)
class OwnLayer:
    """Stands for a module of the user, which no description can build.

    Attributes
    ----------
    text : str
        The name of its class.
    """

    text: str


KnownLayer: TypeAlias = Layer | OwnLayer


@dataclass(frozen=True)
class TaskDescription:
    """The :class:`sk_jae.architecture.Architecture` of one task, without modules.

    The fields are those of that class.
    """

    name: str
    shape: tuple[int, ...]
    view: tuple[int, ...]
    private: tuple[KnownLayer, ...]
    shared: tuple[KnownLayer, ...]
    decoder: tuple[KnownLayer, ...]
    features: tuple[str, ...] | None = None
    indices: tuple[int, ...] | None = None
    scale: ColumnScale | None = None
    steps: CommonSteps | None = None
    points: AxisPoints | None = None

    @property
    def has_own(self) -> bool:
        layers = (*self.private, *self.shared, *self.decoder)
        return any(isinstance(layer, OwnLayer) for layer in layers)


@dataclass(frozen=True)
class ModuleDescription:
    """What a :class:`JointModule` is built from.

    Attributes
    ----------
    tasks : tuple of TaskDescription
    n_shared, n_private, n_classes, n_outputs : int
    tied_range : tuple of int
        See :class:`JointModule`. That it is kept as it was found makes a description
        independent of the rule behind ``shared_depth="auto"``.
    shared_head : bool
    private_heads : tuple of int
    frozen : bool
    """

    tasks: tuple[TaskDescription, ...]
    n_shared: int
    n_private: int
    tied_range: tuple[int, int]
    n_classes: int = 0
    n_outputs: int = 0
    shared_head: bool = True
    private_heads: tuple[int, ...] = ()
    frozen: bool = False

    @classmethod
    def of(
        cls, module: JointModule, architectures: list[Architecture]
    ) -> ModuleDescription:
        """Describe a module that was built from these architectures."""
        return cls(
            tuple(map(_describe, architectures)),
            module.n_shared,
            module.n_private,
            module.tied_range,
            module.n_classes,
            module.n_outputs,
            module.shared_head is not None,
            tuple(map(int, module.private_heads)),
            module.frozen,
        )

    def with_task(self, a: Architecture, *, has_head: bool) -> ModuleDescription:
        """Describe the module after :func:`sk_jae.nn.growth.add_task`."""
        heads = self.private_heads
        if has_head:
            heads = (*heads, len(self.tasks))
        return replace(self, tasks=(*self.tasks, _describe(a)), private_heads=heads)

    @property
    def has_own(self) -> bool:
        """Whether modules of the user are part of it."""
        return any(task.has_own for task in self.tasks)

    def build(
        self,
        class_mask: Tensor | None,
        own: Callable[[TaskDescription], Architecture] | None = None,
    ) -> JointModule:
        """Build the module, with weights that are not set.

        Parameters
        ----------
        class_mask : Tensor of bool of shape (n_tasks, n_classes) or None
        own : callable or None, default=None
            Gives the architecture with the user's modules in place of each
            :class:`OwnLayer`.
        """
        first, end = self.tied_range
        architectures = [
            own(task) if own and task.has_own else Architecture(**vars(task))
            for task in self.tasks
        ]
        return JointModule(
            architectures,
            n_shared=self.n_shared,
            n_private=self.n_private,
            shared_depth=first,
            n_shared_layers=end - first,
            n_classes=self.n_classes,
            n_outputs=self.n_outputs,
            shared_head=self.shared_head,
            private_heads=self.private_heads,
            class_mask=class_mask,
            frozen=self.frozen,
            seed=None,
        )


def described_module(
    architectures: list[Architecture], **options: Any
) -> tuple[JointModule, ModuleDescription]:
    """Build a :class:`JointModule`, whose options these are, and describe it."""
    module = JointModule(architectures, **options)
    return module, ModuleDescription.of(module, architectures)


def with_weights(module: JointModule, tensors: Mapping[str, Tensor]) -> JointModule:
    """Give a module its weights, which become its own.

    Parameters
    ----------
    module : JointModule
        Built with ``seed=None``.
    tensors : dict of {str: Tensor}
        By their names in the module's `state_dict`.

    Raises
    ------
    ValueError
        If these are not the names, shapes and dtypes of the module.
    """
    own = module.state_dict()
    # Files of earlier versions lack what a module then keeps as it was built.
    later = {k: v for k, v in own.items() if k.endswith(_LATER) and k not in tensors}
    tensors = {**tensors, **later}
    expected = {k: _form(v) for k, v in own.items()}
    found = {k: _form(v) for k, v in tensors.items()}
    for name in [*expected, *found]:
        if expected.get(name) != found.get(name):
            raise ValueError(
                f"the weight {name!r} is {found.get(name, 'missing')}, expected "
                f"{expected.get(name, 'none of this name')}"
            )
    module.load_state_dict(tensors, assign=True)
    if any(isinstance(part, nn.Conv2d) for part in module.modules()):
        # As in training, so that predictions are the same to the last bit.
        module.to(memory_format=torch.channels_last)
    return module.eval()


def skeleton(module: JointModule) -> JointModule:
    """Copy a module without its weights, which :func:`with_weights` gives it again."""
    memo: dict[int, Any] = {}
    kept = {id(tensor) for tensor in module.state_dict(keep_vars=True).values()}
    for part in [*module.parameters(), *module.buffers()]:
        if id(part) in kept:
            empty = torch.empty_like(part, device="meta")
            is_weight = isinstance(part, nn.Parameter)
            memo[id(part)] = (
                nn.Parameter(empty, part.requires_grad) if is_weight else empty
            )
    return deepcopy(module, memo)


def _describe(a: Architecture) -> TaskDescription:
    parts: dict[str, Any] = {
        name: tuple(
            layer if isinstance(layer, KnownLayer) else OwnLayer(type(layer).__name__)
            for layer in getattr(a, name)
        )
        for name in ("private", "shared", "decoder")
    }
    return TaskDescription(**vars(replace(a, **parts)))


def _form(tensor: Tensor) -> tuple[tuple[int, ...], str]:
    return tuple(tensor.shape), str(tensor.dtype)
