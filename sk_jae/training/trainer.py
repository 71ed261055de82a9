"""The trainer: phases, epochs, learning rates, the best weights, early stopping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import count
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from sk_jae.nn import JointModule, RandomMap
from sk_jae.training.adaptation import Adaptation, Transfer
from sk_jae.training.batches import (
    TaskData,
    TrainingBatches,
    ValidationBatches,
)
from sk_jae.training.checkpoints import (
    Keeper,
    Place,
    load_begin,
    load_end,
    load_state,
    state_dict,
)
from sk_jae.training.divergence import (
    check_loss,
    check_outputs,
    check_weights,
    outputs_of,
)
from sk_jae.training.epoch_table import planned_terms
from sk_jae.training.isolation import LentGenerators, generator_for
from sk_jae.training.mixed_statistics import keep_mixed_statistics
from sk_jae.training.net import JointNet
from sk_jae.training.objective import Phase
from sk_jae.training.optimizers import OptimizerState
from sk_jae.training.phase_limits import recalibrate, training_only
from sk_jae.training.stacked_epoch import EpochOfTraining
from sk_jae.training.stopping import BestWeights
from sk_jae.training.task_outputs import TaskOutputs
from sk_jae.training.timetable import Timetable
from sk_jae.training.together import train_epoch
from sk_jae.training.user_functions import noting
from sk_jae.training.validation_scores import ValidationScores

__all__ = ["EpochMonitor", "Trainer"]

# Durations differ between fits that are equal otherwise.
_NOT_IN_HISTORY = ("batches", "train_batch_count", "valid_batch_count", "dur")


T = TypeVar("T")
R = TypeVar("R")


class EpochMonitor(Protocol):
    """An object outside of the training that is told of every epoch."""

    def begin_epoch(self) -> None: ...

    def end_epoch(self) -> bool:
        """True asks to stop the phase."""

    def end(self) -> None: ...


class Trainer:
    """Trains the module of a skorch net in one phase after the other.

    For callbacks, each phase is a training of its own, which has its own history, its
    own optimizer and its own schedule of the learning rate.

    Parameters
    ----------
    net : JointNet
        The initialized net.
    phases : tuple of Phase
    train : TaskData
    valid : TaskData or None
        Other rows of the same arrays. With them, a phase ends as described in
        :class:`BestWeights`.
    seed : int
        Decides the order and the augmentation of the samples.
    lr_schedule : {"constant", "cosine"}
        How the learning rate changes in each phase, if no callback changes it.
    n_iter_no_change, tol : int, float
        See :class:`BestWeights`.
    monitor : EpochMonitor
    history : list of dict
        The rows of the fit that this one continues, or an empty list. A row is added
        for every epoch.
    class_prior : dict of {int: ndarray of shape (n_classes,)} or None, default=None
        The shares of the classes of the tasks of which they are known.
    keeper : Keeper or None, default=None
        Keeps the state of the training between epochs, from which it then goes on.

    Attributes
    ----------
    interrupted : int or None
        The epoch in which Ctrl-C ended the training.
    transfer : dict of {int: Transfer}
        What was found out about each unlabeled task.
    place : Place
        How far the training has come.
    finished : list of dict
        The rows of the epochs of earlier fits and phases.
    best : BestWeights or None
    adaptation : Adaptation or None
        Those of the present phase.
    """

    def __init__(
        self,
        net: JointNet,
        phases: tuple[Phase, ...],
        train: TaskData,
        valid: TaskData | None,
        *,
        seed: int,
        lr_schedule: str,
        n_iter_no_change: int,
        tol: float,
        monitor: EpochMonitor,
        history: list[dict[str, Any]],
        class_prior: Mapping[int, NDArray[np.float64]] | None = None,
        keeper: Keeper | None = None,
    ) -> None:
        self.net = net
        self.phases = phases
        self.data, self.valid = train, valid
        self.reader = train.reader(torch.device(net.device))
        self.seed = seed
        self.lr_schedule = lr_schedule
        self.n_iter_no_change, self.tol = n_iter_no_change, tol
        self.monitor = monitor
        self.class_prior = class_prior or {}
        self.interrupted: int | None = None
        self.transfer: dict[int, Transfer] = {}
        self.history = history
        self.continues = bool(history)
        self.lent = LentGenerators(torch.device(net.device))
        self.keeper = keeper
        self.place = Place()
        self.best: BestWeights | None = None
        self.adaptation: Adaptation | None = None
        self._n_done = 0
        self._own_code: list[str] | None = None
        self._batches: TrainingBatches | None = None
        self.finished: list[dict[str, Any]] = list(history)
        self.net.n_finished_epochs_ = len(history)
        self.net.terms_ = planned_terms(phases, net.augment)

    @property
    def module(self) -> JointModule:
        return self.net.module_

    @property
    def _epochs(self) -> list[dict[str, Any]]:
        return [*self.finished, *self.net.history]

    def _note_rows(self) -> None:
        """Bring `history` up to date."""
        rows = [row for row in self._epochs if "train_loss" in row]  # else interrupted
        # Callbacks may write to earlier rows.
        start = 0 if self.net.callbacks else max(0, len(self.history) - 1)
        self.history[start:] = [
            {key: value for key, value in row.items() if key not in _NOT_IN_HISTORY}
            for row in rows[start:]
        ]

    def take_over(self, earlier: OptimizerState | None) -> None:
        """Continue with the state of the optimizer of an earlier fit, if possible."""
        optimizer = self.net.optimizer_
        if earlier is None or OptimizerState.of(optimizer).name != earlier.name:
            return
        if len(self.phases) > 1:  # its state belongs to the last phase's loss
            return
        state = optimizer.state_dict()
        state["state"] = earlier.state
        optimizer.load_state_dict(state)

    def optimizer_state(self) -> OptimizerState:
        """What :meth:`take_over` takes."""
        return OptimizerState.of(self.net.optimizer_)

    def train(self) -> None:
        """Train in all phases, from the weights there are or from what was kept.

        Raises
        ------
        ValueError
            If the loss or a weight becomes NaN or infinite.
        KeyboardInterrupt
            If Ctrl-C comes before the first epoch is finished. Afterwards it ends the
            training, and `interrupted` says so.
        """
        try:
            kept = self._load()
            if kept and self.place.phase == len(self.phases):
                self._n_done = load_end(self, kept)
                self._note_rows()
                return
            for phase in self.phases[self.place.phase :]:
                self.finished += self.net.history
                self.net.begin_phase(phase)
                self.net.notify("on_train_begin", X=self.data, y=None)
                self._train_phase(phase, kept)
                kept = None
                self.net.notify("on_train_end", X=self.data, y=None)
                if self.interrupted:
                    break
                with self.lent.lent():
                    recalibrate(self.module, phase, self._batches_of_epochs())
                self.net.processes.average_statistics(self.module)
                keep_mixed_statistics(self.module)
                if phase is not self.phases[-1]:
                    self.net.initialize_optimizer()  # its state belongs to this phase
                self.place = Place(self.place.phase + 1)
            else:
                self._end()
        except KeyboardInterrupt:
            self._note_interruption()
        finally:
            keep_mixed_statistics(self.module)
            self.reader.close()
            self.module.eval()

    def _load(self) -> dict[str, Any] | None:
        """What was kept of an earlier training."""
        kept = self.keeper.load() if self.keeper else None
        if kept:
            load_begin(self, kept)
        return kept

    def _save(self) -> None:
        """Keep the state after an epoch."""
        if self.keeper and self.keeper.is_due(len(self._epochs)):
            self.keeper.save(state_dict(self))

    def _end(self) -> None:
        self._check_outputs()
        self.best = self.adaptation = None
        if self.keeper:
            self.keeper.save(state_dict(self), is_end=True)

    def _train_phase(self, phase: Phase, kept: dict[str, Any] | None) -> None:
        net = self.net
        valid = None
        times = Timetable.of(phase, net.augment, self.data.layouts)
        net.criterion_.start = times.start
        net.criterion_.consistency_start = times.consistency_start
        outputs = TaskOutputs(net, self.data, self.reader, self._step)
        adaptation = Adaptation(outputs, self.class_prior, times)
        self.adaptation = adaptation
        best = self.best = BestWeights(self.module, self.n_iter_no_change, self.tol)
        if self.valid is not None:
            everything = ValidationBatches(self.valid, net.batch_size, self.reader)
            valid = ValidationBatches(
                self.valid, net.batch_size, self.reader, net.processes
            )
            net.criterion_.scores = ValidationScores(
                self.module,
                everything,
                self.data.layouts,
                torch.device(net.device),
                losses=net.losses,
            )
            if self.continues and not kept:
                best.begin_with(self._step(net.validation_loss)(valid))
        try:
            with training_only(self.module, phase):
                if kept:
                    self._n_done = load_state(self, kept)
                    self._note_rows()
                else:  # callbacks may have changed the number of epochs
                    self.place = self.place.with_epochs(net.max_epochs)
                while not self.place.is_last:
                    net.criterion_.progress = self.place.progress
                    adaptation.begin_epoch(self.place.progress)
                    middle = (self.place.epoch + 0.5) / self.place.n_epochs
                    self._set_lr(adaptation.cosine(middle))
                    stop = self._run_epoch(valid, best)
                    self.place = self.place.after_epoch(stop)
                    self._save()
        except KeyboardInterrupt:
            self._note_interruption()
        finally:
            best.restore()
        check_weights(self.net)
        adaptation.end()
        self.transfer |= adaptation.found

    def _note_interruption(self) -> None:
        """Remember Ctrl-C, or raise it again if no epoch is finished."""
        if not self._n_done:
            raise
        self.interrupted = self.interrupted or len(self._epochs)
        self._note_rows()

    def _training_batches(self, epoch: int) -> TrainingBatches:
        net, known = self.net, self._batches
        settings = net.batch_size, net.processes  # which callbacks may change
        if known is None or (known.batch_size, known.processes) != settings:
            known = self._batches = TrainingBatches(
                self.data, net.batch_size, self.reader, self.seed, epoch, net.processes
            )
        return known.of_epoch(epoch)

    def _batches_of_epochs(self) -> Iterator[TrainingBatches]:
        """Batches as the next epochs would have them."""
        return map(self._training_batches, count(len(self._epochs)))

    def _draw_anew(self, epoch: int) -> None:
        """Let all draws of an epoch depend on the seed and its number alone."""
        net, words = self.net, self.net.processes.words
        device = torch.device(net.device)
        for name, augment in zip(self.data.names, net.criterion_.augment, strict=False):
            if isinstance(augment, RandomMap):
                augment.generator = generator_for(
                    self.seed, epoch, name, "augmentation", *words, device=device
                )
        self.lent.seed(self.seed, epoch, "user", *words)

    def _step(self, step: Callable[[T], R]) -> Callable[[T], R]:
        """The step, to which the global generators are lent if it runs own code."""
        if self._own_code is None or self.net.callbacks:  # which may change modules
            self._own_code = self.net.own_code
        own_code = self._own_code
        if not own_code:
            return step

        def lent_step(batch: T) -> R:
            with self.lent.lent(), noting(own_code):
                return step(batch)

        return lent_step

    def _run_epoch(self, valid: ValidationBatches | None, best: BestWeights) -> bool:
        """Train for an epoch; True if it is the last of the phase."""
        net = self.net
        data = {"dataset_train": self.data, "dataset_valid": self.valid}
        epoch = len(self._epochs)
        self._draw_anew(epoch)
        self.monitor.begin_epoch()
        net.notify("on_epoch_begin", **data)
        if len(self.phases) > 1:
            net.history.record("phase", net.phase_.name)
        batches = self._training_batches(epoch)
        train_epoch(EpochOfTraining(net, batches, partial(self._train_alone, epoch)))
        net.processes.average_statistics(self.module)
        check_loss(net, net.history[-1])
        net.run_single_epoch(valid, False, "valid", self._step(net.validation_step))
        self._note_rows()
        stop = False
        try:
            net.notify("on_epoch_end", **data)
        except KeyboardInterrupt:
            # skorch's EarlyStopping ends a training in the same way as Ctrl-C does.
            if not net.stopped_early:
                raise
            stop = True
        stop |= self.monitor.end_epoch()
        if valid is not None:
            stop |= best.update(net.history[-1, "valid_loss"])
        self._note_rows()  # with what callbacks have recorded
        self._n_done += 1
        return net.processes.after_epoch(self.module, stop)

    def _train_alone(self, epoch: int) -> None:
        """Train for an epoch, which may have been begun together with other nets."""
        self._draw_anew(epoch)
        train_step = partial(self.net.train_step, outside=self.lent.given_back)
        self.net.run_single_epoch(
            self._training_batches(epoch), True, "train", self._step(train_step)
        )

    def _set_lr(self, factor: float) -> None:
        """Set the learning rates of an epoch, if the schedule is the cosine."""
        if self.lr_schedule == "cosine" and not self.net.has_scheduler:
            for group in self.net.optimizer_.param_groups:
                # As torch's schedulers do, so that groups of the user keep their ratio.
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def _check_outputs(self) -> None:
        batches = ValidationBatches(self.data, self.net.batch_size, self.reader)
        self.net.set_training(False)
        outputs = self._step(partial(outputs_of, self.module))
        with torch.no_grad():
            check_outputs(self.net, outputs(next(iter(batches))))
