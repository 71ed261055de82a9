"""What the estimators have in common: fitting, codes and reconstructions."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Self, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk_jae._sklearn_types import TransformerMixin
from sk_jae.estimators._assembly import (
    make_net,
    make_trainer,
    new_state,
    split_validation,
)
from sk_jae.estimators._export import Exporting
from sk_jae.estimators._numbers import with_plain_numbers
from sk_jae.estimators._parameters import CodesChoice
from sk_jae.estimators._phases import Plan
from sk_jae.estimators._prediction import (
    Predictor,
    check_code_sizes,
    check_has_codes,
    chosen_codes,
    n_chosen_codes,
)
from sk_jae.estimators._resuming import kept_state
from sk_jae.estimators._samples_of_fit import AutoWhitens, check_samples_of_fit
from sk_jae.estimators._shared_encoder import check_shared_encoder
from sk_jae.estimators._sklearn_compat import (
    CallbackSupportMixin,
    FitMonitor,
    in_output_container,
)
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.tasks import (
    DictOfTasks,
    EncodedTargets,
    Ids,
    JointArrays,
    Layout,
    ListOfTasks,
    OneSequence,
    Samples,
    Targets,
    TaskInputs,
    check_codes,
    check_task,
    check_tasks,
    check_unit_range,
    parse_inputs,
)
from sk_jae.training import (
    Trainer,
    check_callbacks,
    check_device,
    check_no_class,
    plain_torch,
    run_together,
    seed_from,
)

__all__ = ["BaseJointEstimator"]


class BaseJointEstimator(
    TransformerMixin,
    CallbackSupportMixin,
    Exporting,
    # scikit-learn would make one dataframe of a list of codes per task.
    auto_wrap_output_keys=None,
):
    """Base class of the joint estimators."""

    # The searches of `sk_jae.model_selection` ask for it.
    _fit_together = staticmethod(run_together)

    # The vectors that input_scaling="auto" whitens.
    _auto_whitens: AutoWhitens = None

    if TYPE_CHECKING:

        def set_fit_request(self, **requests: bool | str | None) -> Self: ...
        def set_score_request(self, **requests: bool | str | None) -> Self: ...
        @overload
        def fit_transform(
            self, X: ListOfTasks, y: Targets | None = ...
        ) -> list[Any]: ...
        @overload
        def fit_transform(
            self, X: DictOfTasks, y: Targets | None = ...
        ) -> dict[str, Any]: ...
        @overload
        def fit_transform(self, X: OneSequence, y: Targets | None = ...) -> Any: ...
        def fit_transform(self, X: Samples, y: Targets | None = None) -> Any: ...

    else:

        def fit_transform(self, X, y=None, **fit_params):
            """Fit to the samples, and give their codes.

            Parameters
            ----------
            X : list, tuple, dict, JointArrays or array-like
                See `fit`.
            y : list, tuple, dict or array-like, default=None
                See `fit`.
            **fit_params : dict
                Further arguments of `fit`.

            Returns
            -------
            Z : ndarray of float32 of shape (n_samples, n_codes), or one per task
                See `transform`.
            """
            return self.fit(X, y, **fit_params).transform(X)

    def _check_samples_of_fit(
        self, X: Samples, ids: Ids | None, sample_weight: Targets | None
    ) -> tuple[TaskInputs, tuple[Layout, ...]]:
        return check_samples_of_fit(self, X, ids, sample_weight, self._auto_whitens)

    def _fit(
        self,
        X: Samples,
        y: Targets | None,
        inputs: TaskInputs,
        layouts: tuple[Layout, ...],
        plan: Plan,
        labels: EncodedTargets | None = None,
        class_prior: Mapping[int, NDArray[np.float64]] | None = None,
    ) -> None:
        """Train a new module, or a copy of the earlier one with `warm_start`."""
        device = check_device(self.device)
        check_callbacks(self.callbacks, has_validation=self.early_stopping)
        check_code_sizes(self)
        check_shared_encoder(self)
        check_no_class(self.reconstruction_loss, "reconstruction_loss")
        check_no_class(self.augmentation, "augmentation")
        if self.reconstruction_loss == "bce":
            check_unit_range(inputs, layouts)
        seed = seed_from(self.random_state)
        plain = with_plain_numbers(self)
        earlier = getattr(self, "_state", None) if self.warm_start else None
        train, valid = split_validation(plain, inputs, layouts, labels, seed)
        with (
            plain_torch(device),
            kept_state(
                plain, train, plan.phases, device, earlier, seed, class_prior
            ) as keeper,
        ):
            if keeper and keeper.seed != seed:
                seed = keeper.seed
                train, valid = split_validation(plain, inputs, layouts, labels, seed)
            state = new_state(plain, inputs, layouts, plan.heads, labels, device, seed)
            if earlier is not None:
                state.continue_from(earlier)
            net = make_net(plain, state, train, plan.phases)
            trainer = make_trainer(
                plain,
                state,
                net,
                plan.phases,
                (train, valid),
                seed=seed,
                monitor=FitMonitor(self, X, y, net.max_epochs * len(plan.phases)),
                class_prior=class_prior,
                keeper=keeper,
            )
            # Callbacks and other threads now see the running fit.
            self._state, self._net = state, net
            self._train(trainer)

    def _train(self, trainer: Trainer) -> None:
        """Run the trainer and keep its results."""
        state = self._state
        state.is_training = True
        try:
            trainer.train()
            state.transfer = {
                state.task_names[t]: {**vars(found), "scale": state.scale_of(t)}
                for t, found in trainer.transfer.items()
            }
            if self.warm_start:
                state.optimizer = trainer.optimizer_state()
        finally:
            state.is_training = False
            trainer.net.release(keep_optimizer=self.warm_start)
        trainer.monitor.end()
        if trainer.interrupted:
            raise TrainingInterrupted(
                f"Training was interrupted in epoch {trainer.interrupted}; the "
                "estimator keeps the weights that it had reached and can be used."
            )

    @overload
    def transform(self, X: ListOfTasks) -> list[Any]: ...
    @overload
    def transform(self, X: DictOfTasks) -> dict[str, Any]: ...
    @overload
    def transform(self, X: OneSequence) -> Any: ...  # set_output decides
    def transform(self, X: Samples) -> Any:
        """Codes of the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.

        Returns
        -------
        Z : ndarray of float32 of shape (n_samples, n_codes), or one per task
            The columns of the shared codes come first. A list or dict gives a list or
            dict, and a JointArrays gives one array in the order of its samples. They
            are dataframes if `set_output` asks for these. `n_codes` is ``n_shared +
            n_private`` for ``codes="both"``.
        """
        inputs = self._check_samples(X)
        predictor = Predictor(self._state)
        codes = [
            predictor.outputs(array, t, partial(chosen_codes, codes=self._state.codes))
            for t, array in enumerate(inputs.arrays)
        ]
        if inputs.container_kind in ("array", "joint"):
            return in_output_container(self, inputs.restore(codes), X)
        items = parse_inputs(X, self.task_names_).arrays
        return inputs.restore(
            [in_output_container(self, z, x) for z, x in zip(codes, items, strict=True)]
        )

    @overload
    def inverse_transform(self, Z: ListOfTasks) -> list[Any]: ...
    @overload
    def inverse_transform(self, Z: DictOfTasks) -> dict[str, Any]: ...
    @overload
    def inverse_transform(self, Z: ArrayLike) -> NDArray[Any]: ...
    def inverse_transform(self, Z: Samples) -> Any:
        """Reconstructions from codes.

        Parameters
        ----------
        Z : list, tuple, dict or array-like
            Codes of shape (n_samples_t, n_codes) per task, as `transform` gives them.
            For the flat codes of a JointArrays use ``X.split(Z)``.

        Returns
        -------
        X : list, dict or ndarray
            In the shape and units of the samples given to `fit`: of `uint8`, with
            values from 0 to 255, if these were, and otherwise of float32.
        """
        check_is_fitted(self)
        n_codes = len(self.get_feature_names_out())
        inputs = check_codes(Z, self.task_names_, n_codes)
        predictor = Predictor(self._state)
        return inputs.restore(
            [
                None
                if array is None
                else layout.from_module(predictor.decode(array, t))
                for t, (array, layout) in enumerate(
                    zip(inputs.arrays, self._state.layouts, strict=True)
                )
            ]
        )

    @overload
    def reconstruct(self, X: JointArrays, codes: CodesChoice = ...) -> JointArrays: ...
    @overload
    def reconstruct(self, X: ListOfTasks, codes: CodesChoice = ...) -> list[Any]: ...
    @overload
    def reconstruct(
        self, X: DictOfTasks, codes: CodesChoice = ...
    ) -> dict[str, Any]: ...
    @overload
    def reconstruct(self, X: ArrayLike, codes: CodesChoice = ...) -> NDArray[Any]: ...
    def reconstruct(self, X: Samples, codes: CodesChoice = "both") -> Any:
        """Encode and decode the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        codes : {"both", "shared", "private"}, default="both"
            The codes that are used. If it is one kind, the last hidden layer of the
            other branch is set to zero, which shows what each branch has learned
            (Epstein et al. 2018, Figure 2).

        Returns
        -------
        X_reconstructed : list, dict, JointArrays or ndarray
            In the form, shape and units of `X`: of `uint8`, with values from 0 to 255,
            if the samples in `fit` were, and otherwise of float32.

        Raises
        ------
        ValueError
            If `codes` names codes that the estimator does not have.
        """
        check_is_fitted(self)
        if not isinstance(codes, str) or codes not in ("both", "shared", "private"):
            got = repr(codes) if isinstance(codes, str) else type(codes).__name__
            raise ValueError(f"codes must be 'both', 'shared' or 'private', got {got}.")
        check_has_codes(codes, self.module_.n_shared, self.module_.n_private)
        inputs = self._check_samples(X)
        predictor = Predictor(self._state)
        found = []
        for t, array in enumerate(inputs.arrays):
            reconstruct = partial(predictor.reconstruct, t, codes=codes)
            values = predictor.outputs(array, t, reconstruct)
            layout = self._state.layouts[t]
            found.append(None if values is None else layout.from_module(values))
        return inputs.restore_samples(found)

    def translate(
        self, X: ArrayLike, source: int | str, target: int | str
    ) -> NDArray[Any]:
        """Encode samples as one task and decode them as another.

        Only the shared codes are used; the last hidden layer of the private branch of
        the target is set to zero.

        Parameters
        ----------
        X : array-like of shape (n_samples, ...)
            Samples of the task `source`.
        source, target : int or str
            Position or name of a task.

        Returns
        -------
        X_translated : ndarray of shape (n_samples, ...)
            In the shape and units of the task `target`: of `uint8`, with values from 0
            to 255, if its samples in `fit` were, and otherwise of float32.

        Raises
        ------
        ValueError
            If there is no such task, or if there are no shared codes
            (``n_shared=0``).
        """
        check_is_fitted(self)
        s = check_task(source, self.task_names_, "source")
        t = check_task(target, self.task_names_, "target")
        if not self.module_.n_shared:
            raise ValueError(
                "translate needs a shared code, but n_shared is 0; fit with n_shared "
                "of at least 1."
            )
        one: Any = X
        if self.n_tasks_ > 1:
            one = [None] * self.n_tasks_
            one[s] = X
        inputs = self._check_samples(one)
        predictor = Predictor(self._state)
        values = predictor.outputs(
            inputs.arrays[s], s, lambda z: predictor.reconstruct(t, z, "shared")
        )
        assert values is not None
        return self._state.layouts[t].from_module(values)

    def get_feature_names_out(self, input_features: object = None) -> NDArray[Any]:
        """Names of the codes: ``shared0``, ... and ``private0``, ...

        Parameters
        ----------
        input_features : ignored
            Not used, present for API consistency.

        Returns
        -------
        names : ndarray of str of shape (n_codes,)
        """
        check_is_fitted(self)
        numbers = n_chosen_codes(self._state)
        names = [f"{kind}{i}" for kind, n in numbers.items() for i in range(n)]
        return np.asarray(names, dtype=object)

    def _check_samples(self, X: Samples) -> TaskInputs:
        check_is_fitted(self)
        inputs, _ = check_tasks(X, estimator=self)
        return inputs

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
