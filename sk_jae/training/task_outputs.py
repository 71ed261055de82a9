"""What the network makes of the samples of single tasks, between two epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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

    def labeled_features(self) -> list[TaskFeatures]:
        """The features of labeled samples of each task, or of many of them."""
        found = []
        for t, labels in enumerate(self.data.labels):
            if labels is None:
                continue
            rows = self.data.rows[t]
            rows = self.reader.spread(t, rows[labels[rows] >= 0], _MOST_ROWS)
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
