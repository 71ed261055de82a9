"""The skorch net that trains a joint module."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer, PrintLog, ProgressBar
from skorch.utils import TeeGenerator
from torch import Tensor, nn

from sk_jae.losses import Loss, classification_loss, reconstruction_loss
from sk_jae.modules import Codes, JointModule
from sk_jae.training.batches import (
    Batch,
    TaskData,
    TrainingBatches,
    ValidationBatches,
)

__all__ = ["JointNet", "Phase", "TrainingInterrupted"]

TERMS = ("reconstruction", "classification")

Key: TypeAlias = tuple[str, int]
Measured: TypeAlias = tuple[Tensor, Tensor | int]


class TrainingInterrupted(UserWarning):
    """Training was stopped by Ctrl-C; the estimator keeps the weights it had."""


@dataclass(frozen=True)
class Phase:
    """A part of the training with its own loss weights and trainable parameters.

    Attributes
    ----------
    name : str
    weights : dict of {str: tuple of float}
        The weight of each term in each task; a term of weight 0 is not computed.
    trains : tuple of str or None
        What the names of trained parameters start with; None trains all.
    """

    name: str
    weights: dict[str, tuple[float, ...]]
    trains: tuple[str, ...] | None = None


class JointLoss(nn.Module):
    """The weighted sum of all terms (Eq. 1 and 2), and each term by itself."""

    def __init__(self, loss: Loss) -> None:
        super().__init__()
        self.loss = loss

    def forward(
        self, module: JointModule, batch: Batch, phase: Phase
    ) -> tuple[Tensor, dict[Key, Measured]]:
        """The loss () and its terms, unweighted, by (term, task)."""
        terms: dict[Key, Measured] = {}
        total: Tensor | None = None
        needed = [
            x if self._is_needed(t, batch, phase) else None
            for t, x in enumerate(batch.inputs)
        ]
        for t, codes in enumerate(module.encode(needed)):
            if codes is None:
                continue
            for term, value, n in self._terms(module, batch, phase, t, codes):
                terms[term, t] = value.detach(), n
                weighted = value * phase.weights[term][t]
                total = weighted if total is None else total + weighted
        if total is None:
            total = next(module.parameters()).new_zeros(())
        return total, terms

    def _is_needed(self, t: int, batch: Batch, phase: Phase) -> bool:
        supervised = phase.weights["classification"][t] and batch.labels[t] is not None
        return bool(phase.weights["reconstruction"][t] or supervised)

    def _terms(
        self, module: JointModule, batch: Batch, phase: Phase, t: int, codes: Codes
    ) -> Iterable[tuple[str, Tensor, Tensor | int]]:
        """Term, value and the number of samples that it is the mean of."""
        x, labels = batch.inputs[t], batch.labels[t]
        assert x is not None
        if phase.weights["reconstruction"][t]:
            value = reconstruction_loss(module.decode(t, codes), x, self.loss)
            yield "reconstruction", value, len(x)
        if phase.weights["classification"][t] and labels is not None:
            logits = module.classify(t, codes)
            if logits is not None:
                value = classification_loss(logits, labels)
                yield "classification", value, (labels >= 0).sum()


class JointNet(NeuralNet):
    """A skorch net whose data set is a `TaskData` and whose batches are `Batch`.

    Differs from skorch's own loop where that would wait for the device at every step:
    losses add up on the device and are read once per epoch. The history has one row
    per epoch, no rows per batch; callbacks get each batch's loss as a tensor in
    ``on_batch_end(..., loss=...)``.
    """

    def __init__(
        self,
        module: Any,
        *args: Any,
        phases: tuple[Phase, ...],
        loss: Loss,
        precision: str,
        seed: int,
        n_iter_no_change: int = 10,
        tol: float = 1e-4,
        keep_optimizer: bool = False,
        valid: TaskData | None = None,
        epoch_hook: Callable[[JointNet], bool] | None = None,
        **kwargs: Any,
    ) -> None:
        self.phases = phases
        self.loss = loss
        self.precision = precision
        self.seed = seed
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.keep_optimizer = keep_optimizer
        self.valid = valid
        self.epoch_hook = epoch_hook
        self.module_names = tuple(module.names)
        super().__init__(module, JointLoss, *args, **kwargs)

    @property
    def _default_callbacks(self) -> list[tuple[str, Any]]:
        callbacks: list[tuple[str, Any]] = [("epoch_timer", EpochTimer())]
        if self.verbose:
            # The terms of every task would not fit a line; history_ has them.
            ignored = [
                f"{part}_{key}"
                for part in ("train", "valid")
                for key in ["batch_count", *map(self._history_key, self._keys())]
            ]
            callbacks.append(("print_log", PrintLog(keys_ignored=ignored)))
        if self.verbose > 1:
            callbacks.append(("progress_bar", ProgressBar(batches_per_epoch="auto")))
        return callbacks

    def initialize_module(self) -> JointNet:
        self.module_ = self.module
        return self

    def initialize_criterion(self) -> JointNet:
        self.criterion_ = JointLoss(self.loss)
        return self

    def get_split_datasets(
        self, X: TaskData, y: Any = None, **fit_params: Any
    ) -> tuple[TaskData, TaskData | None]:
        return X, self.valid

    def get_iterator(self, dataset: TaskData, training: bool = False) -> Any:
        device = torch.device(self.device)
        if training:
            seed = self.seed + len(self.history)
            return TrainingBatches(dataset, self.batch_size, device, seed)
        return ValidationBatches(dataset, max(self.batch_size, 256), device)

    def on_batch_begin(self, net: Any, batch: Any = None, **kwargs: Any) -> None:
        # Rows per batch would need the value of the loss, and so wait for the device.
        pass

    def fit_loop(
        self, X: TaskData, y: Any = None, epochs: int | None = None, **fit_params: Any
    ) -> JointNet:
        train, valid = self.get_split_datasets(X, y)
        iterators = (
            self.get_iterator(train, training=True),
            None if valid is None else self.get_iterator(valid),
        )
        on_epoch = {"dataset_train": train, "dataset_valid": valid}
        self.interrupted_ = False
        try:
            for phase in self.phases:
                self._run_phase(phase, epochs or self.max_epochs, iterators, on_epoch)
        except KeyboardInterrupt:
            self.interrupted_ = True
        finally:
            self._select_parameters(None)
            self.module_.eval()
        return self

    def _run_phase(
        self, phase: Phase, epochs: int, iterators: Any, on_epoch: dict[str, Any]
    ) -> None:
        self.phase_ = phase
        self._select_parameters(phase.trains)
        best, best_weights, waited = math.inf, None, 0
        try:
            for _ in range(epochs):
                self.notify("on_epoch_begin", **on_epoch)
                if len(self.phases) > 1:
                    self.history.record("phase", phase.name)
                self.run_single_epoch(iterators[0], True, "train", self.train_step)
                self.run_single_epoch(
                    iterators[1], False, "valid", self.validation_step
                )
                self.notify("on_epoch_end", **on_epoch)
                self._check_finite()
                if self.epoch_hook is not None and self.epoch_hook(self):
                    break
                if iterators[1] is None:
                    continue
                loss = self.history[-1, "valid_loss"]
                waited = 0 if loss < best - self.tol else waited + 1
                if loss < best:
                    best, best_weights = loss, _copy(self.module_)
                if waited >= self.n_iter_no_change:
                    break
        finally:
            if best_weights is not None:
                self.module_.load_state_dict(best_weights)

    def _select_parameters(self, trains: tuple[str, ...] | None) -> None:
        for name, parameter in self.module_.named_parameters():
            parameter.requires_grad_(trains is None or name.startswith(trains))

    def run_single_epoch(
        self, iterator: Any, training: bool, prefix: str, step_fn: Any, **params: Any
    ) -> None:
        if iterator is None:
            return
        self._set_training(training)
        sums: dict[Key, Tensor] = {}
        counts: dict[Key, Tensor | int] = {}
        for batch in iterator:
            self.notify("on_batch_begin", batch=batch, training=training)
            step = step_fn(batch)
            self.notify("on_batch_end", batch=batch, training=training, **step)
            for key, (value, n) in step["terms"].items():
                sums[key] = value * n + sums.get(key, 0.0)
                counts[key] = n + counts.get(key, 0)
        self._record(prefix, sums, counts)
        self.history.record(f"{prefix}_batch_count", len(iterator))

    def _record(
        self, prefix: str, sums: dict[Key, Tensor], counts: dict[Key, Tensor | int]
    ) -> None:
        """Read the epoch's mean of every term from the device, once."""
        means = {}
        if sums:
            stacked = torch.stack([sums[key] / max_1(counts[key]) for key in sums])
            means = dict(zip(sums, stacked.tolist(), strict=True))
        weights = self.phase_.weights
        loss = sum(weights[term][t] * mean for (term, t), mean in means.items())
        self.history.record(f"{prefix}_loss", loss)
        for term in TERMS:
            found = [mean for (name, _), mean in means.items() if name == term]
            if found:
                self.history.record(f"{prefix}_{term}", sum(found) / len(found))
        for key, mean in means.items():
            self.history.record(f"{prefix}_{self._history_key(key)}", mean)

    def _history_key(self, key: Key) -> str:
        return f"{key[0]}_{self.module_names[key[1]]}"

    def _keys(self) -> list[Key]:
        return [(term, t) for term in TERMS for t in range(len(self.module_names))]

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
        return {"loss": loss.detach(), "terms": terms}

    def validation_step(self, batch: Batch, **params: Any) -> dict[str, Any]:
        with torch.no_grad():
            loss, terms = self.criterion_(self.module_, batch, self.phase_)
        return {"loss": loss, "terms": terms}

    def _check_finite(self) -> None:
        row = self.history[-1]
        if not math.isfinite(row["train_loss"]):
            raise ValueError(
                f"The loss became {row['train_loss']} in epoch {row['epoch']}, so "
                f"training stopped; try a smaller lr than {self.lr}, or scale the data "
                "to about unit size."
            )

    def __getstate__(self) -> dict[str, Any]:
        # Pickles hold the module once, and neither data nor what only a fit needs.
        slim = object.__new__(type(self))
        slim.__dict__.update(self.__dict__, module=None, valid=None, epoch_hook=None)
        if not self.keep_optimizer:
            slim.__dict__["optimizer_"] = None
        return NeuralNet.__getstate__(slim)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.module = self.module_


def max_1(count: Tensor | int) -> Tensor | int:
    return count.clamp(min=1) if isinstance(count, Tensor) else max(count, 1)


def _copy(module: nn.Module) -> dict[str, Tensor]:
    return {key: value.clone() for key, value in module.state_dict().items()}
