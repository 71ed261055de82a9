"""The whole state of a training between two epochs, and how one goes on from it.

All random draws of an epoch depend on the seed and its number alone. So the state
consists of what the training changes, and of the place that it has reached.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from torch import nn

from sk_jae.training.adaptation import Transfer
from sk_jae.training.callback_states import load_state_of, state_of
from sk_jae.training.class_shares import ClassShares
from sk_jae.training.net import JointNet
from sk_jae.training.skorch_types import Callback

if TYPE_CHECKING:
    from sk_jae.training.trainer import Trainer

__all__ = [
    "CheckpointCallback",
    "Keeper",
    "Place",
    "checkpoint_in",
    "load_end",
    "load_history",
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


def state_dict(trainer: Trainer) -> dict[str, Any]:
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


def load_history(trainer: Trainer, state: dict[str, Any]) -> None:
    """Give the rows of the history back, before callbacks begin the phase.

    skorch's callbacks expect the rows there when a training goes on.
    """
    net = trainer.net
    trainer.finished[:] = [{**row, "batches": []} for row in state["finished"]]
    net.n_finished_epochs_ = len(trainer.finished)
    net.history.clear()
    net.history.extend({**row, "batches": []} for row in state["history"])
    net.best_loss_ = state["best_loss"]


def load_state(trainer: Trainer, state: dict[str, Any]) -> None:
    """Give everything else back, after callbacks have begun the phase."""
    net = trainer.net
    _load_end_of_net(net, state)
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
    _load_transfer(trainer, state)
    net.batch_size = state["net"]["batch_size"]
    net.max_epochs = state["net"]["max_epochs"]


def load_end(trainer: Trainer, state: dict[str, Any]) -> None:
    """Give back the state at the end of a training."""
    load_history(trainer, state)
    _load_end_of_net(trainer.net, state)
    _load_transfer(trainer, state)


def _load_end_of_net(net: JointNet, state: dict[str, Any]) -> None:
    net.module_.load_state_dict(state["module"])
    net.optimizer_.load_state_dict(state["optimizer"])


def _load_transfer(trainer: Trainer, state: dict[str, Any]) -> None:
    trainer.transfer = {t: Transfer(**found) for t, found in state["transfer"].items()}


def _frozen(module: nn.Module) -> list[str]:
    parameters = module.named_parameters()
    return [name for name, parameter in parameters if not parameter.requires_grad]


def _own_functions(net: JointNet) -> Iterator[nn.Module]:
    """The functions of the user that are modules, which may have a state."""
    for function in (net.criterion_.loss, *net.criterion_.augment):
        if isinstance(function, nn.Module):
            yield function


def _rows(history: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {key: value for key, value in row.items() if key not in _NOT_KEPT}
        for row in history
    ]
