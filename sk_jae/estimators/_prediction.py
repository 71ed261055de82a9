"""Applies a fitted module to samples and to codes, batch by batch."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from copy import deepcopy
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sk_jae.estimators._parameters import CodesChoice, JointParameters
from sk_jae.estimators._state import FittedState
from sk_jae.nn import Codes, JointModule
from sk_jae.tasks import SampleArray
from sk_jae.training import LentGenerators, plain_torch, read_batches

__all__ = [
    "Predictor",
    "check_code_sizes",
    "check_has_codes",
    "chosen_codes",
    "lender_of",
    "mean_of_subjects",
    "module_for_prediction",
    "n_chosen_codes",
]

Places: TypeAlias = slice | NDArray[np.intp]

_ROWS = 32
_CODES_PER_BATCH = 1024


class Predictor:
    """The module of a fitted estimator, applied to numpy arrays."""

    def __init__(self, state: FittedState) -> None:
        self.state = state
        self.module = module_for_prediction(state)
        self._lent = lender_of(state)

    def batches(
        self, array: SampleArray, t: int
    ) -> Generator[tuple[Places, NDArray[Any], Tensor]]:
        """The places of samples, their values, and what the module sees of them."""
        return read_batches(array, self.state.layouts[t], self.state.device)

    def outputs(
        self,
        array: SampleArray | None,
        t: int,
        function: Callable[[Codes], Tensor],
        convert: Callable[[NDArray[np.float32]], NDArray[Any]] = np.asarray,
        write: Callable[[Places, NDArray[Any]], None] | None = None,
    ) -> NDArray[Any] | None:
        """Apply `function` to the codes of the samples of one task.

        What `convert` makes of it is returned, or written where `write` writes it, and
        is then not held.
        """
        if array is None:
            return None
        found: NDArray[Any] | None = None
        with closing(self.batches(array, t)) as batches:
            for places, _, x in batches:
                values = convert(self.apply(x, t, function))
                if write is not None:
                    write(places, values)
                    continue
                if found is None:
                    found = np.empty((len(array), *values.shape[1:]), values.dtype)
                found[places] = values
        if found is None and write is None:
            # A selection of a JointArrays without samples of the task.
            shape = self.state.layouts[t].module_shape
            x = torch.zeros(1, *shape, dtype=torch.float32, device=self.state.device)
            found = convert(self.apply(x, t, function)[:0])
        return found

    def apply(
        self, x: Tensor, t: int, function: Callable[[Codes], Tensor]
    ) -> NDArray[np.float32]:
        """Apply `function` to the codes of one batch."""
        with self._running():
            values = function(self._encode(_padded(x), t))[: len(x)]
            return values.float().cpu().numpy()

    @contextmanager
    def _running(self) -> Iterator[None]:
        with plain_torch(self.state.device), torch.inference_mode(), self._lent():
            yield

    def _encode(self, x: Tensor, t: int) -> Codes:
        inputs: list[Tensor | None] = [None] * len(self.state.task_names)
        inputs[t] = x
        codes = self.module.encode(inputs)[t]
        assert codes is not None
        return codes

    def reconstruct(self, t: int, z: Codes, codes: CodesChoice = "both") -> Tensor:
        """Decode codes into values, also where the module gives logits ("bce")."""
        x = self.module.decode(t, z, codes)
        return x.sigmoid() if self.state.gives_logits else x

    def decode(self, Z: NDArray[Any], t: int) -> NDArray[np.float32]:
        """Reconstructions from codes in the columns that `transform` gives."""
        parts = []
        with self._running():
            for start in range(0, max(len(Z), 1), _CODES_PER_BATCH):
                batch = torch.tensor(Z[start : start + _CODES_PER_BATCH])
                z = self._as_codes(batch.to(self.state.device))
                x = self.reconstruct(t, z, self.state.codes)
                parts.append(x.float().cpu().numpy())
        return np.concatenate(parts)

    def _as_codes(self, z: Tensor) -> Codes:
        codes = self.state.codes
        n_shared, n_private = self.module.n_shared, self.module.n_private
        if codes == "shared":
            return Codes(z, z.new_zeros(len(z), n_private))
        if codes == "private":
            return Codes(z.new_zeros(len(z), n_shared), z)
        return Codes(z[:, :n_shared], z[:, n_shared:])


def chosen_codes(z: Codes, codes: CodesChoice) -> Tensor:
    """The columns of `transform`."""
    if codes == "both":
        return torch.cat(list(z), dim=1)
    return z.shared if codes == "shared" else z.private


def mean_of_subjects(
    values: Sequence[NDArray[np.float64] | None], rows: NDArray[np.intp]
) -> NDArray[np.float64]:
    """The mean over tasks of what is predicted for each subject.

    Parameters
    ----------
    values : sequence of (ndarray of shape (n_samples_t, n_values) or None)
        What is predicted for the samples of each task, None for a task without.
    rows : ndarray of shape (n_subjects, n_tasks)
        The row of each subject in each task, -1 for a task without it.

    Returns
    -------
    means : ndarray of shape (n_subjects, n_values)
    """
    total: Any = 0.0
    for t, own in enumerate(values):
        if own is not None and len(own):
            has = (rows[:, t] >= 0)[:, None]
            total = total + np.where(has, own[rows[:, t]], 0.0)
    means: NDArray[np.float64] = total / (rows >= 0).sum(axis=1, keepdims=True)
    return means


def check_has_codes(codes: CodesChoice, n_shared: int, n_private: int) -> None:
    """Refuse a choice of codes whose number is 0."""
    numbers = {"shared": n_shared, "private": n_private}
    if not numbers.get(codes, n_shared + n_private):
        raise ValueError(
            f"codes={codes!r} asks for codes that the estimator does not have, since "
            f"n_{codes} is 0."
        )


def check_code_sizes(estimator: JointParameters) -> None:
    """Refuse an estimator without codes, or without those that are chosen."""
    if not estimator.n_shared and not estimator.n_private:
        raise ValueError(
            "n_shared and n_private are both 0; give at least one code a size."
        )
    check_has_codes(estimator.codes, estimator.n_shared, estimator.n_private)


def n_chosen_codes(state: FittedState) -> dict[str, int]:
    """The number of columns of each kind in what `transform` returns."""
    found = {"shared": state.module.n_shared, "private": state.module.n_private}
    return {kind: n for kind, n in found.items() if state.codes in ("both", kind)}


def module_for_prediction(state: FittedState) -> JointModule:
    """The module in evaluation mode.

    A running fit needs the mode that it has set. In that case this is another module
    that has the same weights, and buffers of its own, which modules of the user may
    change whenever they run.
    """
    if not state.is_training and not state.module.training:
        return state.module
    weights = state.module.parameters()
    return deepcopy(state.module, {id(weight): weight for weight in weights}).eval()


def lender_of(state: FittedState) -> Callable[[], AbstractContextManager[None]]:
    """What makes the contexts in which the module's parts run.

    Those of the user may draw at random, or make tensors of the default dtype.
    """
    own = _runs_own_code(state.module)
    return LentGenerators(state.device).lent if own else nullcontext


def _runs_own_code(module: JointModule) -> bool:
    """Whether some of the module's parts are of neither torch nor this package."""
    known = ("torch.nn.", "sk_jae.")
    return not all(type(part).__module__.startswith(known) for part in module.modules())


def _padded(x: Tensor) -> Tensor:
    """Repeat the last sample until the number of rows is a multiple of 32.

    Matrix products of a few rows are summed in another order than those of many rows.
    Without padding, the last digits of a sample's codes would depend on the number of
    samples in its batch.
    """
    missing = -len(x) % _ROWS
    return torch.cat([x, x[-1:].expand(missing, *x.shape[1:])]) if missing else x
