"""One task of a joint module as plain layers, which need no other task."""

from __future__ import annotations

from copy import deepcopy
from typing import Literal, cast

import torch
from torch import Tensor, nn

from sk_jae.nn.joint import JointModule
from sk_jae.nn.outputs import Codes
from sk_jae.nn.portable import portable

__all__ = ["DecoderOfTask", "EncoderOfTask", "HeadsOfTask", "JoinedCodes"]


class EncoderOfTask(nn.Module):
    """The codes of one task.

    Parameters
    ----------
    module : JointModule
        In evaluation mode, on the CPU.
    task : int
        The position of the task.
    shape : tuple of int
        The shape of one sample as the module sees it.
    codes : {"both", "shared", "private"}
        The codes that are needed; the others are left empty.

    Notes
    -----
    Shape: the input is (n, ...), and the output has codes of shape (n, n_codes).
    """

    def __init__(
        self,
        module: JointModule,
        task: int,
        shape: tuple[int, ...],
        codes: Literal["both", "shared", "private"],
    ) -> None:
        super().__init__()
        x = torch.zeros(2, *shape)
        self.shared: nn.Module | None = None
        self.private: nn.Module | None = None
        if module.n_shared and codes != "private":
            layers = [
                module.views[task],
                *_layers(module.pre_tied[task]),
                *module.tied,
                *_layers(module.post_tied[task]),
            ]
            self.shared = portable(layers, x, task)
        if module.n_private and codes != "shared":
            self.private = portable(_layers(module.private_encoders[task]), x)

    def forward(self, x: Tensor) -> Codes:
        none = x.new_zeros(x.shape[0], 0)
        return Codes(
            none if self.shared is None else self.shared(x),
            none if self.private is None else self.private(x),
        )


class DecoderOfTask(nn.Module):
    """The reconstruction of one task from codes.

    Parameters
    ----------
    module : JointModule
        In evaluation mode, on the CPU.
    task : int
        The position of the task.
    codes : {"both", "shared"}
        The codes that are used. With "shared", the last hidden layer of the private
        decoder is set to zero.

    Notes
    -----
    Shape: the input is codes of shapes (n, n_shared) and (n, n_private), and the output
    is (n, ...).
    """

    def __init__(
        self, module: JointModule, task: int, codes: Literal["both", "shared"]
    ) -> None:
        super().__init__()
        self.private: nn.Module | None = None
        self.shared: nn.Module | None = None
        self.silent: tuple[int, ...] | None = None
        ends = []
        if module.n_private:
            z = torch.zeros(2, module.n_private)
            decoder = portable(_layers(module.private_decoders[task]), z)
            ends.append(decoder(z))
            if codes == "both":
                self.private = decoder
            else:
                self.silent = tuple(ends[0].shape[1:])
        if module.n_shared:
            z = torch.zeros(2, module.n_shared)
            self.shared = portable(_layers(module.shared_decoders[task]), z)
            ends.append(self.shared(z))
        self.output = portable(_layers(module.outputs[task]), torch.cat(ends, 1))

    def forward(self, z: Codes) -> Tensor:
        hidden = []
        if self.private is not None:
            hidden.append(self.private(z.private))
        if self.silent is not None:
            hidden.append(z.shared.new_zeros(z.shared.shape[0], *self.silent))
        if self.shared is not None:
            hidden.append(self.shared(z.shared))
        x: Tensor = self.output(torch.cat(hidden, 1))
        return x


class HeadsOfTask(nn.Module):
    """The logits of the classes of one task, or its targets of regression.

    Parameters
    ----------
    module : JointModule
        In evaluation mode, on the CPU.
    task : int
        The position of the task.

    Attributes
    ----------
    codes : {"both", "shared"}
        The codes that the heads need.

    Notes
    -----
    Shape: the input is codes of shapes (n, n_shared) and (n, n_private), and the output
    is (n, n_classes) or (n, n_outputs). Logits are -inf for classes that the task
    cannot have.
    """

    impossible: Tensor | None

    def __init__(self, module: JointModule, task: int) -> None:
        super().__init__()
        private = dict(module.private_heads.items()).get(str(task))
        self.shared, self.private = _head(module.shared_head), _head(private)
        self.codes: Literal["both", "shared"] = "both" if self.private else "shared"
        mask = module.class_mask
        impossible = None if mask is None else ~mask[task].clone()
        self.register_buffer("impossible", impossible)

    def forward(self, z: Codes) -> Tensor:
        found = []
        if self.shared is not None:
            found.append(self.shared(z.shared))
        if self.private is not None:
            found.append(self.private(torch.cat(list(z), 1)))
        logits: Tensor = found[0] if len(found) == 1 else found[0] + found[1]
        if self.impossible is not None:
            logits = logits.masked_fill(self.impossible, -torch.inf)
        return logits


class JoinedCodes(nn.Module):
    """The codes of one task in one tensor, the shared ones first."""

    def forward(self, z: Codes) -> Tensor:
        return torch.cat(list(z), 1)


def _layers(part: nn.Module) -> list[nn.Module]:
    return list(cast(nn.ModuleList, part))


def _head(part: nn.Module | None) -> nn.Module | None:
    return None if part is None else nn.Sequential(*deepcopy(_layers(part)))
