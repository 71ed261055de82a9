"""Mixes the batch statistics of unlabeled images with those of labeled ones.

Each task is normalized by its own statistics. Where its classes are not as frequent as
in the labeled tasks, these belong to other samples. Those of the labeled tasks belong
to other images. A mixture is wrong by a part of each, and was better than either.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.nn import JointModule, TaskBatchNorm
from sk_jae.training.class_shares import evenness
from sk_jae.training.task_outputs import TaskOutputs

__all__ = ["MixedStatistics", "keep_mixed_statistics"]

# How much of a mixture are the statistics of labeled tasks.
_PART = 0.25

# When the predictions are looked at, as a part of the time before information
# maximization, and the evenness below which they are uneven. They may be so by chance
# or by mistake, but to mix until equal shares are tried costs little.
_LOOK, _EVEN = 0.3, 0.94


class MixedStatistics:
    """Decides whose batch statistics are mixed.

    Parameters
    ----------
    outputs : TaskOutputs
        Of the net that is trained.
    class_prior : dict of {int: ndarray of shape (n_classes,)}
        The shares of the classes of the tasks of which they are known.
    start : float
        The fraction of the epochs at which information maximization starts.

    Attributes
    ----------
    mixed : set of int
        The tasks whose statistics are mixed.
    paused : set of int
        Those of which they were, until equal shares are given up.
    """

    def __init__(
        self,
        outputs: TaskOutputs,
        class_prior: Mapping[int, NDArray[np.float64]],
        start: float,
    ) -> None:
        self.outputs, self.class_prior = outputs, class_prior
        self.mixed: set[int] = set()
        self.paused: set[int] = set()
        self._time = _LOOK * start
        self._has_looked = False

    def begin_epoch(self, progress: float) -> None:
        """Look at the predictions, if it is time to."""
        if self._has_looked or progress < self._time:
            return
        self._has_looked = True
        net, data = self.outputs.net, self.outputs.data
        if not self._labeled():  # a task that joins others is trained alone
            return
        for t, layout in enumerate(data.layouts):
            is_unlabeled = data.labels[t] is None and net.phase_.weight("infomax", t)
            if layout.is_image and is_unlabeled and self._is_uneven(t):
                self._mix(t)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` takes."""
        return {
            "mixed": sorted(self.mixed),
            "paused": sorted(self.paused),
            "has_looked": self._has_looked,
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._has_looked, self.paused = state["has_looked"], set(state["paused"])
        for t in state["mixed"]:
            self._mix(t)

    def pause(self, t: int) -> None:
        """Use the own statistics of a task while equal shares are tried."""
        if t in self.mixed:
            self.mixed.remove(t)
            self.paused.add(t)
            for layer in _tied_norms(self.outputs.net.module_):
                layer.separate(t)

    def resume(self, t: int) -> None:
        """Mix them again, as the shares of the task are not equal."""
        if t in self.paused:
            self.paused.remove(t)
            self._mix(t)

    def _is_uneven(self, t: int) -> bool:
        logits = self.outputs.logits(t)
        n_possible = int(torch.isfinite(logits[0]).sum())
        if not n_possible:
            return False
        shares = self.outputs.mean_prediction(t, logits)
        if t in self.class_prior:
            shares = torch.from_numpy(self.class_prior[t])
        return evenness(shares, n_possible) < _EVEN

    def _mix(self, t: int) -> None:
        for layer in _tied_norms(self.outputs.net.module_):
            layer.mix(t, self._labeled(), _PART)
        self.mixed.add(t)

    def _labeled(self) -> list[int]:
        all_labels = self.outputs.data.labels
        return [s for s, labels in enumerate(all_labels) if labels is not None]


def keep_mixed_statistics(module: JointModule) -> None:
    """Make the mixtures the statistics of their tasks."""
    for layer in _tied_norms(module):
        layer.keep_mixtures()


def _tied_norms(module: JointModule) -> list[TaskBatchNorm]:
    return [part for part in module.tied.modules() if isinstance(part, TaskBatchNorm)]
