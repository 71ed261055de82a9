"""What the two estimators have in common: fitting, codes and reconstructions."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from numbers import Integral, Real
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from sk_jae.estimators._assembly import (
    build_module,
    check_unchanged,
    fingerprint,
    make_net,
    resolve_architectures,
    split_validation,
)
from sk_jae.estimators._sklearn_compat import (
    CallbackSupportMixin,
    FitMonitor,
    Interval,
    Options,
    StrOptions,
    output_container,
)
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.nn import Codes, JointModule, n_parameters
from sk_jae.tasks import (
    Labels,
    Layout,
    TaskInputs,
    check_codes,
    check_task,
    check_tasks,
    check_unit_range,
    check_weights,
)
from sk_jae.training import (
    JointNet,
    Phase,
    TaskData,
    batches_of,
    check_device,
    isolated_random_state,
    seed_from,
)

__all__ = ["BaseJointEstimator"]

_COUNT = Interval(Integral, 0, None, closed="left")
_POSITIVE = Interval(Integral, 1, None, closed="left")

_NOT_IN_HISTORY = ("batches", "train_batch_count", "valid_batch_count")
_ROWS = 32


class BaseJointEstimator(TransformerMixin, CallbackSupportMixin, BaseEstimator):
    """Base of the joint estimators, which own a skorch net."""

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "n_shared": [_COUNT],
        "n_private": [_COUNT],
        "encoder": [str, tuple, list, dict, callable],
        "decoder": [str, tuple, list, dict, callable],
        "shared_depth": [Integral, StrOptions({"auto"})],
        "n_shared_layers": [_POSITIVE, None],
        "shared_input": [StrOptions({"auto"}), tuple, None],
        "layout": [StrOptions({"auto", "first", "last"})],
        "reconstruction_loss": [StrOptions({"mse", "bce"}), callable],
        "max_epochs": [_POSITIVE, StrOptions({"auto"})],
        "batch_size": [_POSITIVE],
        "lr": [Interval(Real, 0, None, closed="neither")],
        "lr_schedule": [StrOptions({"constant", "cosine"})],
        "optimizer": [StrOptions({"adam", "adamw", "sgd"}), callable],
        "weight_decay": [Interval(Real, 0, None, closed="left")],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [_POSITIVE],
        "tol": [Interval(Real, 0, None, closed="left")],
        "augmentation": [StrOptions({"auto"}), callable, None],
        "precision": [StrOptions({"auto", "float32", "bfloat16"})],
        "device": [str],
        "codes": [StrOptions({"both", "shared", "private"})],
        "callbacks": [list, None, Options(str, {"disable"})],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "random_state": ["random_state"],
    }

    net_: JointNet
    _fingerprint: dict[str, Any]

    def _fit(
        self,
        X: Any,
        y: Any,
        tasks: TaskInputs,
        layouts: tuple[Layout, ...],
        phases: Callable[[list[float]], tuple[Phase, ...]],
        labels: Labels | None = None,
        heads: tuple[bool, list[int]] = (False, []),
    ) -> None:
        """Build or continue the net and train it."""
        arrays = [array for array in tasks.arrays if array is not None]
        device = check_device(self.device)
        weights = check_weights(
            self.reconstruction_weight, tasks.names, "reconstruction_weight"
        )
        plan = tuple(
            phase for phase in phases(weights) if any(map(any, phase.weights.values()))
        )
        if not plan:
            raise ValueError(
                "All loss weights are 0, so there is nothing to train; give at least "
                "one task a positive reconstruction_weight."
            )
        self._check_codes()
        if self.reconstruction_loss == "bce":
            check_unit_range(tasks, layouts)
        seed = seed_from(self.random_state)
        encoded = labels.encoded if labels else (None,) * len(arrays)
        train, valid = split_validation(self, arrays, layouts, encoded, tasks, seed)
        with isolated_random_state(seed, device):
            architectures = resolve_architectures(
                self, tasks.names, layouts, classify=labels is not None
            )
            module = build_module(self, architectures, labels, heads, seed)
            fitted = fingerprint(module, architectures, labels)
            previous = self.net_ if self.warm_start and hasattr(self, "net_") else None
            if previous is not None:
                check_unchanged(self._fingerprint, fitted)
                previous.module_.class_mask = module.class_mask
                module = previous.module_
            net = make_net(self, module, plan, device, seed, train, valid)
            net.initialize()
            if previous is not None:
                net.continue_from(previous)
            # Whatever looks at the estimator while it trains needs these.
            self._fingerprint = fitted
            self.layouts_ = layouts
            self.task_names_ = tasks.names
            self.n_tasks_ = len(tasks.names)
            shapes = [layout.shape for layout in layouts]
            named = tasks.container_kind == "dict" or (
                tasks.container is not None and tasks.container.task_names is not None
            )
            self.feature_shapes_in_ = (
                dict(zip(tasks.names, shapes, strict=True)) if named else shapes
            )
            if labels is not None:
                self.classes_ = labels.classes
                self.task_classes_ = [labels.classes[own] for own in labels.class_mask]
            self.net_ = net
            self.n_parameters_ = n_parameters(module)
            self._train(X, y, train)

    def _train(self, X: Any, y: Any, train: TaskData) -> None:
        """Run the net, with scikit-learn's callbacks around every epoch."""
        net = self.net_
        net.monitor = FitMonitor(self, X, y, net.max_epochs * len(net.phases))
        monitor = net.monitor
        try:
            net.partial_fit(train)
        except ValueError:  # the weights are of no use
            del self.net_
            raise
        finally:
            net.release(keep_optimizer=self.warm_start)
        monitor.end()
        self.history_ = [
            {key: value for key, value in row.items() if key not in _NOT_IN_HISTORY}
            for row in net.all_epochs
            if "train_loss" in row  # else interrupted
        ]
        self.n_iter_ = len(self.history_)
        self.loss_curve_ = [row["train_loss"] for row in self.history_]
        if net.interrupted_:
            warnings.warn(
                f"Training was interrupted in epoch {net.interrupted_}; the estimator "
                "keeps the weights that it had reached and can be used.",
                TrainingInterrupted,
                stacklevel=5,
            )

    @property
    def module_(self) -> JointModule:
        """The trained :class:`torch.nn.Module`, which works on its own."""
        if not hasattr(self, "net_"):
            raise AttributeError(f"{type(self).__name__} has no module_ before fit.")
        return self.net_.module_

    def transform(self, X: Any) -> Any:
        """Codes of the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.

        Returns
        -------
        Z : ndarray of float32 of shape (n_samples, n_codes), or one per task
            Shared columns first; a list or dict for a list or dict, one flat array in
            the order of the samples for a JointArrays. `n_codes` is ``n_shared +
            n_private`` for ``codes="both"``.
        """
        check_is_fitted(self)
        tasks, _ = check_tasks(X, estimator=self)
        if (
            tasks.container_kind in ("list", "dict")
            and output_container(self) != "default"
        ):
            raise TypeError(
                f"set_output({output_container(self)!r}) needs one flat table, but X "
                f"is a {tasks.container_kind} of tasks; pass pack(X)[0], or use the "
                "default output."
            )
        return tasks.restore(
            [
                self._collect(tasks, t, lambda codes, _: self._features(codes))
                for t in range(self.n_tasks_)
            ]
        )

    def inverse_transform(self, Z: Any) -> Any:
        """Reconstructions from codes.

        Parameters
        ----------
        Z : list, tuple, dict or array-like
            Codes of shape (n_samples_t, n_codes) per task, as `transform` gives them.
            For the flat codes of a JointArrays use ``X.split(Z)``.

        Returns
        -------
        X : list, dict or ndarray
            In the shape and units of the samples given to `fit`.
        """
        check_is_fitted(self)
        n_codes = len(self.get_feature_names_out())
        tasks = check_codes(Z, self.task_names_, n_codes)
        chosen = self.codes
        found: list[NDArray[np.float32] | None] = []
        for t, array in enumerate(tasks.arrays):
            if array is None:
                found.append(None)
                continue
            parts = [
                self._decode(t, self._split_code(torch.tensor(batch)), chosen)
                for batch in _slices(array)
            ]
            found.append(self.layouts_[t].from_module(np.concatenate(parts)))
        return tasks.restore(found)

    def reconstruct(self, X: Any, codes: str = "both") -> Any:
        """Encode and decode the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        codes : {"both", "shared", "private"}, default="both"
            The codes that count. With one kind alone, the last hidden layer of the
            other branch is set to zero, which shows what each branch carries (Epstein
            et al. 2018, Figure 2).

        Returns
        -------
        X_reconstructed : list, dict, JointArrays or ndarray of float32
            In the form, shape and units of `X`.

        Raises
        ------
        ValueError
            If `codes` names a kind of code that the estimator does not have.
        """
        check_is_fitted(self)
        self._check_codes_asked(codes)
        tasks, _ = check_tasks(X, estimator=self)
        found = [
            self._collect(tasks, t, lambda z, t: self._reconstructed(t, z, codes))
            for t in range(self.n_tasks_)
        ]
        return self._as_samples(tasks, found)

    def translate(self, X: Any, source: Any, target: Any) -> NDArray[np.float32]:
        """Encode samples as one task and decode them as another.

        What passes is the shared code; the target's private branch counts as zero.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the task `source`.
        source, target : int or str
            Position or name of a task.

        Returns
        -------
        X_translated : ndarray of float32 of shape (n_samples, ...)
            In the shape and units of the task `target`.

        Raises
        ------
        ValueError
            If there is no such task, or no shared code (``n_shared=0``).
        """
        check_is_fitted(self)
        s = check_task(source, self.task_names_, "source")
        t = check_task(target, self.task_names_, "target")
        if not self.n_shared:
            raise ValueError(
                "translate needs a shared code, but n_shared is 0; fit with n_shared "
                "of at least 1."
            )
        one: Any = X
        if self.n_tasks_ > 1:
            one = [None] * self.n_tasks_
            one[s] = X if hasattr(X, "ndim") else np.asarray(X)
        tasks, _ = check_tasks(one, estimator=self)
        values = self._collect(
            tasks, s, lambda codes, _: self._reconstructed(t, codes, "shared")
        )
        assert values is not None
        return self.layouts_[t].from_module(values)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[Any]:
        """Names of the codes, ``shared0``, ... and ``private0``, ...

        Parameters
        ----------
        input_features : ignored
            Not used, present for API consistency.

        Returns
        -------
        names : ndarray of str of shape (n_codes,)
        """
        check_is_fitted(self)
        names = []
        if self.codes != "private":
            names += [f"shared{i}" for i in range(self.n_shared)]
        if self.codes != "shared":
            names += [f"private{i}" for i in range(self.n_private)]
        return np.asarray(names, dtype=object)

    def _batches(self, tasks: TaskInputs, t: int) -> Iterator[torch.Tensor]:
        array = tasks.arrays[t]
        assert array is not None
        device = torch.device(self.net_.device)
        yield from batches_of(array, self.layouts_[t], device)

    def _encode(self, x: torch.Tensor, t: int) -> Codes:
        inputs: list[torch.Tensor | None] = [None] * self.n_tasks_
        inputs[t] = x
        codes = self.module_.encode(inputs)[t]
        assert codes is not None
        return codes

    def _collect(
        self, tasks: TaskInputs, t: int, function: Callable[[Codes, int], torch.Tensor]
    ) -> NDArray[np.float32] | None:
        """What `function` makes of the codes of one task, batch by batch."""
        if tasks.arrays[t] is None:
            return None
        parts = [
            self._apply(x, t, lambda codes: function(codes, t))
            for x in self._batches(tasks, t)
        ]
        if not parts:  # a selection of a JointArrays without samples of the task
            shape = self.layouts_[t].module_shape
            x = torch.zeros(1, *shape, device=self.net_.device)
            parts = [self._apply(x, t, lambda codes: function(codes, t))[:0]]
        return np.concatenate(parts)

    def _apply(
        self, x: torch.Tensor, t: int, function: Callable[[Codes], torch.Tensor]
    ) -> NDArray[np.float32]:
        """What `function` makes of the codes of one batch."""
        self.module_.eval()
        with torch.inference_mode():
            values = function(self._encode(_padded(x), t))[: len(x)]
        return values.float().cpu().numpy()

    def _features(self, codes: Codes) -> torch.Tensor:
        if self.codes == "both":
            return torch.cat(list(codes), dim=1)
        return codes.shared if self.codes == "shared" else codes.private

    def _decode(self, t: int, z: Codes, codes: str) -> NDArray[np.float32]:
        self.module_.eval()
        with torch.inference_mode():
            return self._reconstructed(t, z, codes).float().cpu().numpy()

    def _reconstructed(self, t: int, z: Codes, codes: str = "both") -> torch.Tensor:
        """The reconstruction, of which a module trained with "bce" gives logits."""
        x = self.module_.decode(t, z, codes)
        return x.sigmoid() if self.net_.loss == "bce" else x

    def _split_code(self, z: torch.Tensor) -> Codes:
        z = z.to(self.net_.device)
        if self.codes == "shared":
            return Codes(z, z.new_zeros(len(z), self.n_private))
        if self.codes == "private":
            return Codes(z.new_zeros(len(z), self.n_shared), z)
        return Codes(z[:, : self.n_shared], z[:, self.n_shared :])

    def _as_samples(self, tasks: TaskInputs, found: list[Any]) -> Any:
        shaped: list[Any] = [
            None if values is None else layout.from_module(values)
            for values, layout in zip(found, self.layouts_, strict=True)
        ]
        return tasks.restore_samples(shaped)

    def _check_codes(self) -> None:
        if not self.n_shared and not self.n_private:
            raise ValueError(
                "n_shared and n_private are both 0; give at least one code a size."
            )
        if self.codes != "both" and not getattr(self, f"n_{self.codes}"):
            raise ValueError(
                f"codes={self.codes!r} asks for a code that the estimator does "
                f"not have, since n_{self.codes} is 0."
            )

    def _check_codes_asked(self, codes: str) -> None:
        if codes not in ("both", "shared", "private"):
            raise ValueError(
                f"codes must be 'both', 'shared' or 'private', got {codes!r}."
            )
        if codes != "both" and not getattr(self, f"n_{codes}"):
            raise ValueError(
                f"codes={codes!r} asks for a code that the estimator does not have, "
                f"since n_{codes} is 0."
            )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "net_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def _padded(x: torch.Tensor) -> torch.Tensor:
    """Samples up to a multiple of some rows.

    Matrix products of one row or of a few are summed in another order than those of
    many, so that a sample's code would depend, in the last digit, on its company.
    """
    missing = -len(x) % _ROWS
    return torch.cat([x, x[-1:].expand(missing, *x.shape[1:])]) if missing else x


def _slices(array: NDArray[Any], size: int = 1024) -> Iterator[NDArray[Any]]:
    for start in range(0, max(len(array), 1), size):
        yield array[start : start + size]
