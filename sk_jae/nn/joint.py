"""The joint autoencoder as a plain torch module.

Task t has a private branch and a shared branch, each an autoencoder (Epstein, Meir,
Michaeli 2018, Figure 1 and Eq. 1)::

    x_t -> private encoder_t -----------------------> z_p -> private decoder_t -.
     |                                                                         (+)->
     '-> view -> pre_tied_t -> TIED -> post_tied_t -> z_s -> shared decoder_t --'

(+) concatenates the last hidden layers of the two decoders, which are the input of the
output layer of the task. The tied layers are the same modules for all tasks. By default
the last of them is the bottleneck, whose output is z_s.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import chain
from typing import Any, Literal

import torch
from torch import Tensor, nn

from sk_jae.architecture import Architecture
from sk_jae.nn.builder import build_encoder, build_stages, output_layer
from sk_jae.nn.fusion import count_fusible, run_fused
from sk_jae.nn.heads import build_heads, run_heads
from sk_jae.nn.layers import FrozenSequential, TaskSequential
from sk_jae.nn.outputs import Codes, TaskOutput
from sk_jae.nn.seeding import generator_of
from sk_jae.nn.tying import depth_of, naming, tied_layers, tied_range
from sk_jae.nn.views import view_of

__all__ = ["JointModule"]


class JointModule(nn.Module):
    """Joint autoencoder with optional heads, which predict classes or numbers.

    Parameters
    ----------
    architectures : sequence of Architecture
        The layers of the branches of each task.
    n_shared, n_private : int
        Number of codes of the shared branch and of each private branch. With 0 there is
        no such branch.
    shared_depth : int or "auto", default=-1
        The layer at which sharing starts. Only layers with weights are counted: 1 is
        the first one after the input, -1 is the bottleneck, and "auto" is the earliest
        one from which the shapes allow sharing.
    n_shared_layers : int or None, default=None
        Number of tied layers. None ties all from `shared_depth` to the bottleneck.
    n_classes : int, default=0
        Number of classes of all tasks together. With 0 there are no classifiers.
    n_outputs : int, default=0
        Number of targets of regression, instead of classes.
    shared_head : bool, default=True
        Whether there is one head on the shared codes, the same for all tasks.
    private_heads : sequence of int, default=()
        Positions of the tasks that have a head of their own on both codes, whose
        results are added to those of the shared one.
    class_mask : Tensor of bool of shape (n_tasks, n_classes) or None, default=None
        The classes that each task can have; the logits of the other classes are -inf.
        With None each task can have all classes.
    frozen : bool, default=False
        Whether training leaves the tied layers before the bottleneck as they are, with
        their batch statistics.
    seed : int or None, default=0
        Decides the initial weights. Those of the branches of a task depend only on the
        seed and the name of the task, so that other tasks do not change them. With None
        they are left unset, on torch's device "meta", for `load_state_dict` with
        ``assign=True``.

    Attributes
    ----------
    tied : TaskSequential
        The layers that are the same for all tasks. `pre_tied` and `post_tied` have the
        layers before and after them in the shared encoder of each task.
    tied_range : tuple of int
        The positions of the first tied layer and of the one after the last, counted
        from the bottleneck, which is -1.
    earliest_depth : int
        The earliest `shared_depth` that the shapes allow. It is counted from the input
        if the encoders of all tasks have the same number of layers, else from the
        bottleneck. It is 0 if there is no shared branch.
    n_fused : list of int
        For each task, the number of first layers of its two branches that are computed
        in one pass on a CPU, because they are equal and have few channels.

    Raises
    ------
    ValueError
        If both numbers of codes are 0, if the layers from `shared_depth` on cannot be
        tied, or if layers do not fit together.

    Notes
    -----
    Shape: the input is a list with one tensor of shape (n_t, ...), or None, per
    task. The output is a list with one TaskOutput, or None, per task.

    References
    ----------
    B. Epstein, R. Meir, T. Michaeli, "Joint autoencoders: a flexible multi-task /
    meta-learning framework", ECML-PKDD 2018.

    Examples
    --------
    >>> import torch
    >>> from sk_jae.architecture import describe
    >>> from sk_jae.nn import JointModule
    >>> shapes = {"a": (5,), "b": (7,)}
    >>> tasks = [describe(n, s, s, (16,), "mirror") for n, s in shapes.items()]
    >>> module = JointModule(tasks, n_shared=2, n_private=3)
    >>> outputs = module([torch.zeros(4, 5), torch.zeros(6, 7)])
    >>> [output.reconstruction.shape for output in outputs]
    [torch.Size([4, 5]), torch.Size([6, 7])]
    """

    class_mask: Tensor | None

    def __init__(
        self,
        architectures: Sequence[Architecture],
        *,
        n_shared: int,
        n_private: int,
        shared_depth: int | Literal["auto"] = -1,
        n_shared_layers: int | None = None,
        n_classes: int = 0,
        n_outputs: int = 0,
        shared_head: bool = True,
        private_heads: Sequence[int] = (),
        class_mask: Tensor | None = None,
        frozen: bool = False,
        seed: int | None = 0,
    ) -> None:
        super().__init__()
        if not n_shared and not n_private:
            raise ValueError(
                "n_shared and n_private are both 0; at least one of them must be "
                "greater than 0."
            )
        self.names = [a.name for a in architectures]
        self.n_shared, self.n_private = n_shared, n_private
        self.n_tasks = len(architectures)
        self.earliest_depth, self.tied_range = 0, (-1, 0)

        self.private_encoders = nn.ModuleList()
        self.private_decoders = nn.ModuleList()
        self.shared_decoders = nn.ModuleList()
        self.outputs = nn.ModuleList()
        for a in architectures:
            self._add_autoencoders(a, seed)

        self.views = nn.ModuleList()
        self.pre_tied, self.post_tied = nn.ModuleList(), nn.ModuleList()
        self.tied = TaskSequential()
        if n_shared:
            self._tie(architectures, shared_depth, n_shared_layers, seed)
        self.frozen = frozen
        if frozen:
            self.tied = FrozenSequential(self.tied)
        self.n_fused = [self._count_fused(t) for t in range(self.n_tasks)]

        if n_classes and n_outputs:
            raise ValueError(
                "n_classes and n_outputs are both given; give one of them."
            )
        self.n_classes, self.n_outputs = n_classes, n_outputs
        self.shared_head, self.private_heads = build_heads(
            n_classes or n_outputs,
            self.names,
            (n_shared, n_private),
            shared=shared_head,
            private=private_heads,
            draw=partial(generator_of, seed),
        )
        if class_mask is not None and bool(class_mask.all()):
            class_mask = None
        self.register_buffer("class_mask", class_mask)

    def _add_autoencoders(self, a: Architecture, seed: int | None) -> None:
        """Build the modules of one task that are never tied.

        These are its private autoencoder, its shared decoder and its output layer.
        """
        *hidden, output = a.decoder
        ends = []
        if self.n_private:
            draw = generator_of(seed, a.name, "private")
            with naming("encoder", a):
                encoder = build_encoder(a.private, a.shape, self.n_private, draw)
            self.private_encoders.append(TaskSequential(chain(*encoder)))
            with naming("decoder", a):
                decoder, end = build_stages(hidden, (self.n_private,), draw)
            self.private_decoders.append(TaskSequential(chain(*decoder)))
            ends.append(end)
        if self.n_shared:
            draw = generator_of(seed, a.name, "shared")
            with naming("decoder", a):
                decoder, end = build_stages(hidden, (self.n_shared,), draw)
            self.shared_decoders.append(TaskSequential(chain(*decoder)))
            ends.append(end)
        merged = (sum(end[0] for end in ends), *ends[0][1:])
        draw = generator_of(seed, a.name, "output")
        with naming("decoder", a):
            layers = output_layer(output, merged, a.shape, draw)
        self.outputs.append(TaskSequential(layers))

    def _tie(
        self,
        architectures: Sequence[Architecture],
        shared_depth: int | Literal["auto"],
        n_shared_layers: int | None,
        seed: int | None,
    ) -> None:
        """Build the shared encoders, with the same tied layers in all of them."""
        encoders = []
        for a in architectures:
            draw = generator_of(seed, a.name, "shared encoder")
            with naming("encoder", a):
                encoders.append(build_encoder(a.shared, a.view, self.n_shared, draw))
            self.views.append(view_of(a))
        alike = len({a.features for a in architectures}) == 1
        first, end = tied_range(
            encoders, self.names, shared_depth, n_shared_layers, alike=alike
        )
        self.tied_range = first, end
        self.earliest_depth = depth_of(encoders, n_shared_layers, alike=alike)
        # Weights that belong to all tasks must not depend on the name of a task.
        a, draw = architectures[0], generator_of(seed, "tied")
        tied = build_encoder(a.shared, a.view, self.n_shared, draw, self.n_tasks)
        stages = tied[len(tied) + first : len(tied) + end]
        self.tied = TaskSequential(tied_layers(chain(*stages), self.n_tasks))
        for stages in encoders:
            n = len(stages)
            self.pre_tied.append(TaskSequential(chain(*stages[: n + first])))
            self.post_tied.append(TaskSequential(chain(*stages[n + end :])))

    def _count_fused(self, t: int) -> int:
        """Return how many first layers of a task's branches run in one pass."""
        both = self.n_shared and self.n_private
        if not both or not isinstance(self.views[t], nn.Identity):
            return 0
        return count_fusible(self._branches(t))

    def _branches(self, t: int) -> list[Any]:
        return [self.private_encoders[t], self.pre_tied[t]]

    def encode(self, inputs: Sequence[Tensor | None]) -> list[Codes | None]:
        """Return the codes of each task.

        Parameters
        ----------
        inputs : list of (Tensor of shape (n_t, ...) or None)
            The samples of each task; None skips a task.

        Returns
        -------
        codes : list of (Codes or None)
            The codes of each task, None for a task that was skipped.
        """
        tasks, private, parts = [], [], []
        for t, x in enumerate(inputs):
            if x is not None:
                z_p, part = self._encode_apart(t, x)
                tasks.append(t)
                private.append(z_p)
                parts.append(part)
        codes: list[Codes | None] = [None] * len(inputs)
        if self.n_shared:
            parts = self.tied(parts, tasks)
        for t, z_s, z_p in zip(tasks, parts, private, strict=True):
            if self.n_shared:
                (z_s,) = self.post_tied[t]([z_s], [0])  # (n_t, n_shared)
            codes[t] = Codes(z_s, z_p)
        return codes

    def _encode_apart(self, t: int, x: Tensor) -> tuple[Tensor, Tensor]:
        """Return the private codes of one task, and the input of the tied layers."""
        # It was measured only on CPUs that groups are faster.
        n = self.n_fused[t] if x.device.type == "cpu" else 0
        own = view = x
        if n:
            own, view = run_fused(self._branches(t), x, n)
        elif self.n_shared:
            view = self.views[t](x)  # (n_t, *view_t)
        z_p = part = x.new_zeros(x.shape[0], 0)
        if self.n_private:
            (z_p,) = self.private_encoders[t]([own], [0], n)  # (n_t, n_private)
        if self.n_shared:
            (part,) = self.pre_tied[t]([view], [0], n)
        return z_p, part

    def decode(
        self,
        task: int,
        z: Codes,
        codes: Literal["both", "shared", "private"] = "both",
    ) -> Tensor:
        """Return the reconstruction from codes.

        Parameters
        ----------
        task : int
            The position of the task whose decoders and output layer are used.
        z : Codes of shapes (n, n_shared) and (n, n_private)
            The codes of n samples.
        codes : {"both", "shared", "private"}, default="both"
            The codes that are used. For the others, the last hidden layer of their
            decoder is set to zero.

        Returns
        -------
        reconstruction : Tensor of shape (n, ...)
            The reconstruction in the shape of the samples of the task.
        """
        hidden = []
        if self.n_private:
            (h,) = self.private_decoders[task]([z.private], [0])
            hidden.append(h if codes != "shared" else torch.zeros_like(h))
        if self.n_shared:
            (h,) = self.shared_decoders[task]([z.shared], [0])
            hidden.append(h if codes != "private" else torch.zeros_like(h))
        # Each is (n, width) or (n, channels, height, width).
        merged = torch.cat(hidden, dim=1)
        x: Tensor
        (x,) = self.outputs[task]([merged], [0])
        return x  # (n, *shape)

    def classify(self, task: int, z: Codes) -> Tensor | None:
        """Return the logits of one task.

        Parameters
        ----------
        task : int
            The position of the task.
        z : Codes of shapes (n, n_shared) and (n, n_private)
            The codes of n samples.

        Returns
        -------
        logits : Tensor of shape (n, n_classes) or None
            The logits, -inf for classes that the task cannot have. None if the task
            has no classifier.
        """
        if not self.n_classes:
            return None
        logits = run_heads(self.shared_head, self.private_heads, task, z)
        if logits is not None and self.class_mask is not None:
            logits = logits.masked_fill(~self.class_mask[task], -torch.inf)
        return logits

    def regress(self, task: int, z: Codes) -> Tensor | None:
        """Return the predicted targets of one task.

        Parameters
        ----------
        task : int
            The position of the task.
        z : Codes of shapes (n, n_shared) and (n, n_private)
            The codes of n samples.

        Returns
        -------
        targets : Tensor of shape (n, n_outputs) or None
            None if the task has no head for regression.
        """
        if not self.n_outputs:
            return None
        return run_heads(self.shared_head, self.private_heads, task, z)

    def forward(self, inputs: Sequence[Tensor | None]) -> list[TaskOutput | None]:
        """Return the reconstruction, the codes and the predictions of each task.

        Parameters
        ----------
        inputs : list of (Tensor of shape (n_t, ...) or None)
            The samples of each task; None skips a task.

        Returns
        -------
        outputs : list of (TaskOutput or None)
            The outputs of each task, None for a task that was skipped.
        """
        outputs: list[TaskOutput | None] = []
        for t, codes in enumerate(self.encode(inputs)):
            if codes is None:
                outputs.append(None)
                continue
            x, logits = self.decode(t, codes), self.classify(t, codes)
            outputs.append(TaskOutput(x, codes, logits, self.regress(t, codes)))
        return outputs
