"""When the terms on unlabeled samples start, and how the learning rate changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from torch import Tensor

from sk_jae.tasks import Layout
from sk_jae.training.objective import Phase

__all__ = ["Timetable", "has_two_parts"]

Augmentations = Sequence[Callable[[Tensor], Tensor] | None]

# Before, predictions for unlabeled samples are not better than a guess. Where samples
# are not augmented, which corrects these, the terms start later.
START, START_PLAIN = 0.3, 0.5

# Those for signals become better by information maximization alone. Later on they are
# so sure that classes stay exchanged, and consistency makes them surer still.
SIGNAL_START = 0.1

# With two parts: the length of the first one, and when consistency starts in it.
FIRST_PART, CONSISTENCY_START = 0.6, 0.36


@dataclass(frozen=True)
class Timetable:
    """The fractions of the epochs of a phase at which something starts.

    Attributes
    ----------
    infomax_start : float
        Information maximization.
    consistency_start : float
        Consistency.
    has_two_parts : bool
        Whether the cosine of the learning rate is run through twice: before
        information maximization starts, and from there on.
    """

    infomax_start: float
    consistency_start: float
    has_two_parts: bool = False

    @classmethod
    def of(
        cls, phase: Phase, augment: Augmentations, layouts: Sequence[Layout]
    ) -> Timetable:
        if has_two_parts([phase], augment, layouts):
            return cls(FIRST_PART, CONSISTENCY_START, has_two_parts=True)
        start = START if any(augment) else START_PLAIN
        only_signals = all(layout.kind == "signal" for layout in layouts)
        is_early = only_signals and any(augment)
        return cls(SIGNAL_START if is_early else start, start)

    @property
    def start(self) -> float:
        """The first term on unlabeled samples."""
        return min(self.infomax_start, self.consistency_start)

    def cosine(self, progress: float) -> float:
        """The factor of the learning rate at this fraction of the epochs."""
        if self.has_two_parts:
            first = self.infomax_start
            if progress < first:
                progress = progress / first
            else:
                progress = (progress - first) / (1 - first)
        return (1 + math.cos(math.pi * progress)) / 2


def has_two_parts(
    phases: Iterable[Phase], augment: Augmentations, layouts: Sequence[Layout]
) -> bool:
    """Whether a model without information maximization is trained to its end first.

    Its predictions tell how frequent the classes of an unlabeled task are. They do so
    only if consistency has adapted the model to the task. For signals this was worse:
    consistency alone confirms classes that are taken for each other.
    """
    return any(
        function is not None
        and layouts[t].is_image
        and bool(phase.weight("infomax", t) and phase.weight("consistency", t))
        for phase in phases
        for t, function in enumerate(augment)
    )
