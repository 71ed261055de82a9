"""The result of a fit as one plain object."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_jae.architecture import Shape
from sk_jae.estimators._parameters import CodesChoice
from sk_jae.nn import JointModule, ModuleDescription, common_scale_of
from sk_jae.tasks import Layout, TargetScale
from sk_jae.training import OptimizerState

__all__ = ["FittedFacts", "FittedState"]

T = TypeVar("T")


@dataclass(kw_only=True)
class FittedFacts:
    """What a fit has found out, as plain values.

    Copies, pickles and files hold every field, by its type; a field with a default may
    be missing in those of an earlier version.

    Attributes
    ----------
    task_names : tuple of str
    named : bool
        Whether the names come from the user. Otherwise they are "task0", ...
    layouts : tuple of Layout
    views : tuple of tuple of int
        Shape of one sample of each task as the shared branch sees it.
    description : ModuleDescription
        What the module is built from.
    gives_logits : bool
        Whether the module gives the logits of reconstructions ("bce") of all tasks.
    losses : tuple of str
        The reconstruction loss of each task, "" for a function of the user. Files of
        earlier versions have none.
    classes : ndarray of shape (n_classes,) or None
        Of a classifier.
    class_mask : ndarray of bool of shape (n_tasks, n_classes) or None
        The classes that each task can have.
    target_scale : TargetScale or None
        The units of the targets, of a regressor.
    codes : {"both", "shared", "private"}
        The codes that `transform` returns.
    history : list of dict
        One row per epoch.
    transfer : dict of {str: dict}
        What training has found out about each unlabeled task, see `transfer_` of the
        estimators.
    label_counts : ndarray of shape (n_tasks, n_classes) or (n_tasks, 1), or None
        Labeled samples of each class in each task, or samples with targets. None
        without labels, and of files of earlier versions.
    """

    task_names: tuple[str, ...]
    named: bool
    layouts: tuple[Layout, ...]
    views: tuple[Shape, ...]
    description: ModuleDescription
    gives_logits: bool = False
    losses: tuple[str, ...] = ()
    classes: NDArray[Any] | None = None
    class_mask: NDArray[np.bool_] | None = None
    target_scale: TargetScale | None = None
    codes: CodesChoice = "both"
    history: list[dict[str, Any]] = field(default_factory=list)
    transfer: dict[str, dict[str, Any]] = field(default_factory=dict)
    label_counts: NDArray[np.float64] | None = None

    @property
    def feature_shapes(self) -> list[tuple[int, ...]] | dict[str, tuple[int, ...]]:
        shapes = [layout.shape for layout in self.layouts]
        if self.named:
            return dict(zip(self.task_names, shapes, strict=True))
        return shapes

    @property
    def task_classes(self) -> list[NDArray[Any]]:
        """The classes among which each task's samples are predicted."""
        assert self.classes is not None
        assert self.class_mask is not None
        return [self.classes[own] for own in self.class_mask]

    @property
    def n_outputs(self) -> int | None:
        """The number of targets of a regressor."""
        return None if self.target_scale is None else len(self.target_scale.mean)

    @property
    def is_predictor(self) -> bool:
        return self.classes is not None or self.target_scale is not None

    def loss(self, t: int) -> str:
        """The reconstruction loss of a task, "" for a function of the user."""
        if self.losses:
            return self.losses[t]
        return "bce" if self.gives_logits else "mse"

    def layout_of_outputs(self, t: int) -> Layout:
        """The layout of the reconstructions of a task."""
        layout = self.layouts[t]
        if self.loss(t) == "poisson":  # rates have the units of the user
            return replace(layout, scaling=None, scale=1.0)
        return layout

    def to_user(self, t: int, values: NDArray[np.float32]) -> NDArray[Any]:
        """Bring reconstructions of a task to the shape and the units of the user."""
        return self.layout_of_outputs(t).from_module(values)

    def has_labels(self, t: int) -> bool:
        """Whether a task had labels or targets in `fit`."""
        if self.label_counts is None:
            return self.is_predictor
        return bool(self.label_counts[t].any())

    def check(self) -> None:
        """Refuse facts that contradict each other, which only a file can hold.

        Raises
        ------
        ValueError
        """
        tasks = self.description.tasks
        shapes = tuple(layout.module_shape for layout in self.layouts)
        n_classes = 0 if self.classes is None else len(self.classes)
        mask = None if self.class_mask is None else self.class_mask.shape
        right = (
            self.task_names == tuple(task.name for task in tasks)
            and len(self.task_names) > 0
            and shapes == tuple(task.shape for task in tasks)
            and self.views == tuple(task.view for task in tasks)
            and self.description.n_classes == n_classes
            and mask == ((len(tasks), n_classes) if n_classes else None)
            and self.description.n_outputs == (self.n_outputs or 0)
            and set(self.description.private_heads) <= set(range(len(tasks)))
            and len(self.losses) in (0, len(tasks))
            and (self.label_counts is None or len(self.label_counts) == len(tasks))
        )
        if not right:
            raise ValueError("the tasks, the classes and the layers contradict")


@dataclass(kw_only=True)
class FittedState(FittedFacts):
    """Everything that predictions, a warm start and a file need.

    It does not contain the skorch net, which is needed only during training.

    Attributes
    ----------
    module : JointModule
    device : torch.device
        Where the module is.
    optimizer : OptimizerState or None
        For a warm start.
    is_training : bool
        Whether a fit is changing the module at this moment.
    """

    module: JointModule
    device: torch.device
    optimizer: OptimizerState | None = None
    is_training: bool = False

    @property
    def ties_first_layers(self) -> bool:
        """Whether the shared branches of all tasks have all layers in common."""
        first = [list(layers.children()) for layers in self.module.pre_tied]
        return self.module.n_shared > 0 and not any(first)

    def scale_of(self, t: int) -> str | None:
        """On which scale the shared branch sees a table; None for no table.

        "common" is that of labeled tables, and "shares" its own one, moved to where the
        shares of its classes put it.
        """
        views = self.module.views
        scale = common_scale_of(views[t]) if t < len(views) else None
        if scale is None:
            return None
        if scale.is_placed:
            return "shares"
        return "common" if scale.is_common else "own"

    def module_on(self, device: torch.device) -> JointModule:
        """A copy of the module on a device, which can be trained."""
        return _moved(self.module, device)

    def fingerprint(self) -> dict[str, Any]:
        """The properties that must not change between the fits of a warm start."""
        shapes = [layout.module_shape for layout in self.layouts]
        return {
            "the tasks": list(zip(self.task_names, shapes, strict=True)),
            "the classes": None if self.classes is None else self.classes.tolist(),
            "the number of outputs": self.n_outputs,
            "shared_input": list(self.views),
            "the columns that the shared branch sees": [
                buffer.tolist()
                for buffer in self.module.views.buffers()
                # Those of scales stay those of the first fit, or are found anew.
                if buffer.dtype is torch.int64
            ],
            **{
                f"the shape of {name}": tuple(parameter.shape)
                for name, parameter in self.module.named_parameters()
            },
        }

    def continue_from(self, earlier: FittedState) -> None:
        """Take over the weights of an earlier fit on the same tasks."""
        before, now = earlier.fingerprint(), self.fingerprint()
        for what in {**before, **now}:
            if before.get(what) != now.get(what):
                raise ValueError(
                    f"warm_start=True goes on with the weights of the earlier fit, but "
                    f"{what} was {before.get(what)} there and is {now.get(what)} now; "
                    "set warm_start=False to start anew."
                )
        # A copy, so that the earlier state is there if this fit fails.
        class_mask = self.module.class_mask
        trained = {n: w.requires_grad for n, w in self.module.named_parameters()}
        frozen, kind = self.module.frozen, type(self.module.tied)
        self.module = earlier.module_on(self.device)
        self.description = earlier.description  # with the scales of the module
        self.module.class_mask, self.module.frozen = class_mask, frozen
        self.module.tied = kind(self.module.tied)
        for name, is_trained in trained.items():
            self.module.get_parameter(name).requires_grad_(is_trained)
        self.history = [dict(row) for row in earlier.history]
        self.optimizer = _moved(earlier.optimizer, self.device)


def _moved(value: T, device: torch.device) -> T:
    """A copy with all tensors on the device, which can be trained."""
    with torch.inference_mode(False):
        return deepcopy(value, _moved_tensors(value, device))


def _moved_tensors(value: Any, device: torch.device) -> dict[int, Any]:
    """Copies of all tensors, by the identity of the originals."""
    memo: dict[int, Any] = {}
    if isinstance(value, nn.Module):
        for parameter in value.parameters():
            moved = parameter.detach().to(device, copy=True)
            memo[id(parameter)] = nn.Parameter(moved, parameter.requires_grad)
        for buffer in value.buffers():
            memo[id(buffer)] = buffer.to(device, copy=True)
    elif isinstance(value, OptimizerState):
        for moments in value.state.values():
            for moment in moments.values():
                # L-BFGS has lists of tensors.
                for tensor in moment if isinstance(moment, list) else [moment]:
                    if isinstance(tensor, Tensor):
                        memo[id(tensor)] = tensor.to(device, copy=True)
    return memo
