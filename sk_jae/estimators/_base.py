"""What the estimators have in common: fitting, codes and reconstructions."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Self, overload

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.metadata_routing import UNUSED
from sklearn.utils.validation import check_is_fitted

from sk_jae._sklearn_types import TransformerMixin
from sk_jae.estimators._assembly import (
    make_net,
    make_trainer,
    split_validation,
)
from sk_jae.estimators._decoding import Decoding
from sk_jae.estimators._export import Exporting
from sk_jae.estimators._job import FitJob
from sk_jae.estimators._joining import join
from sk_jae.estimators._numbers import with_plain_numbers
from sk_jae.estimators._out_arrays import writers
from sk_jae.estimators._prediction import (
    Predictor,
    check_code_sizes,
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
from sk_jae.estimators._starting_state import starting_state
from sk_jae.exceptions import TrainingInterrupted
from sk_jae.nn import trained_scale
from sk_jae.tasks import (
    DictOfTasks,
    Ids,
    Layout,
    ListOfTasks,
    OneSequence,
    Samples,
    Targets,
    TaskInputs,
    parse_inputs,
)
from sk_jae.training import (
    Trainer,
    check_callbacks,
    check_device,
    check_no_class,
    plain_torch,
    processes_in,
    run_together,
    seed_from,
)

__all__ = ["BaseJointEstimator"]


class BaseJointEstimator(
    TransformerMixin,
    CallbackSupportMixin,
    Decoding,
    Exporting,
    # scikit-learn would make one dataframe of a list of codes per task.
    auto_wrap_output_keys=None,
):
    """Base class of the joint estimators."""

    # The searches of `sk_jae.model_selection` ask for it.
    _fit_together = staticmethod(run_together)

    # What input_scaling="auto" does with spectra.
    _auto_whitens: AutoWhitens = "spectra"

    __metadata_request__transform: ClassVar = {"out": UNUSED}

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
        job: FitJob,
    ) -> None:
        """Train a new module, or a copy of the earlier one that the job continues."""
        device = check_device(self.device)
        check_callbacks(self.callbacks, has_validation=self.early_stopping)
        check_code_sizes(self)
        check_shared_encoder(self)
        check_no_class(self.augmentation, "augmentation")
        plain = with_plain_numbers(self)
        plain._losses = list(job.inputs.losses)
        continues = self.warm_start or job.joins
        earlier = getattr(self, "_state", None) if continues else None
        phases = job.plan.phases
        with ExitStack() as stack:
            stack.enter_context(plain_torch(device))
            processes = stack.enter_context(processes_in(self.callbacks, device))
            seed = processes.from_first(seed_from(self.random_state))
            train, valid = split_validation(plain, job, seed, earlier)
            join(processes, plain, train)
            opened = kept_state(plain, train, job, device, earlier, seed, processes)
            keeper = stack.enter_context(opened)
            if keeper and keeper.seed != seed:
                seed = keeper.seed
                train, valid = split_validation(plain, job, seed, earlier)
            state = starting_state(plain, job, device, seed, earlier)
            if job.joins:
                scale = trained_scale(state.module, len(state.task_names) - 1)
                stack.enter_context(scale)
            if state.layouts is not job.layouts:  # those of tasks that join others
                train = replace(train, layouts=state.layouts)
                valid = valid and replace(valid, layouts=state.layouts)
            net = make_net(plain, state, train, phases)
            net.train_with(processes)
            trainer = make_trainer(
                plain,
                state,
                net,
                phases,
                (train, valid),
                seed=seed,
                monitor=FitMonitor(self, X, y, net.max_epochs * len(phases)),
                class_prior=job.class_prior,
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
                state.task_names[t]: {
                    **vars(found),
                    "scale": found.scale or state.scale_of(t),
                }
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
    def transform(self, X: ListOfTasks, *, out: Any = ...) -> list[Any]: ...
    @overload
    def transform(self, X: DictOfTasks, *, out: Any = ...) -> dict[str, Any]: ...
    @overload
    def transform(self, X: OneSequence, *, out: Any = ...) -> Any: ...
    def transform(self, X: Samples, *, out: Any = None) -> Any:
        """Codes of the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        out : array-like, or one per task, default=None
            Where the codes are written batch by batch, such as a memory map or a
            dataset of h5py, in the form of what is returned. It is returned as it is,
            whatever `set_output` asks for, and the codes are not held in memory.

        Returns
        -------
        Z : ndarray of float32 of shape (n_samples, n_codes), or one per task
            The columns of the shared codes come first. A list or dict gives a list or
            dict, and a JointArrays gives one array in the order of its samples. They
            are dataframes if `set_output` asks for these. `n_codes` is ``n_shared +
            n_private`` for ``codes="both"``.
        """
        inputs = self._check_samples(X)
        write = writers(out, inputs)
        predictor = Predictor(self._state)
        chosen = partial(chosen_codes, codes=self._state.codes)
        codes = [
            predictor.outputs(array, t, chosen, write=write[t])
            for t, array in enumerate(inputs.arrays)
        ]
        if out is not None:
            return out
        if inputs.container_kind in ("array", "joint"):
            return in_output_container(self, inputs.restore(codes), X)
        items = parse_inputs(X, self.task_names_).arrays
        return inputs.restore(
            [in_output_container(self, z, x) for z, x in zip(codes, items, strict=True)]
        )

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

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags
