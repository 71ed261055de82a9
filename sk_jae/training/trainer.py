"""The trainer: phases, epochs, learning rates, the best weights, and when to stop."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from sk_jae.nn import JointModule, TaskBatchNorm
from sk_jae.training.batches import TaskData, TrainingBatches, ValidationBatches
from sk_jae.training.net import JointNet
from sk_jae.training.objective import TERMS, Phase
from sk_jae.training.stopping import BestWeights

__all__ = ["EpochMonitor", "OptimizerState", "Trainer"]

# A running mean with momentum 0.1 has then forgotten all but half a percent.
_RECALIBRATION_STEPS = 50

_NOT_IN_HISTORY = ("batches", "train_batch_count", "valid_batch_count")


class EpochMonitor(Protocol):
    """Someone outside of the training who is told of every epoch."""

    def begin_epoch(self) -> None: ...

    def end_epoch(self) -> bool:
        """True asks to stop the phase."""

    def end(self) -> None: ...


@dataclass
class OptimizerState:
    """What an optimizer has learned of the parameters, in their order."""

    optimizer: type[torch.optim.Optimizer]
    state: dict[int, dict[str, Tensor]]


class Trainer:
    """Trains the module of a skorch net in one phase after the other.

    To callbacks, each phase is a training of its own: with its own history and
    optimizer, and a schedule of the learning rate anew.

    Parameters
    ----------
    net : JointNet
        Initialized.
    phases : tuple of Phase
    train : TaskData
    valid : TaskData or None
        Other rows of the same arrays. With them, a phase ends as described in
        :class:`BestWeights`.
    seed : int
        Decides the order of the samples.
    lr_schedule : {"constant", "cosine"}
        How the learning rate goes on in each phase, if no callback decides.
    n_iter_no_change, tol : int, float
        See :class:`BestWeights`.
    monitor : EpochMonitor
    earlier : list of dict, default=()
        The rows of the history of the fit that this one continues.

    Attributes
    ----------
    interrupted : int or None
        The epoch in which Ctrl-C ended the training.
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
        earlier: tuple[dict[str, Any], ...] = (),
    ) -> None:
        self.net = net
        self.phases = phases
        self.data, self.valid = train, valid
        self.reader = train.reader(torch.device(net.device))
        self.seed = seed
        self.lr_schedule = lr_schedule
        self.n_iter_no_change, self.tol = n_iter_no_change, tol
        self.monitor = monitor
        self.interrupted: int | None = None
        self._finished: list[dict[str, Any]] = list(earlier)
        self.net.n_finished_epochs_ = len(earlier)

    @property
    def module(self) -> JointModule:
        return self.net.module_

    @property
    def _epochs(self) -> list[dict[str, Any]]:
        return [*self._finished, *self.net.history]

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per epoch of all phases and of the fits that this one continues."""
        return [
            {key: value for key, value in row.items() if key not in _NOT_IN_HISTORY}
            for row in self._epochs
            if "train_loss" in row  # else interrupted
        ]

    def take_over(self, earlier: OptimizerState | None) -> None:
        """Go on with the state of the optimizer of an earlier fit, if it fits."""
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
        """Train in all phases, from the weights there are."""
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

    def _train_phase(self, phase: Phase) -> None:
        net = self.net
        batches = self._training_batches()
        valid = None
        if self.valid is not None:
            valid = ValidationBatches(self.valid, net.batch_size, self.reader)
        best = BestWeights(self.module, self.n_iter_no_change, self.tol)
        try:
            with self._training_only(phase.trainable_prefixes):
                for epoch in range(net.max_epochs):
                    net.criterion_.progress = epoch / net.max_epochs
                    self._set_lr((epoch + 0.5) / net.max_epochs)
                    if self._run_epoch(batches, valid, best):
                        break
        except KeyboardInterrupt:
            self.interrupted = max(len(self._epochs), 1)
        finally:
            best.restore()
            self.module.eval()

    def _training_batches(self) -> TrainingBatches:
        seed = self.seed + len(self._epochs)
        return TrainingBatches(self.data, self.net.batch_size, self.reader, seed)

    def _run_epoch(
        self,
        batches: TrainingBatches,
        valid: ValidationBatches | None,
        best: BestWeights,
    ) -> bool:
        """Train for an epoch; True if it is the last of the phase."""
        net = self.net
        data = {"dataset_train": self.data, "dataset_valid": self.valid}
        self.monitor.begin_epoch()
        net.notify("on_epoch_begin", **data)
        if len(self.phases) > 1:
            net.history.record("phase", net.phase_.name)
        net.run_single_epoch(batches, True, "train", net.train_step)
        self._check_finite(net.history[-1])
        net.run_single_epoch(valid, False, "valid", net.validation_step)
        stop = False
        try:
            net.notify("on_epoch_end", **data)
        except KeyboardInterrupt:
            # This is how skorch's EarlyStopping ends a training, and Ctrl-C as well.
            if not net.stopped_early:
                raise
            stop = True
        stop |= self.monitor.end_epoch()
        if valid is not None:
            stop |= best.update(net.history[-1, "valid_loss"])
        return stop

    def _set_lr(self, progress: float) -> None:
        """Set the learning rate of the epoch in whose middle so much is over."""
        if self.lr_schedule == "cosine" and not self.net.has_scheduler:
            for group in self.net.optimizer_.param_groups:
                group["lr"] = self.net.lr * (1 + math.cos(math.pi * progress)) / 2

    def _check_finite(self, row: Mapping[str, Any]) -> None:
        if math.isfinite(row["train_loss"]):
            return
        names = [
            name
            for name in self.module.names
            for term in TERMS
            if not math.isfinite(row.get(f"train_{term}_{name}", 0.0))
        ]
        of_task = f" of task {names[0]!r}" if names else ""
        raise ValueError(
            f"The loss{of_task} became {row['train_loss']} in epoch {row['epoch']}, so "
            f"training stopped; try a smaller lr than {self.net.lr}, or scale the data "
            "to about unit size."
        )

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
        """Measure anew what normalizes the tasks that this phase did not train on.

        The tied layers have changed since, or the task has never been seen at all.
        """
        prefixes = phase.trainable_prefixes
        if prefixes is not None and "tied." not in prefixes:
            return
        left_out = [t for t in range(len(self.data.names)) if not phase.trains_on(t)]
        if not left_out or not any(
            isinstance(m, TaskBatchNorm) for m in self.module.modules()
        ):
            return
        n_steps = 0
        self.module.train()
        with torch.no_grad():
            while n_steps < _RECALIBRATION_STEPS:
                for batch in self._training_batches():
                    self.module(
                        [
                            x if t in left_out else None
                            for t, x in enumerate(batch.inputs)
                        ]
                    )
                    n_steps += 1
        self.module.eval()
