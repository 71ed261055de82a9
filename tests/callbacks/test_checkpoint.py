"""The folder of checkpoints: what is in it, whom it serves, and what is said."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from functools import partial

import joblib
import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import Callback

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from sk_jae.callbacks import Checkpoint
from sk_jae.exceptions import DamagedFileError
from tests.helpers.resuming import (
    Stop,
    Stopped,
    assert_same,
    epochs_of,
    interrupted,
    names,
    resumed,
)
from tests.helpers.small import half_labeled, make_tasks, small

EPOCHS = 5


def make(**parameters):
    return JointAutoencoder(**small(**{"max_epochs": EPOCHS, **parameters}))


def test_a_folder_is_made_and_has_one_file_per_fit(tmp_path):
    X, _ = make_tasks()
    folder = tmp_path / "new" / "folder"
    interrupted(make, folder, X, epoch=3)
    assert names(folder) == [".training"]
    est = make(callbacks=[Checkpoint(str(folder))])
    assert epochs_of(est, X) == [3, 4, 5]
    assert names(folder) == [".finished"]
    est = make(callbacks=[Checkpoint(folder)])
    assert epochs_of(est, X) == []
    assert est.n_iter_ == EPOCHS


@pytest.mark.parametrize(("every", "epochs"), [(2, [3, 4, 5]), (9, [1, 2, 3, 4, 5])])
def test_every_so_many_epochs(every, epochs, tmp_path):
    X, _ = make_tasks()
    checkpoint = Checkpoint(tmp_path, every=every)
    with pytest.raises(Stopped):
        make(callbacks=[checkpoint, Stop(4)]).fit(X)
    est = make(callbacks=[checkpoint])
    assert epochs_of(est, X) == epochs
    assert_same(
        dict(est.module_.state_dict()), dict(make().fit(X).module_.state_dict())
    )
    assert names(tmp_path) == [".finished"]


def test_finished_fits_are_no_reason_for_a_warning(tmp_path):
    X, _ = make_tasks()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        for lr in (0.01, 0.02):
            make(lr=lr, callbacks=[Checkpoint(tmp_path)]).fit(X)


def test_a_fit_that_is_running_is_no_reason_for_a_warning(tmp_path):
    X, _ = make_tasks()

    class Inside(Callback):
        def on_epoch_end(self, net, **kwargs):
            if net.n_epochs == 3:
                make(lr=0.02, callbacks=[Checkpoint(tmp_path)]).fit(X)

    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        make(callbacks=[Checkpoint(tmp_path), Inside()]).fit(X)
    assert names(tmp_path) == [".finished", ".finished"]


def test_the_same_fit_at_the_same_time_trains_without_a_checkpoint(tmp_path):
    X, _ = make_tasks()
    found = []

    class Inside(Callback):
        def on_epoch_end(self, net, **kwargs):
            if net.n_epochs == 3:
                with pytest.warns(UserWarning, match="running in another process"):
                    found.append(make(callbacks=[Checkpoint(tmp_path)]).fit(X))

    whole = make(callbacks=[Checkpoint(tmp_path), Inside()]).fit(X)
    assert_same(dict(found[0].module_.state_dict()), dict(whole.module_.state_dict()))
    assert names(tmp_path) == [".finished"]


def test_temporary_files_and_locks_of_the_dead_are_removed(tmp_path):
    X, _ = make_tasks()
    interrupted(make, tmp_path, X, epoch=3)
    for name in (".sk_jae-0123456789abcdef.tmp", "0123.lock"):
        (tmp_path / name).write_bytes(b"torn")
    (tmp_path / "notes.txt").write_text("of the user")
    resumed(make, tmp_path, X)
    assert names(tmp_path) == [".finished", ".txt"]


def test_the_last_file_before_the_end_is_removed_at_the_next_start(tmp_path):
    X, _ = make_tasks()
    interrupted(make, tmp_path, X, epoch=5)
    (unfinished,) = tmp_path.iterdir()
    content = unfinished.read_bytes()
    resumed(make, tmp_path, X)
    unfinished.write_bytes(content)
    assert epochs_of(make(callbacks=[Checkpoint(tmp_path)]), X) == []
    assert names(tmp_path) == [".finished"]


def test_temporary_files_stay_while_others_are_running(tmp_path):
    X, _ = make_tasks()
    temporary = tmp_path / ".sk_jae-0123456789abcdef.tmp"

    class Inside(Callback):
        def on_epoch_end(self, net, **kwargs):
            temporary.write_bytes(b"half")
            make(lr=0.02, callbacks=[Checkpoint(tmp_path)]).fit(X)
            assert temporary.exists()

    make(callbacks=[Checkpoint(tmp_path), Inside()]).fit(X)


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_continued_fit_prints_the_head_of_its_table(verbose, tmp_path, capsys):
    X, _ = make_tasks()
    interrupted(partial(make, verbose=verbose), tmp_path, X, epoch=3)
    capsys.readouterr()
    resumed(partial(make, verbose=1), tmp_path, X)
    _, head, _, row, *_ = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["epoch", "train_loss"]
    assert row.split()[0] == "3"


def test_a_changed_file_is_refused_by_name(tmp_path):
    X, _ = make_tasks()
    interrupted(make, tmp_path, X, epoch=3)
    path = next(tmp_path.iterdir())
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DamagedFileError, match=path.name):
        resumed(make, tmp_path, X)
    path.unlink()
    assert resumed(make, tmp_path, X).n_iter_ == EPOCHS


def test_candidates_of_a_search_share_a_folder(tmp_path):
    X, y = half_labeled()
    X, y = pack(X, y)
    grid = {"lr": [0.01, 0.03], "n_shared": [2, 3]}

    def search(callbacks, **more):
        clf = JointTransferClassifier(**small(max_epochs=3), callbacks=callbacks)
        return GridSearchCV(clf, grid, cv=2, error_score="raise", **more).fit(X, y)

    expected = search(None)
    with pytest.raises(Stopped):
        search([Checkpoint(tmp_path), AtFit(6)])
    assert names(tmp_path).count(".training") == 1
    for n_jobs in (1, 2):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)
            found = search([Checkpoint(tmp_path)], n_jobs=n_jobs)
        for name in ("mean_test_score", "split0_test_score"):
            np.testing.assert_array_equal(
                found.cv_results_[name], expected.cv_results_[name]
            )
        assert names(tmp_path) == 9 * [".finished"]


class AtFit(Callback):
    """Ends the second epoch of a fit that is counted over all copies."""

    n_fits = 0

    def __init__(self, number):
        self.number = number

    def on_train_begin(self, net, **kwargs):
        AtFit.n_fits += 1

    def on_epoch_end(self, net, **kwargs):
        if AtFit.n_fits == self.number and net.n_epochs == 2:
            raise Stopped


def test_in_threads(tmp_path):
    X, _ = make_tasks()
    packed, _ = pack(X)
    grid = {"lr": [0.01, 0.02, 0.03]}
    found = GridSearchCV(
        make(callbacks=[Checkpoint(tmp_path)]), grid, cv=2, error_score="raise"
    )
    with joblib.parallel_backend("threading", n_jobs=2):
        found.fit(packed)
    assert names(tmp_path) == 7 * [".finished"]


def test_clone_pickle_and_set_params(tmp_path):
    est = make(callbacks=[("kept", Checkpoint(tmp_path, every=3))])
    for other in (clone(est), pickle.loads(pickle.dumps(est))):
        ((_, checkpoint),) = other.callbacks
        assert checkpoint.get_params() == {"path": tmp_path, "every": 3}
    other = clone(est).set_params(callbacks__kept__every=2)
    assert other.callbacks[0][1].every == 2
    assert est.callbacks[0][1].every == 3
    X, _ = make_tasks()
    loaded = pickle.loads(pickle.dumps(est.fit(X)))
    assert_same(loaded.transform(X), est.transform(X))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((3,), TypeError, "path of Checkpoint is 3, expected a folder"),
        (("x", 1.5), TypeError, "every of Checkpoint is 1.5, expected an int"),
        (("x", True), TypeError, "every of Checkpoint is True, expected an int"),
        (("x", 0), ValueError, "every of Checkpoint is 0, expected at least 1"),
    ],
)
def test_wrong_parameters_are_refused(arguments, error, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    X, _ = make_tasks()
    with pytest.raises(error, match=message):
        make(callbacks=[Checkpoint(*arguments)]).fit(X)


def test_two_checkpoints_are_refused(tmp_path):
    X, _ = make_tasks()
    both = [Checkpoint(tmp_path / "a"), ("b", Checkpoint(tmp_path / "b"))]
    with pytest.raises(ValueError, match=r"2 of Checkpoint.*one at most"):
        make(callbacks=both).fit(X)


def test_a_folder_that_cannot_be_made(tmp_path):
    X, _ = make_tasks()
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        make(callbacks=[Checkpoint(tmp_path / "file" / "folder")]).fit(X)


class Counting(Callback):
    """Has a state in every form that is kept, and one that is not."""

    def initialize(self):
        self.count_ = 0
        self.largest_ = torch.zeros(())
        self.rows_ = []
        self.other = 0

    def on_epoch_end(self, net, **kwargs):
        self.count_ += 1
        self.other += 1
        self.largest_ = self.largest_.maximum(torch.tensor(net.history[-1, "dur"]))
        self.rows_.append({"epoch": net.n_epochs})
        net.history.record("count", self.count_)


class WithStateDict(Callback):
    def initialize(self):
        self.n = 0

    def state_dict(self):
        return {"n": self.n}

    def load_state_dict(self, state):
        self.n = state["n"]

    def on_epoch_end(self, net, **kwargs):
        self.n += 1


def test_what_callbacks_remember(tmp_path):
    X, _ = make_tasks()
    interrupted(make, tmp_path, X, epoch=4, callbacks=[Counting(), WithStateDict()])
    counting, other = Counting(), WithStateDict()
    est = resumed(make, tmp_path, X, callbacks=[counting, other])
    assert [row["count"] for row in est.history_] == [1, 2, 3, 4, 5]
    assert counting.count_ == other.n == EPOCHS
    assert [row["epoch"] for row in counting.rows_] == [1, 2, 3, 4, 5]
    assert counting.other == 2


LIMITED = """
import resource, signal, sys
from sk_jae.callbacks import Checkpoint
from tests.callbacks.test_checkpoint import make
from tests.helpers.small import make_tasks
from skorch.callbacks import Callback

class Fill(Callback):
    def on_epoch_begin(self, net, **kwargs):
        if net.n_epochs == 4:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (3000, resource.RLIM_INFINITY))

X, _ = make_tasks()
est = make(callbacks=[Checkpoint(sys.argv[1]), Fill()])
try:
    est.fit(X)
except OSError as error:
    assert "went" not in str(error) and "goes on from there" in error.__notes__[0]
    assert not hasattr(est, "history_")
    print("refused")
"""


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files")
def test_a_full_disk_ends_the_fit_and_keeps_the_last_state(tmp_path):
    command = [sys.executable, "-c", LIMITED, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout == "refused\n", done.stderr
    assert names(tmp_path) == [".training"]
    X, _ = make_tasks()
    est = make(callbacks=[Checkpoint(tmp_path)])
    assert epochs_of(est, X) == [4, 5]
