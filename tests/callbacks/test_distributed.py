"""Several processes train one model together."""

from __future__ import annotations

import copy
import os
import pickle
import signal
import subprocess
import sys
from functools import partial

import numpy as np
import pytest
import torch
from sklearn.base import clone
from skorch.callbacks import Callback, EarlyStopping, GradientNormClipping
from torch import distributed

from sk_jae import (
    JointAutoencoder,
    JointTransferClassifier,
    JointTransferRegressor,
    load,
    pack,
)
from sk_jae.callbacks import Checkpoint, Distributed
from sk_jae.exceptions import TrainingInterrupted
from tests.helpers.processes import TIMEOUT, together
from tests.helpers.recipes import recipe
from tests.helpers.small import CONV, SMALL, make_tasks, small
from tests.helpers.stores import ChunkedRows, with_small_buffers

pytestmark = pytest.mark.skipif(
    not distributed.is_available() or not hasattr(os, "fork"),
    reason="torch has no processes that train together here",
)


def images():
    rng = np.random.default_rng(0)
    X = [rng.uniform(size=(n, 8, 8)).astype(np.float32) for n in (32, 20)]
    return X, [np.arange(32) % 3, None]


def partly_labeled():
    X, (y, _) = make_tasks((64, 32), ((6,), (6,)))
    return X, [np.where(np.arange(64) % 3 > 0, y, -1), None]


def numbers():
    X, _ = partly_labeled()
    return X, [X[0][:, 0] + X[0][:, 1] ** 2, None]


def packed():
    X, y = make_tasks(n_samples=(30, 20))
    return pack(X, [y[0], None], ids=[np.arange(30), np.arange(25, 45)])


def in_chunks():
    # Only the processes of the group come here, whose buffers stay small.
    with_small_buffers(pytest.MonkeyPatch())
    (array, other), _ = make_tasks((150, 30))
    return [ChunkedRows(array), other]


# The optimizer does not make small differences large, and every batch can be halved.
PLAIN = small(optimizer=torch.optim.SGD, max_epochs=6, lr=0.05)

# A case has an estimator, its samples and labels, and further arguments of `fit`.
CASES = {
    "autoencoder": lambda: (JointAutoencoder(**PLAIN), *make_tasks((64, 32)), {}),
    "classifier": lambda: (JointTransferClassifier(**PLAIN), *partly_labeled(), {}),
    "regressor": lambda: (JointTransferRegressor(**PLAIN), *numbers(), {}),
    "weights": lambda: (
        JointTransferClassifier(**PLAIN, class_weight="balanced"),
        *partly_labeled(),
        {"sample_weight": [np.arange(64) % 4 + 0.5, np.arange(32) % 3 + 1.0]},
    ),
    "class prior": lambda: (
        JointTransferClassifier(**PLAIN, class_prior={"task1": [0.5, 0.3, 0.2]}),
        *partly_labeled(),
        {},
    ),
    "early stopping": lambda: (
        JointTransferClassifier(
            **small(PLAIN, max_epochs=12),
            early_stopping=True,
            n_iter_no_change=2,
            tol=0.01,
            validation_fraction=0.25,
        ),
        *make_tasks((64, 32)),
        {},
    ),
    "closure": lambda: (
        JointAutoencoder(
            **small(
                PLAIN,
                optimizer=partial(torch.optim.LBFGS, max_iter=3),
                lr=0.1,
                max_epochs=1,
            )
        ),
        *make_tasks((64, 32)),
        {},
    ),
    "clipping": lambda: (
        JointAutoencoder(**PLAIN, callbacks=[GradientNormClipping(0.1)]),
        *make_tasks((64, 32)),
        {},
    ),
}

# These draw numbers, or look at the samples of a batch together, so that the result is
# another one than that of one process.
DIFFERENT = {
    "images": lambda: (
        JointTransferClassifier(**CONV | {"max_epochs": 4}, augmentation="auto"),
        *images(),
        {},
    ),
    "three phases": lambda: (
        JointTransferClassifier(**CONV, strategy="common-branch", head="both"),
        images()[0],
        [np.arange(32) % 3, np.where(np.arange(20) % 2, -1, np.arange(20) % 3)],
        {},
    ),
    "subjects": lambda: (
        JointAutoencoder(**SMALL, pairing_weight=1.0),
        *make_tasks((41, 23)),
        {"ids": [np.arange(41), np.arange(30, 53)]},
    ),
    "packed subjects without labels in common": lambda: (
        JointTransferClassifier(**SMALL, pairing_weight=1.0, reconstruction_weight=0.0),
        *packed(),
        {},
    ),
    "rare labels": lambda: (
        JointTransferClassifier(**small(random_state=None), labeled_fraction=0.3),
        make_tasks()[0],
        [np.r_[0, 1, 2, np.full(37, -1)], None],
        {},
    ),
    "a task smaller than the processes": lambda: (
        JointAutoencoder(**SMALL),
        *make_tasks((20, 1)),
        {},
    ),
    "samples in chunks of a file": lambda: (
        JointAutoencoder(**SMALL),
        in_chunks(),
        None,
        {},
    ),
}


def fit(case, *callbacks):
    est, X, y, more = case()
    est.set_params(callbacks=[*(est.callbacks or []), *callbacks])
    return est.fit(X, y, **more)


def results_of(est):
    return {
        "state": {k: v.numpy() for k, v in est.module_.state_dict().items()},
        "history": est.history_,
    }


def fit_all():
    cases = {**CASES, **DIFFERENT}
    return {name: results_of(fit(case, Distributed())) for name, case in cases.items()}


@pytest.fixture(scope="module")
def by_two(tmp_path_factory):
    return together(fit_all, folder=tmp_path_factory.mktemp("two"))


@pytest.mark.parametrize("name", [*CASES, *DIFFERENT])
def test_all_processes_end_with_the_same_model(name, by_two):
    one, other = (found[name] for found in by_two)
    assert one["history"] == other["history"]
    for key, value in one["state"].items():
        np.testing.assert_array_equal(value, other["state"][key], strict=True)


@pytest.mark.parametrize("name", CASES)
def test_it_is_the_model_of_one_process(name, by_two):
    expected = results_of(fit(CASES[name]))
    assert len(by_two[0][name]["history"]) == len(expected["history"])
    for row, alone in zip(by_two[0][name]["history"], expected["history"], strict=True):
        assert row.keys() == alone.keys()
        for key, value in alone.items():
            assert row[key] == pytest.approx(value, rel=1e-3, abs=1e-4), key
    for key, value in expected["state"].items():
        np.testing.assert_allclose(
            by_two[0][name]["state"][key], value, rtol=1e-3, atol=1e-4
        )


def add_to_fitted(*callbacks):
    """A fit of one process, and a task that joins it."""
    X, y = make_tasks((64, 32, 32), [(6,)] * 3)
    clf = JointTransferClassifier(**PLAIN).fit(X[:2], [y[0], None])
    before = clf.predict_proba(X[:2])
    clf.set_params(callbacks=list(callbacks)).add_task(X[2], y[2])
    after = clf.predict_proba([*X[:2], None])[:2]
    assert all((a == b).all() for a, b in zip(before, after, strict=True))
    return results_of(clf)


def test_a_task_that_joins_is_trained_by_all(tmp_path):
    found = together(add_to_fitted, Distributed(), folder=tmp_path)
    expected = add_to_fitted()
    for key, value in expected["state"].items():
        np.testing.assert_array_equal(found[0]["state"][key], found[1]["state"][key])
        np.testing.assert_allclose(found[0]["state"][key], value, rtol=1e-3, atol=1e-4)


class AtEpoch(Callback):
    """Does something in one process, in the middle of an epoch."""

    def __init__(self, action, epoch=3, rank=1):
        self.action, self.epoch, self.rank = action, epoch, rank

    def on_batch_end(self, net, training, **kwargs):
        is_there = net.history[-1, "epoch"] == self.epoch and training
        if is_there and distributed.get_rank() == self.rank and self.action:
            action, self.action = self.action, None
            action()


def kill_itself():
    os.kill(os.getpid(), signal.SIGKILL)


def interrupt_itself():
    os.kill(os.getpid(), signal.SIGINT)


def fail():
    raise OSError("the disk is full")


def fit_until(action):
    """What a fit raises whose process does something in epoch 3, and what it leaves."""
    jae = JointAutoencoder(
        **small(max_epochs=200), callbacks=[AtEpoch(action), Distributed()]
    )
    X, _ = make_tasks()
    try:
        jae.fit(X)
    except BaseException as error:
        left = results_of(jae) if hasattr(jae, "module_") else None
        after = fit(CASES["autoencoder"], Distributed()) if action is fail else None
        return type(error), str(error), left, after and after.n_iter_
    return None


def test_when_a_process_is_killed_the_others_end_with_an_error(tmp_path):
    (kind, message, left, _), killed = together(fit_until, kill_itself, folder=tmp_path)
    assert killed is None
    assert kind is RuntimeError
    assert "Process 0 of 2 has lost the others" in message
    assert left is None


def test_an_error_in_one_process_is_one_in_all_and_the_next_fit_works(tmp_path):
    first, failed = together(fit_until, fail, folder=tmp_path)
    assert first[0] is RuntimeError
    assert failed[:2] == (OSError, "the disk is full")
    assert first[2:] == failed[2:] == (None, PLAIN["max_epochs"])


def test_ctrl_c_in_one_process_ends_all_in_the_same_step(tmp_path):
    one, other = together(fit_until, interrupt_itself, folder=tmp_path)
    assert one[0] is other[0] is TrainingInterrupted
    assert one[1] == other[1]
    assert one[2]["history"] == other[2]["history"]
    assert len(one[2]["history"]) in (2, 3)
    for key, value in one[2]["state"].items():
        np.testing.assert_array_equal(value, other[2]["state"][key])


class OwnNumber(Callback):
    def on_epoch_end(self, net, **kwargs):
        epoch = net.history[-1, "epoch"]
        net.history.record("own", -min(epoch, 4) if distributed.get_rank() else -epoch)


def fit_with_own_stopping():
    stopping = EarlyStopping("own", patience=2, threshold=0.5, threshold_mode="abs")
    callbacks = [OwnNumber(), stopping, Distributed()]
    jae = JointAutoencoder(**small(max_epochs=20), callbacks=callbacks)
    return jae.fit(make_tasks()[0]).n_iter_


def fit_that_diverges():
    try:
        fit(
            lambda: (
                JointAutoencoder(**small(PLAIN, lr=1e12, lr_schedule="constant")),
                *make_tasks(),
                {},
            ),
            Distributed(),
        )
    except ValueError as error:
        return str(error)
    return None


def fit_other_data():
    X, y = make_tasks()
    X[1][3, 2] += distributed.get_rank()
    clf = JointTransferClassifier(
        **small(lr=0.1 * (1 + distributed.get_rank())), callbacks=[Distributed()]
    )
    try:
        clf.fit(X, y)
    except ValueError as error:
        return str(error)
    return None


draws = []


def noise(x):
    draws.append(torch.rand(()).item())
    return x


def drawn():
    draws.clear()
    jae = JointAutoencoder(**SMALL, augmentation=noise, callbacks=[Distributed()])
    jae.fit(make_tasks()[0])
    return list(draws)


def several():
    """Everything short in one start of processes."""
    functions = (fit_with_own_stopping, fit_that_diverges, fit_other_data, drawn)
    return {function.__name__: function() for function in functions}


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return together(several, folder=tmp_path_factory.mktemp("several"))


def test_all_stop_when_a_callback_of_one_does(found):
    one, other = (own["fit_with_own_stopping"] for own in found)
    assert one == other == 6


def test_all_refuse_what_diverges(found):
    one, other = (own["fit_that_diverges"] for own in found)
    assert one == other
    assert "try a smaller lr" in one


def test_other_data_are_refused_by_name(found):
    first, other = (own["fit_other_data"] for own in found)
    assert "process 0 of 2 does not differ from the first one" in first
    assert "process 1 of 2 differs in lr, arrays of task 'task1'" in other


def test_each_process_draws_its_own_numbers(found):
    one, other = (own["drawn"] for own in found)
    assert len(one) == len(other) > 0
    assert not set(one) & set(other)


def fit_with_checkpoint(folder, interrupting):
    callbacks = [Checkpoint(folder), Distributed()]
    if interrupting:
        callbacks.append(AtEpoch(interrupt_itself, rank=0))
    clf = JointTransferClassifier(
        **small(max_epochs=6), early_stopping=True, callbacks=callbacks
    )
    try:
        clf.fit(*make_tasks())
    except KeyboardInterrupt:
        return None
    return results_of(clf)


def fit_twice(folder):
    return [
        fit_with_checkpoint(folder / "whole", False),
        fit_with_checkpoint(folder / "halves", True),
        fit_with_checkpoint(folder / "halves", False),
    ]


def test_a_checkpoint_is_continued_by_all(tmp_path):
    for whole, interrupted, resumed in together(fit_twice, tmp_path, folder=tmp_path):
        assert interrupted is None
        assert resumed["history"] == whole["history"]
        for key, value in whole["state"].items():
            np.testing.assert_array_equal(resumed["state"][key], value)
    assert len(list(tmp_path.glob("*/*.finished"))) == 2


def test_the_program_of_the_page_runs_by_torchrun(tmp_path):
    X, _ = make_tasks((60, 31))
    for name, x in zip(("first", "second"), X, strict=True):
        np.save(tmp_path / f"{name}.npy", x)
    script = tmp_path / "train.py"
    script.write_text(recipe("One fit on several processes"), encoding="utf-8")
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    subprocess.run(
        [*run, "--nproc-per-node", "2", script],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        timeout=TIMEOUT,
        check=True,
    )
    fitted = load(tmp_path / "fitted.jae")
    alone = clone(fitted).fit(X)
    for one, other in zip(fitted.transform(X), alone.transform(X), strict=True):
        np.testing.assert_allclose(one, other, atol=0.02)


@pytest.fixture
def group_of_one():
    store = distributed.HashStore()
    distributed.init_process_group("gloo", store=store, rank=0, world_size=1)
    yield
    distributed.destroy_process_group()


@pytest.mark.parametrize("name", [*CASES, "images"])
def test_one_process_trains_as_without_the_callback(name, group_of_one):
    case = {**CASES, **DIFFERENT}[name]
    alone, expected = fit(case, Distributed()), fit(case)
    assert alone.history_ == expected.history_
    for key, value in expected.module_.state_dict().items():
        assert torch.equal(alone.module_.state_dict()[key], value)


def test_a_fitted_estimator_keeps_nothing_of_the_group(group_of_one):
    before = signal.getsignal(signal.SIGINT)
    jae = fit(CASES["autoencoder"], Distributed())
    for copied in (clone(jae), copy.deepcopy(jae), pickle.loads(pickle.dumps(jae))):
        assert isinstance(copied.callbacks[0], Distributed)
    assert signal.getsignal(signal.SIGINT) is before
    assert jae.net_.processes.size == 1


@pytest.mark.parametrize(
    ("callback", "error", "message"),
    [
        (Distributed(), ValueError, "there is no process group; start the script by"),
        (Distributed, ValueError, "there is no process group; start the script by"),
        (Distributed(timeout=0), ValueError, "is 0, expected more than 0"),
        (Distributed(timeout="1 min"), TypeError, "expected a number of seconds"),
    ],
)
def test_what_cannot_train_together_is_refused(callback, error, message):
    jae = JointAutoencoder(**SMALL, callbacks=[callback])
    with pytest.raises(error, match=message):
        jae.fit(make_tasks()[0])
    assert not hasattr(jae, "module_")


def test_two_of_them_are_refused(group_of_one):
    jae = JointAutoencoder(**SMALL, callbacks=[Distributed(), Distributed()])
    with pytest.raises(ValueError, match="2 of Distributed, expected one at most"):
        jae.fit(make_tasks()[0])
