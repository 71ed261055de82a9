"""Places unlabeled tables by the shares of the classes that are predicted for them.

Every table is standardized by its own means. Where its classes are not as frequent as
in the labeled tables, its mean belongs to other samples. So, once predictions tell the
shares, it is placed where the labeled tables would be with these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_jae.nn import (
    CommonColumns,
    CommonScale,
    MeanAndSpread,
    common_scale_of,
    difference_of_means,
    kept_difference,
    mean_and_variance,
)
from sk_jae.training.class_shares import EVEN, evenness
from sk_jae.training.task_outputs import TaskOutputs

__all__ = ["TablePlaces"]

# The predictions are looked at after these parts of the time before the terms start.
_LOOKS = (0.5, 1.0)

# Shares are not believed to be much smaller than among the labels, nor 0.
_LEAST_PART, _SPREAD_EVENLY = 0.1, 0.03
# Columns in which the labeled samples vary less have no spread of their own.
_LEAST_SPREAD = 0.05


class TablePlaces:
    """Decides where unlabeled tables are placed.

    Parameters
    ----------
    outputs : TaskOutputs
        Of the net that is trained.
    class_prior : dict of {int: ndarray of shape (n_classes,)}
        The shares of the classes of the tasks of which they are known.
    start : float
        The fraction of the epochs at which the terms on unlabeled samples start.
    """

    def __init__(
        self,
        outputs: TaskOutputs,
        class_prior: Mapping[int, NDArray[np.float64]],
        start: float,
    ) -> None:
        self.outputs, self.class_prior = outputs, class_prior
        self.times = [part * start for part in _LOOKS]
        self._n_looks = 0

    def begin_epoch(self, progress: float) -> None:
        """Place tables by their predictions, if it is time to look at these."""
        n_looks = sum(progress >= time for time in self.times)
        if n_looks == self._n_looks:
            return
        self._n_looks = n_looks
        net, data = self.outputs.net, self.outputs.data
        for t in range(len(data.names)):
            if net.phase_.weight("infomax", t) and self._can_be_placed(t):
                self._place(t)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` takes."""
        return {"n_looks": self._n_looks}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self._n_looks = state["n_looks"]

    def _can_be_placed(self, t: int) -> bool:
        """Whether a task is an unlabeled table that has a place of its own.

        A table in the units of labeled ones has not, nor one that pairs have placed.
        """
        data = self.outputs.data
        scale = common_scale_of(self.outputs.net.module_.views[t])
        if scale is None or scale.is_common or data.labels[t] is not None:
            return False
        return data.pairs is None or not (data.pairs[:, t] >= 0).any()

    def _place(self, t: int) -> None:
        """Move and widen a table as its class shares say, if they are uneven."""
        views = self.outputs.net.module_.views
        scale = common_scale_of(views[t])
        assert scale is not None
        shares = self._uneven_shares(t)
        # Shares that turn out to be even bring it back, also from an earlier fit.
        if shares is None and not scale.is_placed:
            return
        names = range(len(self.outputs.data.names))
        labeled = [s for s in names if _is_like(self.outputs, s, t)]
        if not labeled:
            return
        mean, spread = np.zeros(len(scale.offset)), np.ones(len(scale.offset))
        if shares is not None:
            samples = _LabeledSamples.of(self.outputs, labeled)
            mean, spread = samples.mean_and_spread(shares)
        tables = [_own_scale(self.outputs, s) for s in labeled]
        center, variance = mean_and_variance(tables)
        own = _own_scale(self.outputs, t)
        kept = kept_difference(difference_of_means(center, variance, own) - mean)
        of_labeled = common_scale_of(views[labeled[0]])
        assert of_labeled is not None
        with torch.no_grad():
            scale.offset.copy_(torch.from_numpy(mean / spread + kept))
            factor = torch.from_numpy(spread).to(of_labeled.factor)
            scale.factor.copy_(of_labeled.factor * factor)
            scale.is_placed.fill_(shares is not None)

    def _uneven_shares(self, t: int) -> NDArray[np.float64] | None:
        """The shares of the classes of a task, None if those of the labels will do."""
        if t in self.class_prior:
            return self.class_prior[t]
        outputs = self.outputs
        logits = outputs.logits(t)
        n_classes, n_possible = logits.shape[1], int(torch.isfinite(logits[0]).sum())
        if not n_possible:
            return None
        means = outputs.label_shares(n_classes), outputs.mean_prediction(t, logits)
        if min(evenness(mean, n_possible) for mean in means) >= EVEN:
            return None
        weights = outputs.data.weights_of(t, outputs.rows(t))
        classes = logits.argmax(dim=1).numpy()
        counts = np.bincount(classes, weights, minlength=n_classes)
        found: NDArray[np.float64] = counts / counts.sum()
        return found


@dataclass(frozen=True)
class _LabeledSamples:
    """Standardized samples of labeled tables, their classes and their weights."""

    x: NDArray[np.float64]
    classes: NDArray[np.int64]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, outputs: TaskOutputs, labeled: Sequence[int]) -> _LabeledSamples:
        x, classes, weights = [], [], []
        for s in labeled:
            rows = outputs.labeled_rows(s)
            labels, own = outputs.data.labels[s], outputs.data.weights_of(s, rows)
            assert labels is not None
            x.append(outputs.of_view(s, rows, _columns).double().numpy())
            classes.append(labels[rows])
            weights.append(np.ones(len(rows)) if own is None else own)
        return cls(np.concatenate(x), np.concatenate(classes), np.concatenate(weights))

    def mean_and_spread(self, predicted: NDArray[np.float64]) -> MeanAndSpread:
        """Those that the samples have where classes have these shares."""
        counts = np.bincount(self.classes, self.weights, minlength=len(predicted))
        shares = counts / counts.sum()
        supposed = (1 - _SPREAD_EVENLY) * predicted + _SPREAD_EVENLY / len(predicted)
        supposed = np.maximum(supposed, _LEAST_PART * shares)
        ratio = np.divide(supposed, shares, out=np.zeros_like(shares), where=shares > 0)
        weights = self.weights * ratio[self.classes]
        mean = np.average(self.x, axis=0, weights=weights)
        spread = np.sqrt(np.average((self.x - mean) ** 2, axis=0, weights=weights))
        return mean, np.where(spread > _LEAST_SPREAD, spread, 1.0)


def _is_like(outputs: TaskOutputs, s: int, t: int) -> bool:
    """Whether a task has labels, and the columns of another on a common scale."""
    views = outputs.net.module_.views
    if outputs.data.labels[s] is None or common_scale_of(views[s]) is None:
        return False
    if not len(outputs.labeled_rows(s)):
        return False
    return _column_names(outputs, s) == _column_names(outputs, t)


def _column_names(outputs: TaskOutputs, t: int) -> object:
    """What the shared branch sees of a table: the names of its columns, or how many."""
    places, layout = _places(outputs, t), outputs.data.layouts[t]
    scale = common_scale_of(outputs.net.module_.views[t])
    assert scale is not None
    if layout.columns is None or layout.axis is not None:
        return len(scale.offset)
    return [layout.columns[i] for i in places or range(len(layout.columns))]


def _own_scale(outputs: TaskOutputs, t: int) -> MeanAndSpread:
    return outputs.data.layouts[t].scale_of_columns(_places(outputs, t))


def _places(outputs: TaskOutputs, t: int) -> list[int] | None:
    """The places of the columns in a sample of the task, None if it has no others."""
    for step in outputs.net.module_.views[t].modules():
        if isinstance(step, CommonColumns):
            return list(step.indices.tolist())
    return None


def _columns(view: nn.Module, x: Tensor) -> Tensor:
    """The columns that the common scale moves."""
    steps = view.children() if isinstance(view, nn.Sequential) else [view]
    for step in steps:
        if isinstance(step, CommonScale):
            break
        x = step(x)
    return x
