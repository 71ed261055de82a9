"""The whole state of a training between two epochs, and how one goes on from it.

All random draws of an epoch depend on the seed and its number alone. So the state
consists of what the training changes, and of the place that it has reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Protocol

from torch import nn

from sk_jae.training.adaptation import Adaptation, Transfer
from sk_jae.training.callback_states import load_state_of, state_of
from sk_jae.training.class_shares import ClassShares
from sk_jae.training.isolation import LentGenerators
from sk_jae.training.net import JointNet
from sk_jae.training.skorch_types import Callback
from sk_jae.training.stopping import BestWeights

__all__ = [
    "CheckpointCallback",
    "Keeper",
    "Place",
    "checkpoint_in",
    "load_begin",
    "load_end",
    "load_state",
    "state_dict",
]

_NOT_KEPT = ("batches",)


class Keeper(Protocol):
    """An object outside of the training that keeps its state.

    Attributes
    ----------
    seed : int
        The seed of the training whose state is kept, or that of a new one.
    """

    seed: int

    def load(self) -> dict[str, Any] | None:
        """The state that was kept last, None if there is none."""

    def is_due(self, epoch: int) -> bool:
        """Whether to keep the state after so many epochs."""

    def save(self, state: dict[str, Any], *, is_end: bool = False) -> None:
        """Keep a state, at the end of the training for good."""


class CheckpointCallback(Callback):
    """A callback that keeps the state of the training, for which a fit looks."""

    def keeper(
        self, fingerprint: Mapping[str, str], seed: int, *, is_seed_free: bool = False
    ) -> AbstractContextManager[Keeper | None]:
        """What keeps the state while a fit is running.

        Parameters
        ----------
        fingerprint : dict of {str: str}
            What the fit depends on.
        seed : int
            The seed of a fit that begins anew.
        is_seed_free : bool, default=False
            Whether any seed will do. A finished fit is then no reason not to train.

        Returns
        -------
        keeper : context manager of (Keeper or None)
            None if the state cannot be kept.
        """
        raise NotImplementedError


def checkpoint_in(callbacks: Any) -> CheckpointCallback | None:
    """Find the callback that keeps the state among those of an estimator.

    Raises
    ------
    ValueError
        If there are several.
    """
    items = callbacks if isinstance(callbacks, list) else []
    single = [item[1] if isinstance(item, tuple) else item for item in items]
    found = [item for item in single if isinstance(item, CheckpointCallback)]
    if len(found) > 1:
        raise ValueError(
            f"callbacks has {len(found)} of {type(found[0]).__name__}, expected one at "
            "most; remove the others."
        )
    return found[0] if found else None


@dataclass(frozen=True)
class Place:
    """How far a training has come.

    Attributes
    ----------
    phase : int
        Number of finished phases.
    epoch : int
        Number of finished epochs of the phase.
    n_epochs : int
        Number of epochs of the phase, as it was planned when the phase began.
    is_last : bool
        Whether the phase ends with the epoch that was finished last.
    """

    phase: int = 0
    epoch: int = 0
    n_epochs: int = 0
    is_last: bool = False

    @property
    def progress(self) -> float:
        """The fraction of the epochs of the phase that is finished."""
        return self.epoch / self.n_epochs

    def with_epochs(self, n_epochs: int) -> Place:
        """The place at the beginning of a phase of so many epochs."""
        return replace(self, n_epochs=n_epochs, is_last=n_epochs < 1)

    def after_epoch(self, stop: bool) -> Place:
        """The place after one more epoch, which may be asked to be the last."""
        epoch = self.epoch + 1
        return replace(self, epoch=epoch, is_last=stop or epoch >= self.n_epochs)


class Resumable(Protocol):
    """What a :class:`Trainer` consists of, as far as it changes from epoch to epoch."""

    net: JointNet
    place: Place
    best: BestWeights | None
    adaptation: Adaptation | None
    transfer: dict[int, Transfer]
    lent: LentGenerators
    finished: list[dict[str, Any]]


def state_dict(trainer: Resumable) -> dict[str, Any]:
    """The state of a training between two epochs, or at its end.

    Its tensors are those of the training, which go on changing.
    """
    net = trainer.net
    return {
        "place": dict(vars(trainer.place)),
        "module": dict(net.module_.state_dict()),
        "frozen": _frozen(net.module_),
        "optimizer": net.optimizer_.state_dict(),
        "shares": {
            t: shares.to_state()
            for t, shares in net.criterion_.shares.items()
            if isinstance(shares, ClassShares)
        },
        "functions": [part.state_dict() for part in _own_functions(net)],
        "callbacks": {name: state_of(callback) for name, callback in net.callbacks_},
        "best": trainer.best.state_dict() if trainer.best else None,
        "adaptation": trainer.adaptation.state_dict() if trainer.adaptation else None,
        "transfer": {t: dict(vars(found)) for t, found in trainer.transfer.items()},
        "generators": trainer.lent.state_dict(),
        "finished": _rows(trainer.finished),
        "history": _rows(net.history),
        "best_loss": dict(net.best_loss_),
        "net": {"batch_size": net.batch_size, "max_epochs": net.max_epochs},
    }


def load_begin(trainer: Resumable, state: dict[str, Any]) -> None:
    """Give back what was there when the phase of the state began.

    Callbacks then begin this phase as they did before.
    """
    trainer.place = Place(**state["place"])
    trainer.finished[:] = _with_batches(state["finished"])
    trainer.net.n_finished_epochs_ = len(trainer.finished)


def load_state(trainer: Resumable, state: dict[str, Any]) -> int:
    """Give everything else back, and return the number of finished epochs."""
    net = trainer.net
    for name, parameter in net.module_.named_parameters():
        parameter.requires_grad_(name not in state["frozen"])
    for part, own in zip(_own_functions(net), state["functions"], strict=True):
        part.load_state_dict(own)
    for name, callback in net.callbacks_:
        if name in state["callbacks"]:
            load_state_of(callback, state["callbacks"][name])
    for t, shares in state["shares"].items():
        net.criterion_.shares[t] = ClassShares.from_state(shares).to(net.device)
    assert trainer.best is not None
    assert trainer.adaptation is not None
    trainer.best.load_state_dict(state["best"])
    trainer.adaptation.load_state_dict(state["adaptation"])
    trainer.lent.load_state_dict(state["generators"])
    net.batch_size = state["net"]["batch_size"]
    net.max_epochs = state["net"]["max_epochs"]
    return load_end(trainer, state)


def load_end(trainer: Resumable, state: dict[str, Any]) -> int:
    """Give back what is left at the end, and return the number of finished epochs."""
    net = trainer.net
    net.history.clear()
    net.history.extend(_with_batches(state["history"]))
    net.best_loss_ = state["best_loss"]
    net.module_.load_state_dict(state["module"])
    net.optimizer_.load_state_dict(state["optimizer"])
    trainer.transfer = {t: Transfer(**found) for t, found in state["transfer"].items()}
    return len(trainer.finished) + len(net.history)


def _frozen(module: nn.Module) -> list[str]:
    parameters = module.named_parameters()
    return [name for name, parameter in parameters if not parameter.requires_grad]


def _own_functions(net: JointNet) -> Iterator[nn.Module]:
    """The functions of the user that are modules, which may have a state."""
    for function in (*dict.fromkeys(net.losses), *net.criterion_.augment):
        if isinstance(function, nn.Module):
            yield function


def _with_batches(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "batches": []} for row in rows]


def _rows(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in _NOT_KEPT}
        for row in history
    ]
