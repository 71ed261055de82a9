"""The terms of the loss for samples of the same subjects in different tasks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from sk_jae.nn import Codes, JointModule, agreement_loss, pairing_loss
from sk_jae.training.pairs import Pairs

__all__ = ["FoundTerm", "TermKey", "pair_terms"]

TermKey: TypeAlias = tuple[str, int]  # a term and a task
FoundTerm: TypeAlias = tuple[TermKey, Tensor, Tensor | int]  # mean, number of samples


def pair_terms(
    module: JointModule,
    pairs: Pairs,
    weights: Mapping[str, tuple[float, ...]],
    error: Callable[[int, Tensor, Tensor], Tensor],
) -> Iterator[FoundTerm]:
    """The terms of every task, as means over the tasks that it has subjects with.

    "pairing" is the mean of two numbers: the distance of the shared codes, and the
    error of the reconstruction from the shared codes of the other task. "agreement" is
    the difference of the predictions, squared if these are numbers. Two tasks have a
    term if both have a weight for it.

    Parameters
    ----------
    module : JointModule
    pairs : Pairs
    weights : dict of {str: tuple of float}
        The weight of each term in each task.
    error : callable
        Gives the error of the reconstruction for a task, a reconstruction and samples,
        about 1 for a model that knows nothing.

    Yields
    ------
    key, value, n : (str, int), Tensor of shape (), int
    """

    def have(term: str, *tasks: int) -> bool:
        return term in weights and all(weights[term][t] for t in tasks)

    used = {
        (t, u): places
        for (t, u), places in pairs.places.items()
        if have("pairing", t, u) or have("agreement", t, u)
    }
    if not used:
        return
    needed = {t for both in used for t in both}
    inputs = [x if t in needed else None for t, x in enumerate(pairs.inputs)]
    codes = module.encode(inputs)
    found: dict[TermKey, list[tuple[Tensor, int]]] = defaultdict(list)
    for (t, u), (of_t, of_u) in used.items():
        z, other = _chosen(codes[t], of_t), _chosen(codes[u], of_u)
        n = len(of_t)
        if have("pairing", t, u) and module.n_shared:
            distance = pairing_loss(z.shared, other.shared)
            for task, place, source in ((t, of_t, other), (u, of_u, z)):
                x = pairs.inputs[task]
                assert x is not None
                translated = module.decode(task, source, "shared")
                cross = error(task, translated, x[place])
                found["pairing", task].append(((distance + cross) / 2, n))
        if have("agreement", t, u):
            value = _difference(module, (t, z), (u, other))
            if value is not None:
                found["agreement", t].append((value, n))
                found["agreement", u].append((value, n))
    for key, values in found.items():
        n = sum(m for _, m in values)
        yield key, torch.stack([v * (m / n) for v, m in values]).sum(), n


def _difference(
    module: JointModule, one: tuple[int, Codes], other: tuple[int, Codes]
) -> Tensor | None:
    """How much the predictions of two tasks differ, None without any."""
    logits, of_other = module.classify(*one), module.classify(*other)
    if logits is not None and of_other is not None:
        return agreement_loss(logits, of_other)
    targets, of_other = module.regress(*one), module.regress(*other)
    if targets is not None and of_other is not None:
        return F.mse_loss(targets, of_other)
    return None


def _chosen(codes: Codes | None, place: Tensor) -> Codes:
    """The codes of some of the samples of a task."""
    assert codes is not None
    return Codes(codes.shared[place], codes.private[place])
