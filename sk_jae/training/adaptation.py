"""What the predictions of unlabeled samples are pulled to, and whether that helps.

Information maximization pulls them to classes that are equally frequent. Where they are
not, it exchanges or merges classes. So training first looks at the predictions that the
labels of other tasks give, supposes equal shares on trial, and goes back if the
predictions resist. Where the trial has found classes but has exchanged their names, it
goes back too, and learns them by their right names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.nn import common_scale_of
from sk_jae.training.class_matching import exchanged_classes
from sk_jae.training.class_shares import EVEN, ClassShares, estimated_shares, evenness
from sk_jae.training.mixed_statistics import MixedStatistics
from sk_jae.training.optimizers import copied
from sk_jae.training.table_places import TablePlaces
from sk_jae.training.task_outputs import TaskOutputs
from sk_jae.training.timetable import Timetable

__all__ = ["Adaptation", "Transfer"]

# The part of the epochs, from the start of the terms, in which a trial may fail.
_FIRST_LOOK, _LAST_LOOK = 0.15, 0.6

# The predictions of a trial must be nearly even, and more so
# if the model was adapted to the task before.
_EVEN_AT_LAST, _EVEN_ADAPTED = 0.955, 0.98


@dataclass
class Transfer:
    """What was found out about the classes of one unlabeled task.

    Attributes
    ----------
    supposed : {"equal", "predicted", "estimated", "given", "none"}
        The shares of the classes that the predictions were pulled to at the end; "none"
        if they were left alone.
    shares : ndarray of shape (n_classes,)
        Those of the predictions when the terms on unlabeled samples started.
    went_back : bool
        Whether equal shares were tried and given up.
    agreement : float
        The part of the samples whose class is the same as when the terms started.
    exchanged : list of int
        The classes that a trial of equal shares had exchanged, which was mended.
    scale : {"mixed"} or None
        "mixed" if images are normalized by statistics of which a part are those of
        labeled tasks, see :mod:`sk_jae.training.mixed_statistics`.
    """

    supposed: str
    shares: NDArray[np.float64]
    went_back: bool = False
    agreement: float = 1.0
    exchanged: list[int] = field(default_factory=list)
    scale: str | None = None


class Adaptation:
    """Decides during a phase of training what unlabeled predictions are pulled to.

    Parameters
    ----------
    outputs : TaskOutputs
        Of the net that is trained.
    class_prior : dict of {int: ndarray of shape (n_classes,)}
        The shares of the classes of the tasks of which they are known.
    times : Timetable
    """

    def __init__(
        self,
        outputs: TaskOutputs,
        class_prior: Mapping[int, NDArray[np.float64]],
        times: Timetable,
    ) -> None:
        self.outputs = outputs
        self.net, self.data, self.reader = outputs.net, outputs.data, outputs.reader
        self.class_prior = class_prior
        self.times = times
        self.found: dict[int, Transfer] = {}
        self._classes: dict[int, NDArray[np.int64]] = {}
        self._estimates: dict[int, Tensor] = {}
        self._on_trial: set[int] = set()
        self._before: tuple[dict[str, Any], dict[str, Any]] | None = None
        self._probabilities: dict[int, NDArray[np.float32]] = {}
        self._has_started = False
        self._again: float | None = None
        start = times.infomax_start
        self._places = TablePlaces(outputs, class_prior, start)
        self._statistics = MixedStatistics(outputs, class_prior, start)

    def begin_epoch(self, progress: float) -> None:
        """Decide what is due at this fraction of the epochs."""
        start = self.times.infomax_start
        self._places.begin_epoch(progress)
        if self.times.has_two_parts:
            self._statistics.begin_epoch(progress)
        if progress >= start and not self._has_started:
            self._has_started = True
            self._begin()
        after = (progress - start) / (1 - start)
        if self._on_trial and _FIRST_LOOK <= after <= _LAST_LOOK:
            self._look()
        elif self._on_trial and after > _LAST_LOOK:
            self._end_trials(progress)

    def cosine(self, progress: float) -> float:
        """The factor of the learning rate, which a return raises again."""
        if self._again is not None:
            start = self.times.infomax_start
            part = (progress - self._again) / (1 - self._again)
            progress = start + part * (1 - start)
        return self.times.cosine(progress)

    def state_dict(self) -> dict[str, Any]:
        """What :meth:`load_state_dict` takes."""
        return {
            "found": {t: dict(vars(transfer)) for t, transfer in self.found.items()},
            "classes": self._classes,
            "estimates": self._estimates,
            "on_trial": sorted(self._on_trial),
            "before": self._before,
            "probabilities": self._probabilities,
            "has_started": self._has_started,
            "places": self._places.state_dict(),
            "statistics": self._statistics.state_dict(),
            "again": self._again,
            "guesses": {t: y.cpu() for t, y in self.reader.guesses.items()},
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on as the object did whose state this is."""
        self.found = {t: Transfer(**values) for t, values in state["found"].items()}
        self._classes = state["classes"]
        self._estimates = state["estimates"]
        self._on_trial = set(state["on_trial"])
        self._before = state["before"]
        self._probabilities = state["probabilities"]
        self._has_started = state["has_started"]
        self._places.load_state_dict(state["places"])
        self._statistics.load_state_dict(state["statistics"])
        self._again = state["again"]
        for t, guesses in state["guesses"].items():
            self._guess(t, guesses)

    def end(self) -> None:
        """Compare the predictions with those before the terms."""
        for t, transfer in self.found.items():
            same = self.outputs.logits(t).argmax(dim=1).numpy() == self._classes[t]
            transfer.agreement = float(same.mean())
            transfer.scale = "mixed" if t in self._statistics.mixed else None

    def _begin(self) -> None:
        """Look at the predictions that the labels give, and decide what to suppose."""
        self.reader.guesses.clear()
        self.net.criterion_.guessed.clear()
        for t in range(len(self.data.names)):
            weight = self.net.phase_.weight("infomax", t)
            if weight and len(self.outputs.unlabeled_rows(t)):
                self._decide(t)
        if self._on_trial:
            module, optimizer = self.net.module_, self.net.optimizer_
            weights = {k: value.clone() for k, value in module.state_dict().items()}
            self._before = weights, copied(optimizer.state_dict())

    def _decide(self, t: int) -> None:
        logits = self.outputs.logits(t)
        if not torch.isfinite(logits).any():
            return  # which ends the training as diverged
        probabilities = logits.softmax(dim=1)
        shares = ClassShares(torch.isfinite(logits[0]))
        weights = self.data.weights_of(t, self.outputs.rows(t))
        counted = None
        if weights is not None:
            counted = torch.from_numpy(weights).to(probabilities)
        predicted = self.outputs.mean_prediction(t, logits)
        self._classes[t] = logits.argmax(dim=1).numpy()
        supposed = self._choose(t, shares)
        if supposed == "given":
            shares.suppose(torch.from_numpy(self.class_prior[t]).float())
        elif supposed == "predicted":
            shares.suppose(predicted)
        elif supposed == "equal":
            self._on_trial.add(t)
            self._statistics.pause(t)
            self._probabilities[t] = probabilities.numpy()
        if supposed != "none":
            self.net.criterion_.shares[str(t)] = shares.to(self.net.device)
        self.found[t] = Transfer(supposed, predicted.double().numpy())
        self._estimates[t] = estimated_shares(probabilities, shares.possible, counted)

    def _choose(self, t: int, shares: ClassShares) -> str:
        """What to suppose of the shares of the classes."""
        if t in self.class_prior:
            return "given"
        if self._has_other_samples(t):
            return "none"
        n = shares.n_possible
        labeled = self.outputs.label_shares(len(shares.possible))
        if evenness(labeled, n) < EVEN - _by_chance(n, self.outputs.n_labels()):
            return "none"
        # Any task can be divided into two equal parts, so a trial tells nothing.
        return "equal" if n > 2 else "predicted"

    def _has_other_samples(self, t: int) -> bool:
        """Whether a table is seen in the units of labeled ones, as its samples differ.

        What its predictions tell of the shares is then too rough to pull them to it.
        """
        scale = common_scale_of(self.net.module_.views[t])
        return scale is not None and scale.is_common

    def _look(self) -> None:
        """Go back to the start of the terms if the predictions resist equal shares."""
        least = _EVEN_ADAPTED if self.times.has_two_parts else _EVEN_AT_LAST
        for t in sorted(self._on_trial):
            shares = self._shares(t)
            n, n_rows = shares.n_possible, len(self.outputs.unlabeled_rows(t))
            if evenness(shares.mean, n) < least - _by_chance(n, n_rows):
                self._go_back(t)
                return

    def _go_back(self, t: int) -> None:
        self._restore()
        shares, transfer = self._shares(t), self.found[t]
        predicted = torch.from_numpy(transfer.shares).to(shares.mean)
        transfer.went_back = True
        self._statistics.resume(t)
        if self.times.has_two_parts:
            shares.suppose(self._estimates[t].to(shares.mean), follows=True)
            transfer.supposed = "estimated"
        elif evenness(predicted, shares.n_possible) >= EVEN:
            shares.suppose(predicted, follows=True)
            transfer.supposed = "estimated"
        else:
            # Where shares differ much, pulling to wrong ones costs more than it gives.
            del self.net.criterion_.shares[str(t)]
            transfer.supposed = "none"
        self._on_trial.discard(t)

    def _restore(self) -> None:
        """Go back to the state in which the trials began."""
        assert self._before is not None
        weights, moments = self._before
        self.net.module_.load_state_dict(weights)
        # The learning rates stay, which callbacks may have changed. The optimizer
        # changes the tensors that it gets, and another task may go back later.
        state = self.net.optimizer_.state_dict()
        state["state"] = copied(moments["state"])
        self.net.optimizer_.load_state_dict(state)

    def _end_trials(self, progress: float) -> None:
        """Go back a last time if classes are exchanged, and learn their right names."""
        guesses = {}
        for t in sorted(self._on_trial):
            order = self._order(t)
            exchanged = np.flatnonzero(order != np.arange(len(order)))
            if len(exchanged):
                rows = self.outputs.unlabeled_rows(t)
                guesses[t] = rows, order[self.outputs.logits(t, rows).argmax(dim=1)]
                self.found[t].exchanged = exchanged.tolist()
        if guesses:
            self._restore()
            self._again = progress
        for t, (rows, classes) in guesses.items():
            del self.net.criterion_.shares[str(t)]
            names = torch.full((len(self.data.arrays[t]),), -1)
            names[torch.from_numpy(rows)] = torch.from_numpy(classes)
            self._guess(t, names)
        self._on_trial.clear()
        self._probabilities.clear()
        self._before = None

    def _guess(self, t: int, classes: Tensor) -> None:
        self.reader.guess(t, classes)
        self.net.criterion_.guessed.add(t)

    def _order(self, t: int) -> NDArray[np.intp]:
        """The class that each predicted one should be, itself if none is exchanged."""
        before = self._probabilities[t]
        as_it_is = np.arange(before.shape[1])
        if self.data.labels[t] is not None or self.times.has_two_parts:
            return as_it_is
        classes = self.outputs.logits(t).argmax(dim=1).numpy()
        own = self.outputs.features(t, self.outputs.rows(t), classes)
        labeled = self.outputs.labeled_features()
        return exchanged_classes(labeled, own, before) if own and labeled else as_it_is

    def _shares(self, t: int) -> ClassShares:
        return cast(ClassShares, self.net.criterion_.shares[str(t)])


def _by_chance(n_classes: int, n_samples: int) -> float:
    """How much less even the classes of a few samples may be than those of a task."""
    return (n_classes - 1) / max(n_samples, 1)
