"""The trainer: phases, epochs, learning rates, the best weights, early stopping."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.nn import JointModule, RandomAffine, TaskBatchNorm
from sk_jae.training.adaptation import Adaptation, Transfer
from sk_jae.training.batches import (
    TaskData,
    TrainingBatches,
    ValidationBatches,
)
from sk_jae.training.divergence import (
    check_loss,
    check_outputs,
    check_weights,
    outputs_of,
)
from sk_jae.training.epoch_table import planned_terms
from sk_jae.training.isolation import LentGenerators, generator_for
from sk_jae.training.net import JointNet
from sk_jae.training.objective import Phase
from sk_jae.training.stacked_epoch import EpochOfTraining
from sk_jae.training.stopping import BestWeights
from sk_jae.training.together import train_epoch
from sk_jae.training.user_functions import noting
from sk_jae.training.validation_scores import ValidationScores

__all__ = ["EpochMonitor", "OptimizerState", "Trainer"]

# After so many steps, a running mean with momentum 0.1 keeps half a percent of its
# first value.
_RECALIBRATION_STEPS = 50

_NOT_IN_HISTORY = ("batches", "train_batch_count", "valid_batch_count")


T = TypeVar("T")
R = TypeVar("R")


class EpochMonitor(Protocol):
    """An object outside of the training that is told of every epoch."""

    def begin_epoch(self) -> None: ...

    def end_epoch(self) -> bool:
        """True asks to stop the phase."""

    def end(self) -> None: ...


@dataclass
class OptimizerState:
    """The state of an optimizer, by the position of the parameter."""

    optimizer: type[torch.optim.Optimizer]
    state: dict[int, dict[str, Tensor]]


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

    Attributes
    ----------
    interrupted : int or None
        The epoch in which Ctrl-C ended the training.
    transfer : dict of {int: Transfer}
        What was found out about each unlabeled task.
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
        self._n_done = 0
        self._finished: list[dict[str, Any]] = list(history)
        self.net.n_finished_epochs_ = len(history)
        self.net.terms_ = planned_terms(phases, net.augment)

    @property
    def module(self) -> JointModule:
        return self.net.module_

    @property
    def _epochs(self) -> list[dict[str, Any]]:
        return [*self._finished, *self.net.history]

    def _rows(self) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in row.items() if key not in _NOT_IN_HISTORY}
            for row in self._epochs
            if "train_loss" in row  # else interrupted
        ]

    def take_over(self, earlier: OptimizerState | None) -> None:
        """Continue with the state of the optimizer of an earlier fit, if possible."""
        optimizer = self.net.optimizer_
        if earlier is None or type(optimizer) is not earlier.optimizer:
            return
        if len(self.phases) > 1:  # its state belongs to the last phase's loss
            return
        state = optimizer.state_dict()
        state["state"] = earlier.state
        optimizer.load_state_dict(state)

    def optimizer_state(self) -> OptimizerState:
        """What :meth:`take_over` takes."""
        optimizer = self.net.optimizer_
        return OptimizerState(type(optimizer), optimizer.state_dict()["state"])

    def train(self) -> None:
        """Train in all phases, from the weights there are.

        Raises
        ------
        ValueError
            If the loss or a weight becomes NaN or infinite.
        KeyboardInterrupt
            If Ctrl-C comes before the first epoch is finished. Afterwards it ends the
            training, and `interrupted` says so.
        """
        try:
            for phase in self.phases:
                self._finished += self.net.history
                self.net.begin_phase(phase)
                self.net.notify("on_train_begin", X=self.data, y=None)
                self._train_phase(phase)
                self.net.notify("on_train_end", X=self.data, y=None)
                if self.interrupted:
                    break
                self._recalibrate_batch_norm(phase)
                if phase is not self.phases[-1]:
                    self.net.initialize_optimizer()  # its state belongs to this phase
            else:
                self._check_outputs()
        except KeyboardInterrupt:
            self._note_interruption()
        finally:
            self.module.eval()

    def _train_phase(self, phase: Phase) -> None:
        net = self.net
        valid = None
        adaptation = Adaptation(
            net, self.data, self.reader, self.class_prior, self._step
        )
        best = BestWeights(self.module, self.n_iter_no_change, self.tol)
        if self.valid is not None:
            valid = ValidationBatches(self.valid, net.batch_size, self.reader)
            net.criterion_.scores = ValidationScores(
                self.module,
                valid,
                self.data.layouts,
                torch.device(net.device),
                gives_logits=net.reconstruction_loss == "bce",
            )
            if self.continues:
                best.begin_with(self._step(net.validation_loss)(valid))
        try:
            with self._training_only(phase.trainable_prefixes):
                n_epochs = net.max_epochs  # which callbacks may change
                for epoch in range(n_epochs):
                    net.criterion_.progress = epoch / n_epochs
                    adaptation.begin_epoch(epoch / n_epochs)
                    self._set_lr((epoch + 0.5) / n_epochs)
                    if self._run_epoch(valid, best):
                        break
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
        self.history[:] = self._rows()

    def _training_batches(self, epoch: int) -> TrainingBatches:
        return TrainingBatches(
            self.data, self.net.batch_size, self.reader, self.seed, epoch
        )

    def _draw_anew(self, epoch: int) -> None:
        """Let all draws of an epoch depend on the seed and its number alone."""
        net = self.net
        device = torch.device(net.device)
        for name, augment in zip(self.data.names, net.criterion_.augment, strict=False):
            if isinstance(augment, RandomAffine):
                augment.generator = generator_for(
                    self.seed, epoch, name, "augmentation", device=device
                )
        self.lent.seed(self.seed, epoch, "user")

    def _step(self, step: Callable[[T], R]) -> Callable[[T], R]:
        """The step, to which the global generators are lent if it runs own code."""
        own_code = self.net.own_code
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
        batches = self._training_batches(epoch)
        self.monitor.begin_epoch()
        net.notify("on_epoch_begin", **data)
        if len(self.phases) > 1:
            net.history.record("phase", net.phase_.name)
        train_step = partial(net.train_step, outside=self.lent.given_back)
        step = self._step(train_step)
        alone = partial(net.run_single_epoch, batches, True, "train", step)
        train_epoch(EpochOfTraining(net, batches, alone))
        check_loss(net, net.history[-1])
        net.run_single_epoch(valid, False, "valid", self._step(net.validation_step))
        self.history[:] = self._rows()
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
        self.history[:] = self._rows()  # with what callbacks have recorded
        self._n_done += 1
        return stop

    def _set_lr(self, progress: float) -> None:
        """Set the learning rates for this fraction of the epochs."""
        if self.lr_schedule == "cosine" and not self.net.has_scheduler:
            factor = (1 + math.cos(math.pi * progress)) / 2
            for group in self.net.optimizer_.param_groups:
                # As torch's schedulers do, so that groups of the user keep their ratio.
                group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor

    def _check_outputs(self) -> None:
        batches = ValidationBatches(self.data, self.net.batch_size, self.reader)
        self.net.set_training(False)
        outputs = self._step(partial(outputs_of, self.module))
        with torch.no_grad():
            check_outputs(self.net, outputs(next(iter(batches))))

    @contextmanager
    def _training_only(self, prefixes: tuple[str, ...] | None) -> Iterator[None]:
        """Freeze all parameters but those whose names start with one of `prefixes`."""
        frozen = [
            parameter
            for name, parameter in self.module.named_parameters()
            if prefixes is not None
            and parameter.requires_grad
            and not name.startswith(prefixes)
        ]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)

    def _recalibrate_batch_norm(self, phase: Phase) -> None:
        """Compute again the batch statistics of tasks that this phase did not train.

        The tied layers have changed since, or the task has not been seen at all.
        """
        prefixes = phase.trainable_prefixes
        if prefixes is not None and "tied." not in prefixes:
            return
        left_out = [t for t in range(len(self.data.names)) if not phase.trains_on(t)]
        if not left_out or not any(
            isinstance(m, TaskBatchNorm) for m in self.module.modules()
        ):
            return
        n_steps, epoch = 0, len(self._epochs)
        self.module.train()
        with torch.no_grad(), self.lent.lent():
            while n_steps < _RECALIBRATION_STEPS:
                for batch in self._training_batches(epoch):
                    inputs = enumerate(batch.inputs)
                    self.module([x if t in left_out else None for t, x in inputs])
                    n_steps += 1
                epoch += 1
        self.module.eval()
