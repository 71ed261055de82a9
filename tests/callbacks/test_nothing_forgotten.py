"""Whatever a training changes has its place in a checkpoint.

Everything that can be reached from the trainer is compared between a training that
went on from a checkpoint and one that was not interrupted, at the same moment. So a new
attribute that changes from epoch to epoch fails here until checkpoints have it.
"""

from __future__ import annotations

import pytest
import torch
from skorch.callbacks import Callback

from sk_jae.estimators import _assembly
from tests.callbacks.test_bit_equal import CASES
from tests.helpers.reachable import difference, reachable
from tests.helpers.resuming import interrupted, resumed

# Durations, what belongs to the process and not to the training, and what callbacks
# may write for a batch, which nobody reads after the end of its epoch.
LEFT_OUT = {
    "dur",
    "batches",
    "keeper",
    "monitor",
    "epoch_start_time_",
    "grad",
    # Of optimizers, for profilers.
    "_step_count",
    # The versions of the classes of layers.
    "_metadata",
    # Every step sets the mode of the module.
    "training",
    # What every training finds again when it first needs it.
    "_batches",
    "_own_code",
    # The looks of this test.
    "look",
    "callbacks",
    "path",
}


class Look(Callback):
    """Keeps all that can be reached from the trainer when an epoch begins."""

    trainer = None

    def __init__(self, epoch):
        self.epoch = epoch
        self.found = None

    def on_epoch_begin(self, net, **kwargs):
        if net.n_epochs == self.epoch:
            self.found = reachable(self.trainer, LEFT_OUT)


@pytest.fixture
def of_trainers(monkeypatch):
    """Show the trainer of a fit to `Look`, perhaps one of another class."""

    def show(base):
        class Shown(base):
            def train(self):
                Look.trainer = self
                super().train()

        monkeypatch.setattr(_assembly, "Trainer", Shown)

    yield show
    Look.trainer = None


def found_in(case, folder, epoch):
    """What was reachable in a whole training, and in one that went on."""
    make, tasks, callbacks = CASES[case]
    X, y = tasks()
    looks = Look(epoch), Look(epoch)
    resumed(make, folder / "0", X, y, callbacks=[*callbacks(), ("look", looks[0])])
    interrupted(make, folder / "1", X, y, epoch=epoch, callbacks=callbacks())
    resumed(make, folder / "1", X, y, callbacks=[*callbacks(), ("look", looks[1])])
    return [look.found for look in looks]


@pytest.mark.parametrize("case", CASES)
def test_nothing_is_forgotten(case, tmp_path, of_trainers):
    of_trainers(_assembly.Trainer)
    whole, continued = found_in(case, tmp_path, epoch=7)
    assert len(whole) > 300
    assert difference(whole, continued) == []


def test_what_is_forgotten_is_found(tmp_path, of_trainers):
    class WithMore(_assembly.Trainer):
        def _run_epoch(self, *args):
            self.net.more = getattr(self.net, "more", torch.zeros(2)) + 1
            return super()._run_epoch(*args)

    of_trainers(WithMore)
    whole, continued = found_in("autoencoder", tmp_path, epoch=7)
    assert difference(whole, continued) == ["/net/more"]
