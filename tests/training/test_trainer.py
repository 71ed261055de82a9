"""What `fit` minimizes, and which weights it moves."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback
from torch.nn import functional as F

from sk_jae import JointTransferClassifier
from tests.helpers.small import PAPER, SMALL, make_tasks, small
from tests.helpers.training import Recorder


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_training_equals_a_plain_loop(optimizer):
    X, y = make_tasks()
    y[1][:8] = -1
    recorder = Recorder()
    clf = JointTransferClassifier(
        **small(
            PAPER,
            optimizer=optimizer,
            max_epochs=4,
            batch_size=8,
            reconstruction_weight=[1.0, 0.3],
            classification_weight=[2.0, 0.5],
            weight_decay=0.01,
            loss_scaling=None,
            callbacks=[recorder],
        )
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
    params = {**PAPER, "max_epochs": 1, "batch_size": 8, "input_scaling": None}
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
        **small(PAPER, strategy="common-branch", max_epochs=2, callbacks=[Moved()])
    ).fit(X, y)
    parts = ["private_encoders", "pre_tied", "shared_decoders", "private_decoders"]
    assert moved == {
        "unsupervised": {"tied"}
        | {f"{part}.{t}" for part in [*parts, "outputs"] for t in range(2)},
        "source": {"tied", "shared_head.0", "pre_tied.0"}
        | {"private_encoders.0", "private_heads.0"},
        "target": {"private_encoders.1", "private_heads.1"},
    }


def test_a_weight_of_zero_leaves_out_the_phase():
    X, y = make_tasks()
    clf = JointTransferClassifier(
        **small(
            PAPER, strategy="common-branch", max_epochs=1, reconstruction_weight=0.0
        )
    ).fit(X, y)
    assert [row["phase"] for row in clf.history_] == ["source", "target"]


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
