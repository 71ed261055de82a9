"""What `fit` minimizes, records, restores and prints."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from skorch.callbacks import Callback
from torch.nn import functional as F

from sk_jae import JointAutoencoder, JointTransferClassifier
from sk_jae.exceptions import TrainingInterrupted

SMALL = {
    "n_shared": 2,
    "n_private": 3,
    "encoder": (8,),
    "lr": 0.01,
    "precision": "float32",
    "device": "cpu",
    "random_state": 0,
}

# Without the terms on unlabeled samples, which have tests of their own.
PAPER = {
    **SMALL,
    "infomax_weight": 0,
    "consistency_weight": 0,
    "augmentation": None,
    "lr_schedule": "constant",
}


def make_tasks(sizes=(40, 20), widths=(6, 4), seed=0):
    rng = np.random.default_rng(seed)
    X = [rng.normal(size=shape) for shape in zip(sizes, widths, strict=True)]
    y = [(x[:, 0] > 0).astype(int) + (x[:, 1] > 0) for x in X]
    return X, y


class Recorder(Callback):
    """Keeps the initial weights and every training batch."""

    def on_train_begin(self, net, **kwargs):
        self.weights = copy.deepcopy(net.module_.state_dict())
        self.batches = []
        self.losses = []

    def on_batch_begin(self, net, batch, training, **kwargs):
        if training:
            self.batches.append(batch)

    def on_batch_end(self, net, loss, training, **kwargs):
        if training:
            self.losses.append(loss.item())


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_equals_a_plain_loop(optimizer):
    X, y = make_tasks()
    y[1][:8] = -1
    recorder = Recorder()
    clf = JointTransferClassifier(
        **PAPER,
        optimizer=optimizer,
        max_epochs=4,
        batch_size=8,
        reconstruction_weight=[1.0, 0.3],
        classification_weight=[2.0, 0.5],
        weight_decay=0.01,
        callbacks=[recorder],
    ).fit(X, y)
    assert len(recorder.batches) == 4 * 5

    module = copy.deepcopy(clf.module_).train()
    module.load_state_dict(recorder.weights)
    plain = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimizer]
    steps = plain(module.parameters(), lr=0.01, weight_decay=0.01)
    losses = []
    for batch in recorder.batches:
        outputs = module(batch.inputs)
        loss = 0
        for t in range(2):
            x, labels = batch.inputs[t], batch.labels[t]
            squares = F.mse_loss(outputs[t].reconstruction, x)
            entropy = F.cross_entropy(outputs[t].logits, labels, ignore_index=-1)
            loss = loss + [1.0, 0.3][t] * squares + [2.0, 0.5][t] * entropy
        steps.zero_grad()
        loss.backward()
        steps.step()
        losses.append(loss.item())

    np.testing.assert_allclose(recorder.losses, losses, rtol=1e-5)
    for name, value in module.state_dict().items():
        torch.testing.assert_close(
            clf.module_.state_dict()[name], value, rtol=1e-4, atol=1e-6
        )


def test_batches_hold_the_samples_and_labels_of_the_tasks():
    X, y = make_tasks()
    recorder = Recorder()
    params = {**PAPER, "max_epochs": 1, "batch_size": 8}
    JointTransferClassifier(**params, callbacks=[recorder]).fit(X, y)
    for t in range(2):
        rows = torch.cat([batch.inputs[t] for batch in recorder.batches]).numpy()
        labels = torch.cat([batch.labels[t] for batch in recorder.batches]).numpy()
        times = 40 // len(X[t])
        expected = np.column_stack([X[t], y[t]]).astype(np.float32)
        found = np.column_stack([rows, labels])
        np.testing.assert_array_equal(
            found[np.lexsort(found.T)],
            np.repeat(expected[np.lexsort(expected.T)], times, axis=0),
        )


def test_history_has_every_term_of_every_task():
    """With a vanishing learning rate the terms can be computed afterwards."""
    X, y = make_tasks(sizes=(45, 15, 9), widths=(6, 4, 5))
    y[0][::3] = -1
    y[2] = None
    clf = JointTransferClassifier(
        **{**PAPER, "lr": 1e-12},
        max_epochs=1,
        batch_size=9,
        head="both",
        reconstruction_weight=[1.0, 0.5, 2.0],
        classification_weight=[1.0, 3.0, 1.0],
    ).fit(X, y)
    (row,) = clf.history_
    reconstruction = [
        np.mean((x - r) ** 2) for x, r in zip(X, clf.reconstruct(X), strict=True)
    ]
    classification = []
    for t, p in enumerate(clf.predict_proba(X)[:2]):
        labeled = y[t] >= 0
        chosen = p[labeled, np.searchsorted(clf.classes_, y[t][labeled])]
        classification.append(-np.log(chosen).mean())
    expected = {
        "train_loss": np.dot([1.0, 0.5, 2.0], reconstruction)
        + np.dot([1.0, 3.0], classification),
        "train_reconstruction": np.mean(reconstruction),
        "train_classification": np.mean(classification),
        "train_reconstruction_task0": reconstruction[0],
        "train_reconstruction_task1": reconstruction[1],
        "train_reconstruction_task2": reconstruction[2],
        "train_classification_task0": classification[0],
        "train_classification_task1": classification[1],
    }
    assert set(row) == {"epoch", "dur", "train_loss_best", *expected}
    for key, value in expected.items():
        assert row[key] == pytest.approx(value, rel=1e-5), key
    assert clf.loss_curve_ == [row["train_loss"]]
    assert clf.n_iter_ == 1


def test_history_of_the_validation_data():
    """All samples of the hold-out count once, in the task's own mean."""
    X, y = make_tasks(sizes=(60, 20))
    y[0][::2] = -1
    seen = []

    class Watcher(Callback):
        def on_epoch_end(self, net, dataset_valid, **kwargs):
            seen.append(dataset_valid)

    clf = JointTransferClassifier(
        **PAPER,
        max_epochs=1,
        batch_size=5,
        early_stopping=True,
        validation_fraction=0.3,
        callbacks=[Watcher()],
    ).fit(X, y)
    (data,) = seen
    held_out = [data.arrays[t][data.rows[t]] for t in range(2)]
    labels = [data.labels[t][data.rows[t]] for t in range(2)]
    assert [len(x) for x in held_out] == [18, 6]
    (row,) = clf.history_
    total = 0
    for t, (x, r) in enumerate(zip(held_out, clf.reconstruct(held_out), strict=True)):
        value = np.mean((x - r) ** 2)
        assert row[f"valid_reconstruction_task{t}"] == pytest.approx(value, rel=1e-5)
        total += value
    for t, p in enumerate(clf.predict_proba(held_out)):
        known = labels[t] >= 0
        value = -np.log(p[known, labels[t][known]]).mean()
        assert row[f"valid_classification_task{t}"] == pytest.approx(value, rel=1e-5)
        total += value
    assert row["valid_loss"] == pytest.approx(total, rel=1e-5)


def test_history_reads_well_as_a_dataframe():
    X, y = make_tasks()
    clf = JointTransferClassifier(**PAPER, max_epochs=3, early_stopping=True)
    clf.fit({"usps": X[0], "batch_count": X[1]}, {"usps": y[0]})
    frame = pd.DataFrame(clf.history_)
    assert list(frame["epoch"]) == [1, 2, 3]
    assert not frame.isna().any().any()
    assert {
        "train_reconstruction_batch_count",
        "valid_reconstruction_usps",
        "valid_classification_usps",
    } <= set(frame.columns)
    assert all(dtype.kind in "ifb" for dtype in frame.dtypes)
    assert frame["train_loss"].tolist() == clf.loss_curve_


def test_history_names_the_phases():
    X, y = make_tasks()
    clf = JointTransferClassifier(**PAPER, strategy="common-branch", max_epochs=2)
    frame = pd.DataFrame(clf.fit(X, y).history_)
    assert (
        list(frame["phase"]) == ["unsupervised"] * 2 + ["source"] * 2 + ["target"] * 2
    )
    assert list(frame["epoch"]) == [1, 2, 3, 4, 5, 6]
    supervised = frame["phase"] != "unsupervised"
    assert (frame["train_reconstruction"].isna() == supervised).all()
    assert (frame["train_classification"].isna() == ~supervised).all()


def test_a_phase_trains_what_it_names_alone():
    class Moved(Callback):
        def on_train_begin(self, net, **kwargs):
            self.before_ = copy.deepcopy(net.module_.state_dict())

        def on_train_end(self, net, **kwargs):
            moved[net.phase_.name] = {
                ".".join(name.split(".")[: 1 if name.startswith("tied") else 2])
                for name, value in net.module_.state_dict().items()
                if not torch.equal(value, self.before_[name])
            }

    moved = {}
    X, y = make_tasks()
    JointTransferClassifier(
        **PAPER, strategy="common-branch", max_epochs=2, callbacks=[Moved()]
    ).fit(X, y)
    parts = ["private_encoders", "pre_tied", "shared_decoders", "private_decoders"]
    assert moved == {
        "unsupervised": {"tied"}
        | {f"{part}.{t}" for part in [*parts, "outputs"] for t in range(2)},
        "source": {"tied", "shared_head.0", "pre_tied.0"}
        | {"private_encoders.0", "private_heads.0"},
        "target": {"private_encoders.1", "private_heads.1"},
    }


def valid_loss(est, X, held_out):
    """The validation loss of the fitted estimator, by its public methods."""
    reconstructed = est.reconstruct(
        [x[rows] for x, rows in zip(X, held_out, strict=True)]
    )
    return sum(
        np.mean((x[rows] - r) ** 2)
        for x, rows, r in zip(X, held_out, reconstructed, strict=True)
    )


class HoldOut(Callback):
    def on_train_begin(self, net, **kwargs):
        self.rows = net.valid.rows


@pytest.mark.parametrize(("lr", "tol"), [(0.3, 1e-4), (0.05, 1e-4), (0.01, 0.05)])
def test_early_stopping_restores_the_best_weights(lr, tol):
    X, _ = make_tasks()
    held_out = HoldOut()
    jae = JointAutoencoder(
        **{**SMALL, "lr": lr},
        max_epochs=100,
        early_stopping=True,
        validation_fraction=0.2,
        n_iter_no_change=5,
        tol=tol,
        callbacks=[held_out],
    ).fit(X)
    losses = [row["valid_loss"] for row in jae.history_]
    assert 5 < jae.n_iter_ < 100
    assert losses[-1] > min(losses) or lr == 0.01
    assert valid_loss(jae, X, held_out.rows) == pytest.approx(min(losses), rel=1e-5)


@pytest.mark.parametrize("tol", [0.0, 0.02])
@pytest.mark.parametrize("patience", [1, 3])
def test_early_stopping_stops_after_n_iter_no_change_epochs(tol, patience):
    X, _ = make_tasks()
    params = {**SMALL, "lr": 0.05, "max_epochs": 100, "early_stopping": True}
    jae = JointAutoencoder(**params, n_iter_no_change=patience, tol=tol).fit(X)
    least, waited, expected = np.inf, 0, None
    for row in jae.history_:
        assert expected is None, "should have stopped earlier"
        waited = 0 if row["valid_loss"] < least - tol else waited + 1
        least = min(least, row["valid_loss"])
        if waited == patience:
            expected = row["epoch"]
    assert jae.n_iter_ == expected


def test_early_stopping_stops_and_restores_in_every_phase():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **{**PAPER, "lr": 0.2},
        strategy="common-branch",
        early_stopping=True,
        validation_fraction=0.3,
        max_epochs=60,
        n_iter_no_change=2,
    ).fit(X, y)
    lengths = pd.DataFrame(clf.history_).groupby("phase").size()
    assert set(lengths.index) == {"unsupervised", "source", "target"}
    assert (lengths < 60).all()


def test_without_labels_in_the_hold_out_a_phase_runs_to_its_end():
    X, y = make_tasks(sizes=(60, 40))
    y[0][2:] = -1
    y[0][:2] = 0, 1
    y[1] = None
    clf = JointTransferClassifier(
        **PAPER,
        strategy="common-branch",
        early_stopping=True,
        max_epochs=20,
        n_iter_no_change=2,
    ).fit(X, y)
    frame = pd.DataFrame(clf.history_)
    source = frame[frame["phase"] == "source"]
    assert len(source) == 20
    assert source["valid_loss"].isna().all()
    assert source["train_loss"].iloc[-1] < source["train_loss"].iloc[0]


def test_the_hold_out_is_stratified_in_every_task():
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(n, 4)) for n in (100, 200, 50)]
    y = [
        rng.permutation(np.repeat([0, 1, -1], [50, 30, 20])),
        rng.permutation(np.repeat([0, 1], [180, 20])),
        None,
    ]
    seen = []

    class Watcher(Callback):
        def on_train_begin(self, net, X, **kwargs):
            seen.append((X, net.valid))

    clf = JointTransferClassifier(
        **PAPER,
        max_epochs=1,
        early_stopping=True,
        validation_fraction=0.2,
        callbacks=[Watcher()],
    )
    clf.fit(X, y)
    ((train, valid),) = seen
    for t, n in enumerate((100, 200, 50)):
        rows = np.concatenate([train.rows[t], valid.rows[t]])
        assert sorted(rows) == list(range(n))
        assert len(valid.rows[t]) == n // 5
    counts = [
        {label: (y[t][valid.rows[t]] == label).sum() for label in (0, 1, -1)}
        for t in range(2)
    ]
    assert counts == [{0: 10, 1: 6, -1: 4}, {0: 36, 1: 4, -1: 0}]


def test_the_hold_out_of_a_task_does_not_depend_on_other_tasks():
    X, _ = make_tasks()
    held_out = HoldOut()
    params = {**SMALL, "max_epochs": 1, "early_stopping": True}
    jae = JointAutoencoder(**params, callbacks=[held_out])
    jae.fit({"a": X[0], "b": X[1]})
    expected = held_out.rows[1]
    jae.fit({"c": X[0][:7], "b": X[1]})
    np.testing.assert_array_equal(held_out.rows[1], expected)


class Interrupter(Callback):
    """Ctrl-C at some point of some epoch."""

    def __init__(self, epoch, where):
        self.epoch = epoch
        self.where = where

    def _interrupt(self, net, where):
        if where == self.where and net.history[-1, "epoch"] == self.epoch:
            raise KeyboardInterrupt

    def on_epoch_begin(self, net, **kwargs):
        self._interrupt(net, "epoch begin")

    def on_batch_end(self, net, training, **kwargs):
        self._interrupt(net, "train" if training else "valid")

    def on_epoch_end(self, net, **kwargs):
        self._interrupt(net, "epoch end")


@pytest.mark.parametrize(
    ("n_samples", "n_epochs"), [(40, 200), (400, 86), (2000, 19), (32_000, 5)]
)
def test_max_epochs_depends_on_the_largest_task(n_samples, n_epochs):
    X = [np.zeros((n_samples, 1), np.float32), np.zeros((20, 1), np.float32)]
    jae = JointAutoencoder(**SMALL, callbacks=[Interrupter(1, "epoch begin")])
    with pytest.warns(TrainingInterrupted):
        jae.fit(X)
    assert jae.net_.max_epochs == n_epochs


@pytest.mark.parametrize("where", ["epoch begin", "train", "valid", "epoch end"])
@pytest.mark.parametrize("epoch", [1, 3])
def test_ctrl_c_leaves_a_usable_estimator(epoch, where):
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **PAPER,
        max_epochs=9,
        early_stopping=True,
        callbacks=[Interrupter(epoch, where)],
    )
    with pytest.warns(TrainingInterrupted, match=f"interrupted in epoch {epoch}") as w:
        clf.fit(X, y)
    assert w[0].filename == __file__
    done = epoch - (where in ("epoch begin", "train"))
    assert clf.n_iter_ == len(clf.history_) == len(clf.loss_curve_) == done
    assert [p.shape for p in clf.predict(X)] == [(40,), (20,)]
    assert all(np.isfinite(z).all() for z in clf.transform(X))
    assert not clf.module_.training
    assert all(p.requires_grad for p in clf.module_.parameters())


def test_ctrl_c_ends_all_phases():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **PAPER,
        strategy="common-branch",
        max_epochs=2,
        callbacks=[Interrupter(3, "train")],
    )
    with pytest.warns(TrainingInterrupted, match="epoch 3"):
        clf.fit(X, y)
    assert [row["phase"] for row in clf.history_] == ["unsupervised"] * 2


def test_training_goes_on_after_ctrl_c_with_warm_start():
    X, _ = make_tasks()
    jae = JointAutoencoder(
        **SMALL, max_epochs=4, warm_start=True, callbacks=[Interrupter(2, "train")]
    )
    with pytest.warns(TrainingInterrupted):
        jae.fit(X)
    jae.set_params(callbacks=None).fit(X)
    assert jae.n_iter_ == 5
    assert jae.loss_curve_[-1] < jae.loss_curve_[0]


def test_a_loss_that_is_not_finite_stops_and_leaves_nothing_to_use():
    X, _ = make_tasks()
    jae = JointAutoencoder(
        **{**SMALL, "lr": 1e20}, optimizer="sgd", max_epochs=50, batch_size=8
    )
    with pytest.raises(ValueError, match=r"became (nan|inf) in epoch \d+.*smaller lr"):
        jae.fit(X)
    with pytest.raises(Exception, match="not fitted"):
        jae.transform(X)


def test_a_weight_of_zero_leaves_out_the_phase():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **PAPER, strategy="common-branch", max_epochs=1, reconstruction_weight=0.0
    ).fit(X, y)
    assert [row["phase"] for row in clf.history_] == ["source", "target"]


def weights_of(est):
    return torch.cat([p.detach().flatten() for p in est.module_.parameters()])


def test_warm_start_goes_on_where_the_last_fit_ended():
    X, y = make_tasks()
    recorder = Recorder()
    clf = JointTransferClassifier(
        **PAPER, max_epochs=3, warm_start=True, callbacks=[recorder]
    ).fit(X, y)
    ended = copy.deepcopy(clf.module_.state_dict())
    moments = copy.deepcopy(clf.net_.optimizer_.state_dict()["state"])
    assert moments
    started = {}

    class Start(Callback):
        def on_train_begin(self, net, **kwargs):
            started.update(copy.deepcopy(net.optimizer_.state_dict()))

    first_batches = recorder.batches
    clf.set_params(callbacks=[recorder, Start()], lr=0.005, max_epochs=2).fit(X, y)
    for name, value in ended.items():
        assert torch.equal(recorder.weights[name], value)
    for k, state in moments.items():
        for name, value in state.items():
            torch.testing.assert_close(started["state"][k][name], value)
    assert started["param_groups"][0]["lr"] == 0.005
    assert [row["epoch"] for row in clf.history_] == [1, 2, 3, 4, 5]
    assert clf.n_iter_ == 5
    # Another order of the samples, not the same again.
    assert not torch.equal(first_batches[0].inputs[0], recorder.batches[0].inputs[0])


def test_warm_start_without_optimizer_state_begins_a_new_one():
    X, _ = make_tasks()
    jae = JointAutoencoder(**SMALL, max_epochs=2).fit(X)
    before = weights_of(jae)
    jae.set_params(warm_start=True, optimizer="sgd", lr=1e-12).fit(X)
    torch.testing.assert_close(weights_of(jae), before)
    jae.set_params(optimizer="adam").fit(X)
    torch.testing.assert_close(weights_of(jae), before)
    assert jae.n_iter_ == 6


def test_without_warm_start_fit_starts_anew():
    X, _ = make_tasks()
    jae = JointAutoencoder(**SMALL, max_epochs=2).fit(X)
    first, history = weights_of(jae), jae.loss_curve_
    jae.fit(X)
    assert torch.equal(weights_of(jae), first)
    assert jae.loss_curve_ == history


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("shape", "the tasks"),
        ("names", "the tasks"),
        ("n_tasks", "the tasks"),
        ("classes", "the classes"),
        ("n_shared", "shape of"),
        ("encoder", "shape of"),
        ("head", "shape of private_heads"),
    ],
)
def test_warm_start_refuses_another_module(change, message):
    X, y = make_tasks(sizes=(40, 20, 30), widths=(6, 4, 5))
    clf = JointTransferClassifier(**PAPER, max_epochs=1, warm_start=True, head="shared")
    clf.fit(X[:2], y[:2])
    expected = clf.predict(X[:2])
    X_new, y_new = X[:2], y[:2]
    if change == "shape":
        X_new = [X[0][:, :5], X[1]]
    elif change == "names":
        X_new, y_new = {"a": X[0], "b": X[1]}, {"a": y[0], "b": y[1]}
    elif change == "n_tasks":
        X_new, y_new = X, y
    elif change == "classes":
        y_new = [labels % 2 for labels in y[:2]]
    else:
        clf.set_params(
            **{change: {"n_shared": 4, "encoder": (9,), "head": "both"}[change]}
        )
    with pytest.raises(ValueError, match=rf"warm_start=True .*{message}.* start anew"):
        clf.fit(X_new, y_new)
    for found, labels in zip(clf.predict(X[:2]), expected, strict=True):
        np.testing.assert_array_equal(found, labels)
    assert clf.set_params(warm_start=False).fit(X_new, y_new).n_iter_ == 1


def test_warm_start_learns_which_classes_a_task_has():
    X, y = make_tasks()
    y[1][:] = np.arange(20) % 2
    clf = JointTransferClassifier(**PAPER, max_epochs=1, warm_start=True)
    clf.fit(X, [y[0], None])
    assert clf.predict_proba(X)[1][:, 2].all()
    clf.set_params(head="shared").fit(X, y)
    assert not clf.predict_proba(X)[1][:, 2].any()
    np.testing.assert_array_equal(clf.task_classes_[1], [0, 1])


def test_verbose_0_prints_nothing(capfd):
    X, y = make_tasks()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        JointAutoencoder(**SMALL, max_epochs=2).fit(X)
        JointTransferClassifier(
            **PAPER, max_epochs=2, early_stopping=True, warm_start=True
        ).fit(X, y).fit(X, y)
    assert capfd.readouterr() == ("", "")


def test_verbose_1_prints_a_line_per_epoch(capfd):
    X, y = make_tasks()
    JointTransferClassifier(**PAPER, max_epochs=3, early_stopping=True, verbose=1).fit(
        X, y
    )
    out, err = capfd.readouterr()
    header, rule, *rows = out.splitlines()
    assert header.split() == ["epoch", "train_loss", "valid_loss", "dur"]
    assert set(rule) == {"-", " "}
    assert [row.split()[0] for row in rows] == ["1", "2", "3"]
    assert err == ""


def test_verbose_1_prints_all_phases_below_one_header(capfd):
    X, y = make_tasks()
    JointTransferClassifier(
        **PAPER, strategy="common-branch", max_epochs=1, verbose=1
    ).fit(X, y)
    header, _, *rows = capfd.readouterr().out.splitlines()
    assert header.split() == ["epoch", "phase", "train_loss", "dur"]
    assert [row.split()[1] for row in rows] == ["unsupervised", "source", "target"]


def test_verbose_2_shows_a_bar_besides(capfd):
    X, _ = make_tasks()
    JointAutoencoder(
        **SMALL, max_epochs=2, batch_size=8, early_stopping=True, verbose=2
    ).fit(X)
    out, err = capfd.readouterr()
    assert len(out.splitlines()) == 4
    assert "/6 [" in err  # 5 batches to train and 1 to validate


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_gpu_learns_the_same():
    X, y = make_tasks()
    params = {**SMALL, "max_epochs": 5, "early_stopping": True}
    on_cpu = JointTransferClassifier(**params).fit(X, y)
    on_gpu = JointTransferClassifier(**{**params, "device": "cuda"}).fit(X, y)
    np.testing.assert_allclose(on_gpu.loss_curve_, on_cpu.loss_curve_, rtol=1e-3)
    for one, other in zip(on_gpu.transform(X), on_cpu.transform(X), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-2, atol=1e-3)
