"""skorch's callbacks around the training."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from skorch.callbacks import (
    Callback,
    Checkpoint,
    EarlyStopping,
    EpochScoring,
    Freezer,
    GradientNormClipping,
    LRScheduler,
    TrainEndCheckpoint,
)

from sk_jae import JointAutoencoder, JointTransferClassifier, pack
from tests.helpers.small import SMALL, small


class Rates(Callback):
    """The learning rate of every epoch."""

    def __init__(self):
        self.seen = []

    def on_batch_end(self, net, training, **kwargs):
        if training:
            self.seen.append(net.optimizer_.param_groups[0]["lr"])


class TestSkorch:
    def test_callbacks_see_every_batch_and_epoch(self, tasks):
        class Spy(Callback):
            def __init__(self):
                self.events = []

            def notify(self, *event):
                self.events.append(event)

            def on_train_begin(self, net, X, y, **kwargs):
                self.notify("train begin", len(X))

            def on_train_end(self, net, **kwargs):
                self.notify("train end")

            def on_epoch_begin(self, net, dataset_train, dataset_valid, **kwargs):
                self.notify("epoch", net.history[-1, "epoch"])

            def on_batch_begin(self, net, batch, training, **kwargs):
                self.notify("begin", training, len(batch))

            def on_grad_computed(self, net, named_parameters, batch, **kwargs):
                assert all(p.grad is not None for _, p in named_parameters)
                self.notify("grad")

            def on_batch_end(self, net, batch, training, loss, y_pred, **kwargs):
                assert isinstance(loss, torch.Tensor)
                assert loss.shape == ()
                assert not loss.requires_grad
                self.notify("end", training)

            def on_epoch_end(self, net, **kwargs):
                self.notify("epoch end", sorted(net.history[-1]))

        spy = Spy()
        X, _ = tasks
        jae = JointAutoencoder(
            **small(max_epochs=2, batch_size=20, early_stopping=True, callbacks=[spy])
        ).fit(X)
        step = [("begin", True, 18), ("grad",), ("end", True)]
        keys = ["batches", "dur", "train_batch_count", "valid_batch_count"]
        keys = sorted([*keys, *jae.history_[0]])
        epoch = [*step, *step, ("begin", False, 4), ("end", False)]
        assert spy.events == [
            ("train begin", 36),
            ("epoch", 1),
            *epoch,
            ("epoch end", keys),
            ("epoch", 2),
            *epoch,
            ("epoch end", keys),
            ("train end",),
        ]

    def test_learning_rate_schedules(self, tasks):
        X, _ = tasks
        scheduler = LRScheduler("StepLR", step_size=2, gamma=0.1)
        jae = JointAutoencoder(**small(max_epochs=5, callbacks=[scheduler])).fit(X)
        rates = [row["event_lr"] for row in jae.history_]
        np.testing.assert_allclose(rates, [0.01, 0.01, 0.001, 0.001, 0.0001])
        again = clone(jae).fit(X)
        assert again.loss_curve_ == jae.loss_curve_

    def test_learning_rate_schedules_per_step(self, tasks):
        X, _ = tasks
        scheduler = LRScheduler("StepLR", step_size=3, gamma=0.5, step_every="batch")
        jae = JointAutoencoder(
            **small(max_epochs=2, batch_size=20, callbacks=[scheduler])
        ).fit(X)
        rates = jae.net_.history[:, "batches", :, "event_lr"]
        np.testing.assert_allclose(rates, [[0.01, 0.01], [0.01, 0.005]])

    @pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
    def test_cosine_schedule(self, tasks, strategy):
        rates = Rates()
        params = small(max_epochs=4, batch_size=64, strategy=strategy)
        JointTransferClassifier(**params, lr_schedule="cosine", callbacks=[rates]).fit(
            *tasks
        )
        middles = np.array([0.125, 0.375, 0.625, 0.875])
        expected = 0.01 * np.cos(np.pi * middles / 2) ** 2
        n_phases = 3 if strategy == "common-branch" else 1
        np.testing.assert_allclose(rates.seen, [*expected] * n_phases)

    def test_the_users_schedule_comes_before_the_estimators(self, tasks):
        rates = Rates()
        scheduler = LRScheduler("StepLR", step_size=1, gamma=0.1)
        params = small(max_epochs=3, batch_size=64, lr_schedule="cosine")
        JointTransferClassifier(**params, callbacks=[scheduler, rates]).fit(*tasks)
        np.testing.assert_allclose(rates.seen, [0.01, 0.001, 0.0001])

    def test_every_phase_has_its_own_schedule(self, tasks):
        clf = JointTransferClassifier(
            **small(
                strategy="common-branch",
                max_epochs=3,
                callbacks=[LRScheduler("StepLR", step_size=1, gamma=0.1)],
            )
        ).fit(*tasks)
        rates = [row["event_lr"] for row in clf.history_]
        np.testing.assert_allclose(rates, [0.01, 0.001, 0.0001] * 3)

    @pytest.mark.parametrize(
        ("monitor", "stopping"), [("train_loss", False), ("valid_loss", True)]
    )
    @pytest.mark.filterwarnings("error")
    def test_early_stopping(self, tasks, monitor, stopping):
        X, _ = tasks
        stopper = EarlyStopping(monitor, patience=2, threshold=0.2, load_best=True)
        jae = JointAutoencoder(
            **small(
                max_epochs=50,
                early_stopping=stopping,
                n_iter_no_change=50,
                callbacks=[stopper],
            )
        ).fit(X)
        assert 2 < jae.n_iter_ < 50
        assert jae.transform(X)[0].shape == (40, 5)

    def test_early_stopping_ends_one_phase_only(self, tasks):
        clf = JointTransferClassifier(
            **small(
                strategy="common-branch",
                max_epochs=5,
                callbacks=[EarlyStopping("train_loss", patience=1, threshold=0.9)],
            )
        ).fit(*tasks)
        phases = [row["phase"] for row in clf.history_]
        assert phases == ["unsupervised"] * 2 + ["source"] * 2 + ["target"] * 2

    def test_gradient_clipping(self, tasks):
        class Norm(Callback):
            def on_grad_computed(self, net, named_parameters, **kwargs):
                norm = torch.cat([p.grad.flatten() for _, p in named_parameters]).norm()
                norms.append(norm.item())

        norms: list[float] = []
        X, _ = tasks
        clipping = GradientNormClipping(gradient_clip_value=0.01)
        JointAutoencoder(**small(max_epochs=3, callbacks=[Norm()])).fit(X)
        assert min(norms) > 0.02
        norms.clear()
        JointAutoencoder(**small(max_epochs=3, callbacks=[clipping, Norm()])).fit(X)
        np.testing.assert_allclose(norms, 0.01, rtol=1e-3)

    @pytest.mark.parametrize("strategy", ["end-to-end", "common-branch"])
    def test_freezer(self, tasks, strategy):
        class Start(Callback):
            def on_train_begin(self, net, **kwargs):
                if not weights:
                    weights.update(copy.deepcopy(net.module_.state_dict()))

        weights: dict[str, torch.Tensor] = {}
        clf = JointTransferClassifier(
            **small(
                strategy=strategy, max_epochs=3, callbacks=[Start(), Freezer("tied*")]
            )
        ).fit(*tasks)
        moved = {
            name.split(".")[0]
            for name, value in clf.module_.state_dict().items()
            if not torch.equal(value, weights[name])
        }
        assert "tied" not in moved
        assert {"pre_tied", "private_encoders", "outputs", "shared_head"} <= moved
        frozen = {
            name.split(".")[0]
            for name, p in clf.module_.named_parameters()
            if not p.requires_grad
        }
        assert frozen == {"tied"}

    def test_scores_per_epoch(self, tasks):
        def worst(net, data, y=None):
            assert len(data) == 36
            return max(net.history[-1, f"train_reconstruction_task{t}"] for t in (0, 1))

        X, _ = tasks
        jae = JointAutoencoder(
            **small(
                max_epochs=3,
                early_stopping=True,
                callbacks=[EpochScoring(worst, name="worst", on_train=True)],
            )
        ).fit(X)
        for row in jae.history_:
            terms = [row[f"train_reconstruction_task{t}"] for t in (0, 1)]
            assert row["worst"] == max(terms)
            assert row["worst_best"]

    def test_scores_on_validation_data_need_early_stopping(self, tasks):
        X, _ = tasks
        scoring = EpochScoring(lambda net, data, y: len(data), name="n")
        jae = JointAutoencoder(**small(max_epochs=1, callbacks=[scoring]))
        with pytest.raises(ValueError, match="early_stopping=True"):
            jae.fit(X)
        jae.set_params(early_stopping=True).fit(X)
        assert jae.history_[0]["n"] == 4

    def test_checkpoints(self, tasks, tmp_path):
        X, _ = tasks
        checkpoint = Checkpoint(
            dirname=str(tmp_path), f_pickle="net.pkl", f_params="{last_epoch[epoch]}.pt"
        )
        jae = JointAutoencoder(
            **small(
                max_epochs=4,
                early_stopping=True,
                callbacks=[
                    checkpoint,
                    TrainEndCheckpoint(dirname=str(tmp_path / "end")),
                ],
            )
        ).fit(X)
        best = [row["epoch"] for row in jae.history_ if row["valid_loss_best"]]
        assert [row["event_cp"] for row in jae.history_] == [
            row["valid_loss_best"] for row in jae.history_
        ]
        assert {f"{epoch}.pt" for epoch in best} == {
            p.name for p in tmp_path.glob("*.pt") if p.stem.isdigit()
        }
        saved = torch.load(tmp_path / f"{best[-1]}.pt", weights_only=True)
        for name, value in jae.module_.state_dict().items():
            assert torch.equal(saved[name], value)
        assert (tmp_path / "end" / "train_end_params.pt").exists()

    def test_the_best_checkpoint_is_loaded(self, tasks, tmp_path):
        X, _ = tasks
        checkpoint = Checkpoint(
            monitor="train_loss_best", dirname=str(tmp_path), load_best=True
        )
        jae = JointAutoencoder(
            **small(lr=0.5, max_epochs=8, callbacks=[checkpoint])
        ).fit(X)
        saved = torch.load(tmp_path / "params.pt", weights_only=True)
        for name, value in jae.module_.state_dict().items():
            assert torch.equal(saved[name], value)

    def test_callbacks_may_be_named_classes_or_switched_off(self, tasks, capsys):
        X, _ = tasks
        params = {**SMALL, "max_epochs": 2}
        named = JointAutoencoder(
            **params, callbacks=[("rate", LRScheduler("StepLR", step_size=1))]
        ).fit(X)
        assert "event_lr" in named.history_[0]
        JointAutoencoder(**params, callbacks=[LRScheduler]).fit(X)
        off = JointAutoencoder(**params, callbacks="disable", verbose=1).fit(X)
        assert "dur" not in off.net_.history[0]
        assert capsys.readouterr().out == ""

    def test_a_callback_belongs_to_the_user(self, tasks):
        """It is used itself, not a copy, and a clone gets its own."""

        class Counter(Callback):
            def __init__(self):
                self.n_ = 0

            def on_epoch_end(self, net, **kwargs):
                self.n_ += 1

        X, _ = tasks
        counter = Counter()
        jae = JointAutoencoder(**small(max_epochs=3, callbacks=[counter])).fit(X)
        assert jae.callbacks == [counter]
        assert counter.n_ == 3
        clone(jae).fit(X)
        assert counter.n_ == 3

    def test_callbacks_in_a_search(self, tasks):
        X, _ = pack(tasks[0])
        jae = JointAutoencoder(
            **small(
                max_epochs=3,
                callbacks=[
                    LRScheduler("StepLR", step_size=1),
                    Freezer("tied*"),
                    EarlyStopping("train_loss"),
                ],
            )
        )
        search = GridSearchCV(jae, {"lr": [0.01, 0.02]}, cv=2).fit(X)
        rates = [row["event_lr"] for row in search.best_estimator_.history_]
        best = search.best_params_["lr"]
        np.testing.assert_allclose(rates, [best, best / 10, best / 100])
