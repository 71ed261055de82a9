"""Reconstructions: what a fitted estimator makes of codes."""

from __future__ import annotations

from functools import partial
from typing import Any, overload

from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from sk_jae.estimators._out_arrays import per_task_writers
from sk_jae.estimators._parameters import CodesChoice
from sk_jae.estimators._prediction import Predictor, check_has_codes, n_chosen_codes
from sk_jae.estimators._saving import Saving
from sk_jae.tasks import (
    DictOfTasks,
    JointArrays,
    ListOfTasks,
    Samples,
    TaskInputs,
    check_codes,
    check_task,
    check_tasks,
)

__all__ = ["Decoding"]


class Decoding(Saving):
    """The methods that give samples in the form, shape and units of the user."""

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
        n_codes = sum(n_chosen_codes(self._state).values())
        inputs = check_codes(Z, self.task_names_, n_codes)
        predictor = Predictor(self._state)
        return inputs.restore(
            [
                None
                if array is None
                else self._state.to_user(t, predictor.decode(array, t))
                for t, array in enumerate(inputs.arrays)
            ]
        )

    @overload
    def reconstruct(
        self, X: JointArrays, codes: CodesChoice = ..., *, out: Any = ...
    ) -> JointArrays: ...
    @overload
    def reconstruct(
        self, X: ListOfTasks, codes: CodesChoice = ..., *, out: Any = ...
    ) -> list[Any]: ...
    @overload
    def reconstruct(
        self, X: DictOfTasks, codes: CodesChoice = ..., *, out: Any = ...
    ) -> dict[str, Any]: ...
    @overload
    def reconstruct(
        self, X: ArrayLike, codes: CodesChoice = ..., *, out: Any = ...
    ) -> NDArray[Any]: ...
    def reconstruct(
        self, X: Samples, codes: CodesChoice = "both", *, out: Any = None
    ) -> Any:
        """Encode and decode the samples.

        Parameters
        ----------
        X : list, tuple, dict, JointArrays or array-like
            Samples in the form given to `fit`; None or a missing name skips a task.
        codes : {"both", "shared", "private"}, default="both"
            The codes that are used. If it is one kind, the last hidden layer of the
            other branch is set to zero, which shows what each branch has learned
            (Epstein et al. 2018, Figure 2).
        out : list, tuple, dict or array-like, default=None
            Arrays to which the reconstructions are written batch by batch, such as
            memory maps or datasets of h5py: one for a single array, otherwise one per
            task. They are not held in memory then.

        Returns
        -------
        X_reconstructed : list, dict, JointArrays or ndarray
            In the form, shape and units of `X`: of `uint8`, with values from 0 to 255,
            if the samples in `fit` were, and otherwise of float32.

        Raises
        ------
        ValueError, TypeError
            If `codes` names codes that the estimator does not have, or if the arrays in
            `out` have another shape or dtype.
        """
        check_is_fitted(self)
        if not isinstance(codes, str) or codes not in ("both", "shared", "private"):
            got = repr(codes) if isinstance(codes, str) else type(codes).__name__
            raise ValueError(f"codes must be 'both', 'shared' or 'private', got {got}.")
        check_has_codes(codes, self.module_.n_shared, self.module_.n_private)
        inputs = self._check_samples(X)
        write = per_task_writers(out, inputs)
        predictor = Predictor(self._state)
        found = [
            predictor.outputs(
                array,
                t,
                partial(predictor.reconstruct, t, codes=codes),
                partial(self._state.to_user, t),
                write[t],
            )
            for t, array in enumerate(inputs.arrays)
        ]
        if out is None:
            return inputs.restore_samples(found)
        if inputs.container is None:
            return out
        if isinstance(out, dict):
            out = [out.get(name) for name in inputs.names]
        return inputs.restore_samples(out)

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
        return self._state.to_user(t, values)

    def _check_samples(self, X: Samples) -> TaskInputs:
        check_is_fitted(self)
        inputs, _ = check_tasks(X, estimator=self)
        return inputs
