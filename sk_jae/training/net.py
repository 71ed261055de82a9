"""The skorch net: single steps, the history, skorch's callbacks and the optimizer.

What it relies on beyond skorch's documented interface, all in this file and in
:mod:`sk_jae.training.trainer`:

- `NeuralNet._default_callbacks` has the callbacks that every net gets;
- `NeuralNet` pickles itself with its `module_`, `criterion_` and `optimizer_`;
- callbacks look in the history for ``<name>_best`` in addition to ``<name>``;
- `EarlyStopping` ends a training by a KeyboardInterrupt and counts `misses_`;
- `LRScheduler` keeps `lr_scheduler_`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sized
from contextlib import AbstractContextManager, nullcontext
from itertools import product
from typing import Any, Protocol, Self, TypeAlias

import torch
from skorch.callbacks import EarlyStopping, EpochTimer, LRScheduler
from skorch.utils import TeeGenerator
from torch import Tensor

from sk_jae.nn import JointModule, RandomMap, ReconstructionLoss, evaluate_fixed
from sk_jae.training.batches import Batch
from sk_jae.training.compilation import CompiledCall
from sk_jae.training.epoch_table import EpochTable
from sk_jae.training.isolation import global_generators
from sk_jae.training.objective import (
    TERMS,
    JointLoss,
    Phase,
    TermKey,
    WeightedMean,
    add_terms,
)
from sk_jae.training.optimizers import (
    check_optimizer,
    naming_optimizer,
    needs_closure,
    step_with_closure,
)
from sk_jae.training.processes import ALONE, Processes
from sk_jae.training.progress_bar import ProgressBar
from sk_jae.training.refusing_net import RefusingNet
from sk_jae.training.units import Units
from sk_jae.training.user_functions import own_code
from sk_jae.training.validation_scores import SCORES

__all__ = ["JointNet"]

Terms: TypeAlias = dict[TermKey, WeightedMean]
Outside: TypeAlias = Callable[[], AbstractContextManager[None]]


class Batches(Iterable[Batch], Sized, Protocol):
    """The batches of one epoch."""


class JointNet(RefusingNet):
    """A skorch net whose batches hold samples of several tasks.

    A :class:`~sk_jae.training.Trainer` calls its steps. Callbacks find in it the
    attributes of any net: `module_`, `optimizer_`, `criterion_`, `history`. It refuses
    methods that need one array of samples, such as `predict`.

    skorch's own loop waits for the device at every step. Here the losses are added up
    on the device and read once per epoch, so that the history has them per epoch only.
    Callbacks receive the loss of a batch as a tensor in ``on_batch_end(...,
    loss=...)``. A batch has no single prediction, so `y_pred` is None there.

    Parameters
    ----------
    module : JointModule
        Trained in place.
    reconstruction_loss : str or callable, or tuple of these
        See :func:`sk_jae.nn.reconstruction_loss`.
    augment : tuple of (callable or None)
        The functions that change the samples of each task at random during training.
    units : dict of {(str, int): float}
        The values that the terms of each task are divided by.
    class_weight : Tensor of shape (n_classes,) or None
        How much the samples of each class count in the classification.
    precision : {"float32", "bfloat16"}
    owner : str
        The name of the estimator, for messages.
    **kwargs
        See :class:`skorch.NeuralNet`.

    Attributes
    ----------
    phase_ : Phase
        What is being trained, and with which weights.
    n_finished_epochs_ : int
        Number of epochs of earlier phases and fits, which are not in `history`.
    terms_ : dict of {str: tuple of int}
        The terms that the training computes at some time, each with its tasks.
    processes : Processes
        Those that train this net together.
    """

    module_: JointModule
    criterion_: JointLoss
    phase_: Phase

    def __init__(
        self,
        module: JointModule | type[JointModule],
        *,
        reconstruction_loss: ReconstructionLoss | tuple[ReconstructionLoss, ...],
        augment: tuple[Callable[[Tensor], Tensor] | None, ...],
        units: Units,
        class_weight: Tensor | None,
        precision: str,
        owner: str,
        **kwargs: Any,
    ) -> None:
        self.reconstruction_loss = reconstruction_loss
        self.augment = augment
        self.units = units
        self.class_weight = class_weight
        self.precision = precision
        self.owner = owner
        self.n_finished_epochs_ = 0
        self.terms_: dict[str, tuple[int, ...]] = {}
        self.processes = ALONE
        super().__init__(
            module, JointLoss, train_split=None, use_caching=False, **kwargs
        )

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        callbacks: list[tuple[str, Any]] = [("epoch_timer", EpochTimer())]
        if self.verbose:
            callbacks.append(("print_log", EpochTable()))
            callbacks.append(("progress_bar", ProgressBar()))
        return callbacks

    def initialize_module(self) -> Self:
        self.module_ = self.module
        # As a class, as most users of skorch pass it: a pickle of the net would hold
        # the instance twice.
        self.module = type(self.module_)
        return self

    def initialize_criterion(self) -> Self:
        self.criterion_ = JointLoss(
            self.reconstruction_loss, self.augment, self.units, self.class_weight
        )
        self.objective_ = CompiledCall(self.criterion_)
        return self

    def initialize_callbacks(self) -> Self:
        try:
            super().initialize_callbacks()
        except Exception as error:
            error.add_note("It was raised when the list in callbacks was read.")
            raise
        return self

    def initialize_optimizer(self, triggered_directly: object = None) -> Self:
        with naming_optimizer(self.optimizer):
            super().initialize_optimizer()
        parameters = [p for _, p in self.get_all_learnable_params()]
        check_optimizer(self.optimizer_, parameters)
        self.needs_closure_ = needs_closure(self.optimizer_)
        return self

    def notify(self, method_name: str, **cb_kwargs: Any) -> None:
        getattr(self, method_name)(self, **cb_kwargs)
        n_rows = len(self.history)
        for name, callback in self.callbacks_:
            try:
                getattr(callback, method_name)(self, **cb_kwargs)
            except Exception as error:
                error.add_note(f"It was raised by {name!r} of callbacks.")
                raise
            if len(self.history) != n_rows:
                raise ValueError(
                    f"{name!r} of callbacks has removed rows of net.history in "
                    f"{method_name}, expected it to leave them there."
                )

    @property
    def stopped_early(self) -> bool:
        """Whether skorch's `EarlyStopping` has asked for the end."""
        return any(
            isinstance(callback, EarlyStopping)
            and callback.misses_ >= callback.patience
            for _, callback in self.callbacks_
        )

    @property
    def has_scheduler(self) -> bool:
        """Whether a callback decides the learning rate."""
        return any(isinstance(callback, LRScheduler) for _, callback in self.callbacks_)

    @property
    def losses(self) -> tuple[ReconstructionLoss, ...]:
        """The reconstruction loss of each task."""
        loss = self.criterion_.loss
        return loss if isinstance(loss, tuple) else (loss,) * len(self.module_.names)

    @property
    def own_code(self) -> list[str]:
        """The parameters whose functions or modules are the user's own."""
        criterion = self.criterion_
        return own_code(self.losses, criterion.augment, self.optimizer_, self.module_)

    @property
    def n_epochs(self) -> int:
        """Number of epochs, also those of earlier phases and fits."""
        return self.n_finished_epochs_ + len(self.history)

    def on_epoch_begin(self, net: object, **kwargs: object) -> None:
        self.history.new_epoch()
        self.history.record("epoch", self.n_epochs)

    def on_batch_begin(
        self, net: object, batch: object = None, **kwargs: object
    ) -> None:
        # Callbacks may write to the row of a batch. Most rows stay empty, and one empty
        # row is enough.
        rows = self.history[-1]["batches"]
        if not rows or rows[-1]:
            self.history.new_batch()

    def begin_phase(self, phase: Phase) -> None:
        """Begin a phase, which has a history of its own for callbacks."""
        self.phase_ = phase
        self.n_finished_epochs_ += len(self.history)
        self.history.clear()
        self.best_loss_ = {"train": math.inf, "valid": math.inf}

    def set_training(self, training: bool) -> None:
        self.module_.train(training)
        if training and self.module_.fixed_tasks:
            evaluate_fixed(self.module_)
        self.criterion_.train(training)

    def run_single_epoch(
        self,
        iterator: Batches | None,
        training: bool,
        prefix: str,
        step_fn: Callable[[Batch], dict[str, Any]],
        **params: object,
    ) -> None:
        if iterator is None:
            return
        self.set_training(training)
        sums: dict[TermKey, Tensor] = {}
        counts: dict[TermKey, Tensor | int] = {}
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            add_terms(step["terms"], sums, counts)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            if training:
                self.processes.after_step(self.module_)
        self.record_epoch(prefix, self.means(sums, counts), len(iterator))

    def record_epoch(
        self, prefix: str, means: Mapping[TermKey, float], n_batches: int
    ) -> None:
        """Write the mean of every term in an epoch into the history."""
        row = self.history[-1]
        row |= self._columns(prefix, means)
        row[f"{prefix}_batch_count"] = n_batches

    def validation_loss(self, batches: Batches) -> float:
        """The loss of the present weights; callbacks are not called."""
        self.set_training(False)
        sums: dict[TermKey, Tensor] = {}
        counts: dict[TermKey, Tensor | int] = {}
        for batch in batches:
            add_terms(self.validation_step(batch)["terms"], sums, counts)
        return self._weighted(self.means(sums, counts))

    def means(
        self, sums: Mapping[TermKey, Tensor], counts: Mapping[TermKey, Tensor | int]
    ) -> dict[TermKey, float]:
        """The mean of every term over the samples of an epoch, read at once."""
        tasks = range(len(self.module_.names))
        keys = [(term, t) for t, term in product(tasks, (*TERMS, *SCORES))]
        sums, counts = self.processes.summed(sums, counts, keys)
        if not sums:
            return {}
        device = torch.device(self.device)
        numbers = [torch.as_tensor(counts[key], device=device) for key in sums]
        both = torch.stack([*sums.values(), *numbers]).tolist()
        pairs = zip(sums, both[: len(sums)], both[len(sums) :], strict=True)
        return {key: total / n for key, total, n in pairs if n}

    def _weighted(self, means: Mapping[TermKey, float]) -> float:
        """The loss, or NaN if no sample has what this phase needs."""
        weights = self.phase_.weights
        parts = [
            weights[term][t] * mean
            for (term, t), mean in means.items()
            if term not in SCORES
        ]
        return sum(parts) if parts else math.nan

    def _columns(self, prefix: str, means: Mapping[TermKey, float]) -> dict[str, Any]:
        """The loss of an epoch and the means of its terms, by task and over tasks."""
        loss = self._weighted(means)
        row = {
            f"{prefix}_loss": loss,
            f"{prefix}_loss_best": loss < self.best_loss_[prefix],
        }
        self.best_loss_[prefix] = min(self.best_loss_[prefix], loss)
        for term in (*TERMS, *SCORES):
            found = [mean for (name, _), mean in means.items() if name == term]
            if found:
                row[f"{prefix}_{term}"] = sum(found) / len(found)
        for (term, t), mean in means.items():
            row[f"{prefix}_{term}_{self.module_.names[t]}"] = mean
        return row

    def train_step(
        self, batch: Batch, outside: Outside = nullcontext, **params: object
    ) -> dict[str, Any]:
        """Make a step, with `outside` around what callbacks do in the middle of it."""
        if self.needs_closure_:
            loss, terms = step_with_closure(
                self.optimizer_,
                lambda: self._loss_and_gradients(batch, outside),
                self._generators(),
            )
        else:
            loss, terms = self._loss_and_gradients(batch, outside)
            if loss.requires_grad:
                self.optimizer_.step()
        return {"loss": loss.detach(), "terms": terms, "y_pred": None}

    def _generators(self) -> list[torch.Generator]:
        """All generators from which a step may draw."""
        maps = [f for f in self.criterion_.augment if isinstance(f, RandomMap)]
        own = [f.generator for f in maps if f.generator is not None]
        return own + global_generators(torch.device(self.device))

    def _loss_and_gradients(
        self, batch: Batch, outside: Outside
    ) -> tuple[Tensor, Terms]:
        self.optimizer_.zero_grad(set_to_none=True)
        # Inside an autocast of the caller, old weights would stay in its cache.
        torch.clear_autocast_cache()
        bfloat16 = self.precision == "bfloat16"
        device = torch.device(self.device).type
        with torch.autocast(device, dtype=torch.bfloat16, enabled=bfloat16):
            loss, terms = self.objective_(self.module_, batch, self.phase_)
        if loss.requires_grad:
            loss.backward()
            everything = (p for _, p in self.get_all_learnable_params())
            parameters = [p for p in everything if p.requires_grad]
            self.processes.average_gradients(loss, parameters)
            with outside():
                self.notify(
                    "on_grad_computed",
                    named_parameters=TeeGenerator(self.get_all_learnable_params()),
                    batch=batch,
                    training=True,
                )
        return loss, terms

    def validation_step(self, batch: Batch, **params: object) -> dict[str, Any]:
        with torch.no_grad():
            loss, terms = self.criterion_(self.module_, batch, self.phase_)
        return {"loss": loss, "terms": terms, "y_pred": None}

    def release(self, *, keep_optimizer: bool) -> None:
        """Drop everything that only training needs."""
        self.augment = self.criterion_.augment = ()
        self.optimizer_.zero_grad(set_to_none=True)
        self.train_with(ALONE)
        for _, callback in self.callbacks_:
            if isinstance(callback, LRScheduler):
                callback.lr_scheduler_ = None  # holds the optimizer
            if isinstance(callback, ProgressBar):
                callback.close()
        if not keep_optimizer:
            self.optimizer_ = None

    def train_with(self, processes: Processes) -> None:
        """Train together with these from now on, with the weights of the first."""
        processes.unify(self.module_)
        self.processes = self.criterion_.processes = processes
