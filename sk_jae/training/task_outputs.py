"""What the network makes of the samples of single tasks, between two epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sk_jae.nn import JointModule
from sk_jae.training.batches import TaskData
from sk_jae.training.class_matching import TaskFeatures, features_of
from sk_jae.training.net import JointNet
from sk_jae.training.reading import SampleReader

__all__ = ["TaskOutputs"]

T = TypeVar("T")
Step: TypeAlias = Callable[[Callable[[Tensor], T]], Callable[[Tensor], T]]

_MOST_ROWS, _ROWS = 5000, 512


class TaskOutputs:
    """Reads samples of a task, and runs the network of a fit on them.

    Parameters
    ----------
    net : JointNet
    data : TaskData
    reader : SampleReader
        Reads the arrays of `data`.
    step : callable
        Makes of a function of samples one that may run the user's own code.
    """

    def __init__(
        self, net: JointNet, data: TaskData, reader: SampleReader, step: Step[Any]
    ) -> None:
        self.net, self.data, self.reader, self._step = net, data, reader, step

    def unlabeled_rows(self, t: int) -> NDArray[np.intp]:
        """All samples of a task without a label."""
        rows, labels = self.data.rows[t], self.data.labels[t]
        return rows if labels is None else rows[labels[rows] < 0]

    def rows(self, t: int) -> NDArray[np.intp]:
        """The unlabeled samples of a task, or many of them."""
        return self.reader.spread(t, self.unlabeled_rows(t), _MOST_ROWS)

    def logits(self, t: int, rows: NDArray[np.intp] | None = None) -> Tensor:
        """Logits of these samples of a task, by default those of `rows`."""
        module: JointModule = self.net.module_
        inputs: list[Tensor | None] = [None] * len(self.data.names)

        def logits_of(x: Tensor) -> Tensor | None:
            inputs[t] = x
            codes = module.encode(inputs)[t]
            assert codes is not None
            return module.classify(t, codes)

        found = self._read(t, self.rows(t) if rows is None else rows, logits_of)
        assert found is not None
        return found

    def mean_prediction(self, t: int, logits: Tensor) -> Tensor:
        """The mean of the probabilities (n_classes,) for the samples of `rows`."""
        probabilities = logits.softmax(dim=1)
        weights = self.data.weights_of(t, self.rows(t))
        if weights is None:
            return probabilities.mean(dim=0)
        counted = torch.from_numpy(weights).to(probabilities)
        return counted @ probabilities / counted.sum()

    def label_shares(self, n_classes: int) -> Tensor:
        """The shares of the classes among all labels."""
        counts: Any = np.zeros(n_classes)
        if self.data.label_counts is not None:
            counts = self.data.label_counts
        for t, labels in enumerate(self.data.labels):
            if labels is not None:
                rows = self.data.rows[t]
                rows = rows[labels[rows] >= 0]
                weights = self.data.weights_of(t, rows)
                found = np.bincount(labels[rows], weights, minlength=n_classes)
                counts = counts + found
        if not counts.any():  # of a file that does not know them
            counts = np.ones(n_classes)
        return torch.from_numpy(counts / counts.sum())

    def n_labels(self) -> int:
        """The number of all labels, with those of tasks that are not trained on."""
        of_others = self.data.label_counts
        n = 0 if of_others is None else int(np.sum(of_others))
        pairs = zip(self.data.labels, self.data.rows, strict=True)
        return n + sum(int((y[rows] >= 0).sum()) for y, rows in pairs if y is not None)

    def labeled_rows(self, t: int) -> NDArray[np.intp]:
        """The labeled samples of a task, or many of them."""
        rows, labels = self.data.rows[t], self.data.labels[t]
        own = rows[:0] if labels is None else rows[labels[rows] >= 0]
        return self.reader.spread(t, own, _MOST_ROWS)

    def of_view(
        self,
        t: int,
        rows: NDArray[np.intp],
        function: Callable[[nn.Module, Tensor], Tensor],
    ) -> Tensor:
        """What a function makes of the view of a task and these samples."""
        view = self.net.module_.views[t]
        found = self._read(t, rows, lambda x: function(view, x))
        assert found is not None
        return found

    def labeled_features(self) -> list[TaskFeatures]:
        """The features of labeled samples of each task, or of many of them."""
        found = []
        for t, labels in enumerate(self.data.labels):
            if labels is None:
                continue
            rows = self.labeled_rows(t)
            own = self.features(t, rows, labels[rows]) if len(rows) else None
            found += [] if own is None else [own]
        return found

    def features(
        self, t: int, rows: NDArray[np.intp], classes: NDArray[Any]
    ) -> TaskFeatures | None:
        """The features of these samples, if other tasks have the same ones."""
        found = self._read(t, rows, lambda x: features_of(self.net.module_, t, x))
        if found is None:
            return None
        weights = self.data.weights_of(t, rows)
        return TaskFeatures.of(found.double().numpy(), classes, weights)

    def _read(
        self,
        t: int,
        rows: NDArray[np.intp],
        function: Callable[[Tensor], Tensor | None],
    ) -> Tensor | None:
        """What a function makes of samples, on the CPU."""
        run = self._step(function)
        self.net.set_training(False)
        parts = []
        with torch.no_grad():
            for start in range(0, len(rows), _ROWS):
                chosen = torch.from_numpy(rows[start : start + _ROWS])
                part = run(self.reader.samples(t, self.reader.placed(chosen)))
                if part is None:
                    return None
                parts.append(part.float().cpu())
        # They decide, and so must be equal to the last bit in all processes.
        return self.net.processes.from_first(torch.cat(parts))
