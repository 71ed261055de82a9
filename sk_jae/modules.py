"""The joint autoencoder as a plain torch module.

Task t has a private branch and a shared branch, each an autoencoder (PAPER: Epstein,
Meir, Michaeli 2018, Figure 1 and Eq. 1)::

    x_t ---> private encoder_t ------------------------> z_p -> private decoder_t --.
     |                                                                             (+)-> output_t
     '-> view -> before_t -> TIED layers -> after_t ---> z_s -> shared decoder_t ---'

(+) concatenates the last hidden layers of the two decoders. The tied layers are the
same modules for every task; by default they end with the bottleneck, which gives z_s.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from itertools import chain
from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from sk_jae.architecture import Architecture
from sk_jae.blocks import Layers, View, build_stages, linear, output_layer

__all__ = ["Codes", "JointModule", "TaskOutput"]


class Codes(NamedTuple):
    """The codes of one task's samples: (n, n_shared) and (n, n_private)."""

    shared: Tensor
    private: Tensor


class TaskOutput(NamedTuple):
    """Reconstruction (n, *shape), codes, and logits (n, n_classes) or None."""

    reconstruction: Tensor
    codes: Codes
    logits: Tensor | None


class JointModule(nn.Module):
    """Joint autoencoder with optional classification heads.

    Parameters
    ----------
    architectures : sequence of Architecture
        The layers of each task's branches.
    n_shared, n_private : int
        Code sizes; 0 leaves the branch out.
    shared_depth : int or "auto", default=-1
        The layer at which tying starts, counted over layers with weights: 1 is the
        first, -1 the bottleneck, "auto" the earliest that the shapes allow.
    n_shared_layers : int or None, default=None
        Number of tied layers; None ties all down to and including the bottleneck.
    n_classes : int, default=0
        Number of classes over all tasks; 0 for no heads.
    shared_head : bool, default=True
        Whether one head on the shared code is tied across tasks.
    private_heads : sequence of int, default=()
        Tasks with a head of their own on both codes; logits are added.
    allowed : Tensor of bool of shape (n_tasks, n_classes) or None, default=None
        Classes among which each task is classified; the logits of others are -inf.
    seed : int, default=0
        Decides the initial weights. Those of a task's branches depend on the seed and
        the task's name alone, so that other tasks make no difference to them.

    Attributes
    ----------
    earliest_depth : int
        The earliest `shared_depth` that the shapes allow.

    Raises
    ------
    ValueError
        If the layers from `shared_depth` on cannot be tied.

    Notes
    -----
    Shape: inputs (n_t, *shape_t) per task, or None to skip the task.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
    meta-learning framework", ECML-PKDD 2018.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.architecture import describe
    >>> from sk_jae.modules import JointModule
    >>> tasks = [describe(n, s, s, (16,), "mirror") for n, s in [("a", (5,)), ("b", (7,))]]
    >>> module = JointModule(tasks, n_shared=2, n_private=3)
    >>> outputs = module([torch.zeros(4, 5), torch.zeros(6, 7)])
    >>> [output.reconstruction.shape for output in outputs]
    [torch.Size([4, 5]), torch.Size([6, 7])]
    """

    allowed: Tensor | None

    def __init__(
        self,
        architectures: Sequence[Architecture],
        *,
        n_shared: int,
        n_private: int,
        shared_depth: int | str = -1,
        n_shared_layers: int | None = None,
        n_classes: int = 0,
        shared_head: bool = True,
        private_heads: Sequence[int] = (),
        allowed: Tensor | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        self.names = [a.name for a in architectures]
        self.n_shared, self.n_private = n_shared, n_private
        self.n_tasks = len(architectures)
        self.earliest_depth = 1

        self.private_encoders = nn.ModuleList()
        self.private_decoders = nn.ModuleList()
        self.shared_decoders = nn.ModuleList()
        self.outputs = nn.ModuleList()
        for a in architectures:
            draw = _generator(seed, a.name, "private")
            if n_private:
                stages, shape = build_stages(a.private, a.shape, draw)
                code = linear(shape, n_private, draw)
                self.private_encoders.append(Layers(chain(*stages, code)))
                hidden, _ = build_stages(a.decoder[:-1], (n_private,), draw)
                self.private_decoders.append(Layers(chain(*hidden)))
            draw = _generator(seed, a.name, "shared")
            if n_shared:
                hidden, _ = build_stages(a.decoder[:-1], (n_shared,), draw)
                self.shared_decoders.append(Layers(chain(*hidden)))
            draw = _generator(seed, a.name, "output")
            _, shape = build_stages(a.decoder[:-1], (1,), draw)
            if not a.decoder[:-1]:
                shape = (0,)  # the output layer stands right on the codes
            n_branches = bool(n_shared) + bool(n_private)
            merged = (shape[0] * n_branches or n_shared + n_private, *shape[1:])
            self.outputs.append(
                Layers(output_layer(a.decoder[-1], merged, a.shape, draw))
            )

        self.views = nn.ModuleList()
        self.before, self.tied, self.after = nn.ModuleList(), Layers(), nn.ModuleList()
        if n_shared:
            self._tie(architectures, shared_depth, n_shared_layers, seed)

        self.shared_head = None
        self.private_heads = nn.ModuleDict()
        if n_classes and n_shared and shared_head:
            draw = _generator(seed, "shared head")
            self.shared_head = Layers(linear((n_shared,), n_classes, draw))
        for t in private_heads if n_classes else ():
            draw = _generator(seed, self.names[t], "head")
            head = linear((n_shared + n_private,), n_classes, draw)
            self.private_heads[str(t)] = Layers(head)
        if allowed is not None and bool(allowed.all()):
            allowed = None
        self.register_buffer("allowed", allowed)

    def _tie(
        self,
        architectures: Sequence[Architecture],
        shared_depth: int | str,
        n_shared_layers: int | None,
        seed: int,
    ) -> None:
        """Build the shared encoders and make their tied layers one."""
        encoders: list[list[list[nn.Module]]] = []
        for a in architectures:
            draw = _generator(seed, a.name, "shared encoder")
            stages, shape = build_stages(a.shared, a.view, draw, self.n_tasks)
            encoders.append([*stages, linear(shape, self.n_shared, draw)])
            self.views.append(View(a.view) if a.view != a.shape else nn.Identity())
        first, end = _tied_range(encoders, self.names, shared_depth, n_shared_layers)
        self.earliest_depth = _earliest(encoders) + len(encoders[0]) + 1
        self.n_tied = end - first
        # Weights that belong to all tasks must not depend on any task's name.
        a = architectures[0]
        draw = _generator(seed, "tied")
        stages, shape = build_stages(a.shared, a.view, draw, self.n_tasks)
        tied = [*stages, linear(shape, self.n_shared, draw)]
        n = len(tied)
        self.tied = Layers(chain(*tied[n + first : n + end]))
        for stages in encoders:
            n = len(stages)
            self.before.append(Layers(chain(*stages[: n + first])))
            self.after.append(Layers(chain(*stages[n + end :])))

    def encode(self, inputs: Sequence[Tensor | None]) -> list[Codes | None]:
        """Codes of every task.

        Parameters
        ----------
        inputs : list of (Tensor of shape (n_t, *shape_t) or None)
            The samples of each task.

        Returns
        -------
        codes : list of (Codes or None)
        """
        tasks = [t for t, x in enumerate(inputs) if x is not None]
        shared = self.encode_shared(inputs)
        codes: list[Codes | None] = [None] * self.n_tasks
        for t in tasks:
            x = inputs[t]
            assert x is not None
            z_s, z_p = shared[t], x.new_zeros(len(x), 0)
            if self.n_private:
                (z_p,) = self.private_encoders[t]([x], [0])  # (n_t, n_private)
            codes[t] = Codes(x.new_zeros(len(x), 0) if z_s is None else z_s, z_p)
        return codes

    def encode_shared(self, inputs: Sequence[Tensor | None]) -> list[Tensor | None]:
        """Shared codes (n_t, n_shared) of every task, the tied layers run once."""
        shared: list[Tensor | None] = [None] * self.n_tasks
        tasks = [t for t, x in enumerate(inputs) if x is not None]
        if not self.n_shared:
            return shared
        parts = []
        for t in tasks:
            view = self.views[t](inputs[t])  # (n_t, *view_t)
            parts += self.before[t]([view], [t])
        parts = self.tied(parts, tasks)
        for t, part in zip(tasks, parts, strict=True):
            (shared[t],) = self.after[t]([part], [t])  # (n_t, n_shared)
        return shared

    def decode(self, task: int, codes: Codes, using: str = "both") -> Tensor:
        """Reconstruction from codes.

        Parameters
        ----------
        task : int
            The task whose decoders and output layer are used.
        codes : Codes of shapes (n, n_shared) and (n, n_private)
        using : {"both", "shared", "private"}, default="both"
            The branch that is heard; the other's last hidden layer is set to zero.

        Returns
        -------
        reconstruction : Tensor of shape (n, *shape)
        """
        hidden = []
        if self.n_private:
            (h,) = self.private_decoders[task]([codes.private], [0])
            hidden.append(h if using != "shared" else torch.zeros_like(h))
        if self.n_shared:
            (h,) = self.shared_decoders[task]([codes.shared], [0])
            hidden.append(h if using != "private" else torch.zeros_like(h))
        merged = torch.cat(hidden, dim=1)  # features, or channels of images
        (x,) = self.outputs[task]([merged], [0])
        return x

    def classify(self, task: int, codes: Codes) -> Tensor | None:
        """Logits (n, n_classes); -inf for classes that the task cannot have."""
        logits = None
        if self.shared_head is not None:
            (logits,) = self.shared_head([codes.shared], [task])
        if str(task) in self.private_heads:
            both = torch.cat(list(codes), dim=1)  # (n, n_shared + n_private)
            (private,) = self.private_heads[str(task)]([both], [0])
            logits = private if logits is None else logits + private
        if logits is not None and self.allowed is not None:
            logits = logits.masked_fill(~self.allowed[task], -torch.inf)
        return logits

    def forward(self, inputs: Sequence[Tensor | None]) -> list[TaskOutput | None]:
        """Reconstructions, codes and logits of every task."""
        outputs: list[TaskOutput | None] = []
        for t, codes in enumerate(self.encode(inputs)):
            if codes is None:
                outputs.append(None)
                continue
            outputs.append(
                TaskOutput(self.decode(t, codes), codes, self.classify(t, codes))
            )
        return outputs


def _generator(seed: int, *words: str) -> torch.Generator:
    """A generator for one part of the module, whatever other parts there are."""
    digest = zlib.crc32("/".join([str(seed), *words]).encode())
    return torch.Generator().manual_seed((seed << 32) ^ digest)


def _signature(stage: list[nn.Module]) -> list[tuple[object, ...]]:
    return [
        (type(m), *(tuple(p.shape) for p in m.parameters()))
        for m in stage
        if not isinstance(m, nn.Flatten)
    ]


def _earliest(encoders: list[list[list[nn.Module]]]) -> int:
    """The earliest layer, counted from the end, from which all can be tied."""
    deepest = min(len(stages) for stages in encoders)
    for k in range(-1, -deepest - 1, -1):
        first = _signature(encoders[0][k])
        if any(_signature(stages[k]) != first for stages in encoders[1:]):
            return k + 1
    return -deepest


def _tied_range(
    encoders: list[list[list[nn.Module]]],
    names: list[str],
    shared_depth: int | str,
    n_shared_layers: int | None,
) -> tuple[int, int]:
    """First and last + 1 of the tied layers, both counted from the end."""
    lengths = {len(stages) for stages in encoders}
    n = min(lengths)
    if shared_depth == "auto":
        first = _earliest(encoders)
        if first == 0:
            first = -1
    else:
        assert isinstance(shared_depth, int)
        if shared_depth > 0 and len(lengths) > 1:
            raise ValueError(
                f"shared_depth={shared_depth} counts from the input, but the encoders "
                f"of the tasks have {sorted(lengths)} layers with weights; count from "
                "the bottleneck, which is -1."
            )
        if shared_depth == 0 or not -n <= shared_depth <= n:
            raise ValueError(
                f"shared_depth={shared_depth} is out of range: a branch has {n} layers "
                f"with weights, the bottleneck included, so give 1 to {n} or -1 to "
                f"-{n}."
            )
        first = shared_depth if shared_depth < 0 else shared_depth - 1 - n
    length = -first if n_shared_layers is None else n_shared_layers
    if length > -first:
        raise ValueError(
            f"n_shared_layers={n_shared_layers} reaches beyond the bottleneck: from "
            f"shared_depth={shared_depth} on there are {-first} layers with weights."
        )
    for k in range(first, first + length):
        for stages, name in zip(encoders[1:], names[1:], strict=True):
            if _signature(encoders[0][k]) != _signature(stages[k]):
                raise ValueError(
                    _untieable(encoders, names, name, k, shared_depth, n_shared_layers)
                )
    return first, first + length


def _untieable(
    encoders: list[list[list[nn.Module]]],
    names: list[str],
    name: str,
    k: int,
    shared_depth: int | str,
    n_shared_layers: int | None,
) -> str:
    earliest, n = _earliest(encoders), len(encoders[0])
    t = names.index(name)
    what = (
        f"layer {n + k + 1} of {n} has weights of shape {_shapes(encoders[0][k])} in "
        f"task {names[0]!r} and {_shapes(encoders[t][k])} in task {name!r}"
    )
    advice = (
        "give the tasks encoders that end alike (for images also shared_input='auto'), "
        "or n_shared=0"
        if earliest == 0
        else f"the earliest shared_depth that works is {n + earliest + 1} "
        f"(or {earliest} from the bottleneck)"
    )
    return (
        f"The layers from shared_depth={shared_depth} on cannot be tied, as {what}: "
        f"{advice}."
    )


def _shapes(stage: list[nn.Module]) -> list[tuple[int, ...]]:
    return [tuple(p.shape) for m in stage for p in m.parameters()][:1]


def n_parameters(module: nn.Module) -> int:
    """Number of trainable values, a tied one counted once."""
    return sum(prod(p.shape) for p in module.parameters() if p.requires_grad)
