"""The skorch net that trains a joint module."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

import torch
from skorch import NeuralNet
from skorch.callbacks import (
    EarlyStopping,
    EpochTimer,
    LRScheduler,
    PrintLog,
    ProgressBar,
)
from skorch.utils import TeeGenerator
from torch import Tensor

from sk_jae.nn import JointModule, ReconstructionLoss, TaskBatchNorm
from sk_jae.training.batches import (
    Batch,
    TaskData,
    TrainingBatches,
    ValidationBatches,
)
from sk_jae.training.objective import TERMS, JointLoss, Phase, TermKey
from sk_jae.training.stopping import BestWeights

# A running mean with momentum 0.1 has then forgotten all but half a percent.
_RECALIBRATION_STEPS = 50

__all__ = ["EpochMonitor", "JointNet"]


class EpochMonitor(Protocol):
    """Someone outside of the net who is told of every epoch."""

    def begin_epoch(self) -> None: ...

    def end_epoch(self) -> bool:
        """True asks to stop the phase."""


class JointNet(NeuralNet):
    """A skorch net whose data set is a `TaskData` and whose batches are `Batch`.

    Differs from skorch's own loop where that would wait for the device at every step:
    losses add up on the device and are read once per epoch. The history has them per
    epoch only; callbacks get each batch's loss as a tensor in ``on_batch_end(...,
    loss=...)``. As there is no one prediction per batch, `y_pred` is None there, and
    scoring callbacks call their function with the `TaskData`.

    Parameters
    ----------
    module : JointModule
        Trained in place.
    phases : tuple of Phase
        Trained one after the other. To callbacks, each is a training of its own: with
        its own history and optimizer, and a schedule of the learning rate anew.
    loss : str or callable
        See :func:`sk_jae.losses.reconstruction_loss`.
    precision : {"float32", "bfloat16"}
    seed : int
        Decides the order of the samples.
    n_iter_no_change, tol : int, float
        See `BestWeights`, which is used if there is `valid`.
    augment : tuple of (callable or None), default=()
        What maps the inputs of each task at random while training.
    valid : TaskData or None, default=None
        Validation data.
    lr_schedule : {"constant", "cosine"}, default="constant"
        How the learning rate goes on from `lr` in each phase, if no callback decides.
    monitor : EpochMonitor or None, default=None
    **kwargs
        See :class:`skorch.NeuralNet`.

    Attributes
    ----------
    interrupted_ : int or None
        The epoch in which Ctrl-C ended the training.
    """

    module: JointModule
    module_: JointModule
    criterion_: JointLoss
    optimizer_: Any
    history: Any
    interrupted_: int | None

    def __init__(
        self,
        module: JointModule,
        *,
        phases: tuple[Phase, ...],
        loss: ReconstructionLoss,
        precision: str,
        seed: int,
        n_iter_no_change: int,
        tol: float,
        augment: tuple[Callable[[Tensor], Tensor] | None, ...] = (),
        valid: TaskData | None = None,
        lr_schedule: str = "constant",
        monitor: EpochMonitor | None = None,
        **kwargs: Any,
    ) -> None:
        self.phases = phases
        self.loss = loss
        self.precision = precision
        self.seed = seed
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.augment = augment
        self.valid = valid
        self.lr_schedule = lr_schedule
        self.monitor = monitor
        super().__init__(module, JointLoss, use_caching=False, **kwargs)

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        callbacks: list[tuple[str, Any]] = [("epoch_timer", EpochTimer())]
        if self.verbose:
            # The terms, which history_ has, would not fit a line, and some begin later
            # than the header.
            names = ["batch_count", *TERMS]
            for term in TERMS:
                names += [f"{term}_{name}" for name in self.module.names]
            ignored = [
                f"{part}_{name}" for part in ("train", "valid") for name in names
            ]
            callbacks.append(("print_log", PrintLog(keys_ignored=ignored)))
        if self.verbose > 1:
            callbacks.append(("progress_bar", ProgressBar()))
        return callbacks

    def initialize_module(self) -> JointNet:
        self.module_ = self.module
        return self

    def initialize_criterion(self) -> JointNet:
        self.criterion_ = JointLoss(self.loss, self.augment)
        return self

    def get_split_datasets(
        self, X: TaskData, y: Any = None, **fit_params: Any
    ) -> tuple[TaskData, TaskData | None]:
        return X, self.valid

    def get_iterator(self, dataset: TaskData, training: bool = False) -> Any:
        device = torch.device(self.device)
        if training:
            seed = self.seed + len(self.all_epochs)
            return TrainingBatches(dataset, self.batch_size, device, seed)
        return ValidationBatches(dataset, self.batch_size, device)

    @property
    def all_epochs(self) -> list[dict[str, Any]]:
        """The rows of the histories of all phases."""
        return [*self.finished_epochs_, *self.history]

    def initialize_history(self) -> JointNet:
        super().initialize_history()
        self.finished_epochs_: list[dict[str, Any]] = []
        return self

    def on_epoch_begin(self, net: Any, **kwargs: Any) -> None:
        self.history.new_epoch()
        self.history.record("epoch", len(self.all_epochs))

    def on_batch_begin(self, net: Any, batch: Any = None, **kwargs: Any) -> None:
        # A row per batch is for callbacks to write to; most stay empty, and one of
        # those is enough.
        rows = self.history[-1]["batches"]
        if not rows or rows[-1]:
            self.history.new_batch()

    def partial_fit(
        self, X: TaskData, y: Any = None, classes: Any = None, **fit_params: Any
    ) -> JointNet:
        """Train in all phases, from the weights there are."""
        self.interrupted_ = None
        for phase in self.phases:
            self.phase_ = phase
            self.finished_epochs_ += self.history
            self.history.clear()
            self.best_loss_ = {"train": math.inf, "valid": math.inf}
            super().partial_fit(X)
            if self.interrupted_:
                break
            self._recalibrate_batch_norm(X, phase)
            if phase is not self.phases[-1]:
                self.initialize_optimizer()  # its state belongs to this phase's loss
        return self

    def fit_loop(
        self, X: TaskData, y: Any = None, epochs: int | None = None, **fit_params: Any
    ) -> JointNet:
        """Train in one phase."""
        train, valid = self.get_split_datasets(X)
        iterators = (
            self.get_iterator(train, training=True),
            None if valid is None else self.get_iterator(valid),
        )
        on_epoch = {"dataset_train": train, "dataset_valid": valid}
        best = BestWeights(self.module_, self.n_iter_no_change, self.tol)
        try:
            with self._training_only(self.phase_.trainable_prefixes):
                n_epochs = epochs or self.max_epochs
                for epoch in range(n_epochs):
                    self.criterion_.progress = epoch / n_epochs
                    self._set_lr((epoch + 0.5) / n_epochs)
                    if self._run_epoch(iterators, on_epoch, best):
                        break
        except KeyboardInterrupt:
            self.interrupted_ = max(len(self.all_epochs), 1)
        finally:
            best.restore()
            self.module_.eval()
        return self

    def _set_lr(self, progress: float) -> None:
        """Set the learning rate of the epoch in whose middle so much is over."""
        scheduled = any(isinstance(c, LRScheduler) for _, c in self.callbacks_)
        if self.lr_schedule == "cosine" and not scheduled:
            for group in self.optimizer_.param_groups:
                group["lr"] = self.lr * (1 + math.cos(math.pi * progress)) / 2

    def _recalibrate_batch_norm(self, data: TaskData, phase: Phase) -> None:
        """Measure anew what normalizes the tasks that this phase did not train on.

        The tied layers have changed since, or the task has never been seen at all.
        """
        if (
            phase.trainable_prefixes is not None
            and "tied." not in phase.trainable_prefixes
        ):
            return
        names = data.names
        left_out = [t for t in range(len(names)) if not phase.trains_on(t)]
        normalizes = any(isinstance(m, TaskBatchNorm) for m in self.module_.modules())
        if not left_out or not normalizes:
            return
        n_steps = 0
        self._set_training(True)
        with torch.no_grad():
            while n_steps < _RECALIBRATION_STEPS:
                for batch in self.get_iterator(data, training=True):
                    inputs = batch.inputs
                    self.module_(
                        [x if t in left_out else None for t, x in enumerate(inputs)]
                    )
                    n_steps += 1
        self._set_training(False)

    @contextmanager
    def _training_only(self, names: tuple[str, ...] | None) -> Iterator[None]:
        """Freeze the parameters whose names start with none of `names`."""
        frozen = [
            parameter
            for name, parameter in self.module_.named_parameters()
            if names is not None
            and parameter.requires_grad
            and not name.startswith(names)
        ]
        for parameter in frozen:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in frozen:
                parameter.requires_grad_(True)

    def _run_epoch(
        self, iterators: tuple[Any, Any], on_epoch: dict[str, Any], best: BestWeights
    ) -> bool:
        """Train for an epoch; True if it is the last of the phase."""
        if self.monitor is not None:
            self.monitor.begin_epoch()
        self.notify("on_epoch_begin", **on_epoch)
        if len(self.phases) > 1:
            self.history.record("phase", self.phase_.name)
        self.run_single_epoch(iterators[0], True, "train", self.train_step)
        self._check_finite()
        self.run_single_epoch(iterators[1], False, "valid", self.validation_step)
        stop = False
        try:
            self.notify("on_epoch_end", **on_epoch)
        except KeyboardInterrupt:
            # This is how skorch's EarlyStopping ends a training, and Ctrl-C as well.
            if not self._has_stopped_early():
                raise
            stop = True
        if self.monitor is not None:
            stop |= self.monitor.end_epoch()
        if iterators[1] is not None:
            stop |= best.update(self.history[-1, "valid_loss"])
        return stop

    def _has_stopped_early(self) -> bool:
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ >= callback.patience
            for _, callback in self.callbacks_
        )

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        if iterator is None:
            return
        self._set_training(training)
        sums: dict[TermKey, Tensor] = {}
        counts: dict[TermKey, Tensor | int] = {}
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            for key, (value, n) in step["terms"].items():
                sums[key] = value * n + sums.get(key, 0.0)
                counts[key] = n + counts.get(key, 0)
            self.notify("on_batch_end", batch=batch, training=training, **step)
        self._record(prefix, self._means(sums, counts))
        self.history.record(f"{prefix}_batch_count", len(iterator))

    def _means(
        self, sums: dict[TermKey, Tensor], counts: dict[TermKey, Tensor | int]
    ) -> dict[TermKey, float]:
        """The epoch's mean over samples of every term, read from the device at once."""
        if not sums:
            return {}
        device = torch.device(self.device)
        numbers = [torch.as_tensor(counts[key], device=device) for key in sums]
        both = torch.stack([*sums.values(), *numbers]).tolist()
        pairs = zip(sums, both[: len(sums)], both[len(sums) :], strict=True)
        return {key: total / n for key, total, n in pairs if n}

    def _record(self, prefix: str, means: dict[TermKey, float]) -> None:
        weights = self.phase_.weights
        loss = sum(weights[term][t] * mean for (term, t), mean in means.items())
        if not means:
            loss = math.nan
        self.history.record(f"{prefix}_loss", loss)
        # skorch's callbacks look for this mark.
        self.history.record(f"{prefix}_loss_best", loss < self.best_loss_[prefix])
        self.best_loss_[prefix] = min(self.best_loss_[prefix], loss)
        for term in TERMS:
            found = [mean for (name, _), mean in means.items() if name == term]
            if found:
                self.history.record(f"{prefix}_{term}", sum(found) / len(found))
        for (term, t), mean in means.items():
            self.history.record(f"{prefix}_{term}_{self.module_.names[t]}", mean)

    def train_step(self, batch: Batch, **params: Any) -> dict[str, Any]:
        self.optimizer_.zero_grad(set_to_none=True)
        bfloat16 = self.precision == "bfloat16"
        device = torch.device(self.device).type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
            loss, terms = self.criterion_(self.module_, batch, self.phase_)
        if loss.requires_grad:
            loss.backward()
            self.notify(
                "on_grad_computed",
                named_parameters=TeeGenerator(self.get_all_learnable_params()),
                batch=batch,
                training=True,
            )
            self.optimizer_.step()
        return {"loss": loss.detach(), "terms": terms, "y_pred": None}

    def validation_step(self, batch: Batch, **params: Any) -> dict[str, Any]:
        with torch.no_grad():
            loss, terms = self.criterion_(self.module_, batch, self.phase_)
        return {"loss": loss, "terms": terms, "y_pred": None}

    def _check_finite(self) -> None:
        row = self.history[-1]
        if not math.isfinite(row["train_loss"]):
            names = [
                name
                for name in self.module_.names
                for term in TERMS
                if not math.isfinite(row.get(f"train_{term}_{name}", 0.0))
            ]
            of_task = f" of task {names[0]!r}" if names else ""
            raise ValueError(
                f"The loss{of_task} became {row['train_loss']} in epoch "
                f"{row['epoch']}, so training stopped; try a smaller lr than "
                f"{self.lr}, or scale the data to about unit size."
            )

    def continue_from(self, net: JointNet) -> None:
        """Take over the history and the optimizer's state of the module's last net."""
        self.finished_epochs_ = net.all_epochs
        alike = type(net.optimizer_) is type(self.optimizer_)
        if alike and len(self.phases) == 1:
            state = self.optimizer_.state_dict()
            state["state"] = net.optimizer_.state_dict()["state"]
            self.optimizer_.load_state_dict(state)

    def release(self, *, keep_optimizer: bool) -> None:
        """Let go of the data and of all else that only training needs."""
        self.valid = self.monitor = None
        self.augment = self.criterion_.augment = ()
        self.optimizer_.zero_grad(set_to_none=True)
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None  # holds the optimizer
        if not keep_optimizer:
            self.optimizer_ = None

    def __getstate__(self) -> dict[str, Any]:
        # A checkpoint in the middle of training must not hold the data, and none the
        # module twice.
        slim = object.__new__(type(self))
        slim.__dict__.update(self.__dict__, module=None, valid=None, monitor=None)
        return NeuralNet.__getstate__(slim)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.module = self.module_
